// Asks before the session ends: in all tabs, and in none once one has answered.
import { sessionEndStore } from 'evertoken/svelte'; // a plain store, which needs no Svelte
import { auth } from './session.js';

export function askBeforeTheEnd(dialog: HTMLDialogElement) {
  const part = <T extends HTMLElement>(selector: string) => dialog.querySelector<T>(selector)!;
  const [why, timer, status] = [part('#end-why'), part('[role=timer]'), part('[role=status]')];
  const stay = part<HTMLButtonElement>('#end-stay');
  const here = () => auth.touch();
  stay.addEventListener('click', here);
  dialog.addEventListener('cancel', here); // Escape
  part('#end-out').addEventListener('click', () => auth.logout());

  let shown = false;
  sessionEndStore(auth).subscribe(({ ending, secondsLeft }) => {
    if (!ending) {
      shown = false;
      return dialog.close();
    }
    if (!shown) {
      shown = true;
      why.textContent = ending === 'idle' ? 'You have not done anything for a while.' : 'Save your work, and sign in again.';
      stay.hidden = ending !== 'idle';
      status.textContent = '';
      dialog.showModal(); // takes the focus, and gives it back
    }
    timer.textContent = String(secondsLeft);
    if (secondsLeft === 10) status.textContent = 'Ten seconds left.';
  });
}
