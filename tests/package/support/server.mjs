// What runs where there is no page: looks at the import, then signs in with
// the fetch that it gives and memory.
import { watched } from './watch.js';
import { createTokenManager } from 'evertoken';

const touched = watched();

export async function answer(api) {
  const auth = await createTokenManager({ baseUrl: api, login: '/login', refresh: '/refresh', fetch: (...request) => fetch(...request) });
  await auth.login({ user: 'alice' });
  const response = await auth.fetch('/api/posts');
  const { user } = await response.json();
  const { engine, storage } = auth.inspect();
  auth.dispose();
  return `${user} ${engine} ${storage}, the import touched ${touched}`;
}
