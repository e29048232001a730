import { createTokenManager, TokenError } from 'evertoken';
import type { TokenEvent } from 'evertoken';

/** What this server's access tokens say. */
interface UserClaims {
  id: number;
}

interface Post {
  id: number;
  attributes: { title: string; content: string };
}

export const auth = await createTokenManager<UserClaims>({
  preset: 'strapi4',
  // The dialogue asks a minute before: from then on a movement of the pointer does not count.
  session: { idleSeconds: 15 * 60, maxSeconds: 12 * 3600, activity: 'until-warned' },
});

export async function listPosts(): Promise<Post[]> {
  const response = await auth.fetch('/api/posts');
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const { data } = (await response.json()) as { data: Post[] };
  return data;
}

/** Asks the example's server to refuse all access tokens from now on, as it would when their time is over. */
export const expire = () => fetch('/panel/expire', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });

/** What to tell the user of a failed call. */
export function explain(error: unknown): string {
  if (error instanceof TypeError) return 'No connection.'; // fetch itself failed
  if (!(error instanceof TokenError)) return error instanceof Error ? error.message : 'Something went wrong.';
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

type Reason = Extract<TokenEvent, { type: 'signed-out' }>['reason'];

/** Why the user is signed out. */
export const REASONS: Record<Reason, string> = {
  logout: 'You have signed out.',
  'other-tab': 'You have signed out in another tab.',
  'refresh-rejected': 'Your session has ended. Please sign in again.',
  idle: 'You were signed out, since nothing was done for a while.',
  lifetime: 'Your session has ended. Please sign in again.',
};
