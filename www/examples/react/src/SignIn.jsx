import { useState } from 'react';
import { useTokenManager } from 'evertoken/react';
import { explain } from './session.js';

export function SignIn({ message }) {
  const auth = useTokenManager();
  const [refused, setRefused] = useState('');

  async function signIn(data) {
    try {
      await auth.login(Object.fromEntries(data));
    } catch (error) {
      setRefused(explain(error));
    }
  }

  return (
    <form className="card" action={signIn}>
      <label>
        Name
        <input name="identifier" defaultValue="alice" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" defaultValue="Password1!" autoComplete="current-password" required />
      </label>
      <p className="message" role="status">
        {refused || message}
      </p>
      <div className="buttons">
        <button className="primary">Sign in</button>
      </div>
    </form>
  );
}
