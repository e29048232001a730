import { useEffect, useRef } from 'react';
import { useSessionEnd, useTokenManager } from 'evertoken/react';

/** Asks before the session ends: in all tabs, and in none once one has answered. */
export function SessionEnd() {
  const auth = useTokenManager();
  const { ending, secondsLeft, stay } = useSessionEnd();
  const dialog = useRef(null);
  const open = ending !== null;

  useEffect(() => {
    // A modal dialogue takes the focus, and gives it back.
    if (open) dialog.current.showModal();
    else dialog.current.close();
  }, [open]);

  return (
    <dialog ref={dialog} role="alertdialog" aria-labelledby="end-title" aria-describedby="end-why" onCancel={stay}>
      <h2 id="end-title">Your session is about to end</h2>
      <p id="end-why">{ending === 'idle' ? 'You have not done anything for a while.' : 'Save your work, and sign in again.'}</p>
      <p>
        Seconds left: <span role="timer">{secondsLeft}</span>
      </p>
      <p role="status">{secondsLeft !== null && secondsLeft <= 10 && 'Ten seconds left.'}</p>
      <div className="buttons">
        {ending === 'idle' && (
          <button className="primary" onClick={stay}>
            Stay signed in
          </button>
        )}
        <button onClick={() => auth.logout()}>Sign out now</button>
      </div>
    </dialog>
  );
}
