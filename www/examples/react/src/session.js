import { createTokenManager, TokenError } from 'evertoken';

export const auth = await createTokenManager({
  preset: 'strapi4',
  // The dialogue asks a minute before: from then on a movement of the pointer does not count.
  session: { idleSeconds: 15 * 60, maxSeconds: 12 * 3600, activity: 'until-warned' },
});

export async function listPosts() {
  const response = await auth.fetch('/api/posts');
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const { data } = await response.json();
  return data.map(({ id, attributes }) => ({ id, ...attributes }));
}

/** Asks the example's server to refuse all access tokens from now on, as it would when their time is over. */
export const expire = () => fetch('/panel/expire', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });

/** What to tell the user of a failed call. */
export function explain(error) {
  if (error instanceof TypeError) return 'No connection.'; // fetch itself failed
  if (!(error instanceof TokenError)) return error.message;
  switch (error.code) {
    case 'login-rejected':
      return 'Wrong name or password.';
    case 'signed-out':
    case 'refresh-rejected':
      return 'Please sign in.';
    default:
      return error.retryable ? 'The server is busy. Try again in a moment.' : 'Something is wrong with the server.';
  }
}

/** Why the user is signed out. */
export const REASONS = {
  logout: 'You have signed out.',
  'other-tab': 'You have signed out in another tab.',
  'refresh-rejected': 'Your session has ended. Please sign in again.',
  idle: 'You were signed out, since nothing was done for a while.',
  lifetime: 'Your session has ended. Please sign in again.',
};
