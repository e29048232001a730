import { useEffect, useState } from 'react';
import { useSnapshot, useTokenManager } from 'evertoken/react';
import { Posts } from './Posts.jsx';
import { SignIn } from './SignIn.jsx';
import { REASONS, explain } from './session.js';

export function App() {
  const auth = useTokenManager();
  const status = useSnapshot(({ status }) => status);
  const [message, setMessage] = useState('');

  useEffect(() => auth.on('signed-out', ({ reason }) => setMessage(REASONS[reason])), [auth]);
  useEffect(() => auth.on('signed-in', () => setMessage('')), [auth]);
  useEffect(() => {
    // A cookie from before may be there: only the server knows.
    auth.getToken().catch((error) => setMessage(explain(error)));
  }, [auth]);

  return (
    <main>
      <header>
        <h1>Posts</h1>
        <p className="soft">React and Evertoken</p>
      </header>
      {status === 'signed-in' ? <Posts /> : <SignIn message={message} />}
    </main>
  );
}
