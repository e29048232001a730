// What every tool builds: signs in, asks for something that needs a token, and
// says who answered and what runs the engine.
import { createTokenManager } from 'evertoken';

export async function start(api = location.hash.slice(1)) {
  const auth = await createTokenManager({ baseUrl: api, login: '/login', refresh: '/refresh' });
  await auth.login({ user: 'alice' });
  const response = await auth.fetch('/api/posts');
  const { user } = await response.json();
  const { engine } = auth.inspect();
  auth.dispose();
  return `${user} ${engine}`;
}
