import { useEffect, useState } from 'react';
import { useSnapshot, useTokenManager } from 'evertoken/react';
import { Posts } from './Posts.jsx';
import { SessionEnd } from './SessionEnd.jsx';
import { SignIn } from './SignIn.jsx';
import { REASONS } from './session.js';

/** One of four: the server may not have said yet whether somebody is signed in. */
function Screen({ message }) {
  const screen = useSnapshot(({ status, stale }) => (status === 'unknown' && stale ? 'no-connection' : status));
  switch (screen) {
    case 'signed-in':
      return <Posts />;
    case 'signed-out':
      return <SignIn message={message} />;
    case 'no-connection':
      return <p role="status">No connection. Trying again.</p>;
    default:
      return <p role="status">One moment.</p>;
  }
}

export function App() {
  const auth = useTokenManager();
  const [message, setMessage] = useState('');

  useEffect(() => auth.on('signed-out', ({ reason }) => setMessage(REASONS[reason])), [auth]);
  useEffect(() => auth.on('signed-in', () => setMessage('')), [auth]);

  return (
    <main>
      <header>
        <h1>Posts</h1>
        <p className="soft">React and Evertoken</p>
      </header>
      <Screen message={message} />
      <SessionEnd />
    </main>
  );
}
