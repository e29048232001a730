import { useEffect, useState } from 'react';
import { useSnapshot, useTokenManager } from 'evertoken/react';
import { expire, explain, listPosts } from './session.js';

export function Posts() {
  const auth = useTokenManager();
  const expiresAt = useSnapshot(({ expiresAt }) => expiresAt);
  const [posts, setPosts] = useState([]);
  const [message, setMessage] = useState('');

  async function load() {
    try {
      setPosts(await listPosts());
      setMessage('');
    } catch (error) {
      setMessage(explain(error));
    }
  }
  useEffect(() => {
    load();
  }, []);

  async function end() {
    await expire();
    setMessage('The server refuses the token now. Load again: it is renewed on the way.');
  }

  return (
    <section className="card">
      <ul aria-label="Posts">
        {posts.map(({ id, title, content }) => (
          <li key={id}>
            <strong>{title}</strong>
            {content}
          </li>
        ))}
      </ul>
      <p className="message" role="status">
        {message}
      </p>
      <div className="buttons">
        <button className="primary" onClick={load}>Load again</button>
        <button onClick={end}>Expire the token</button>
        <button onClick={() => auth.logout()}>Sign out</button>
      </div>
      <p className="soft">
        Token until {new Date(expiresAt).toLocaleTimeString()}, renewals: {auth.inspect().refreshes}
      </p>
    </section>
  );
}
