// A small application, as its authors would test it.
import { createTokenManager, TokenError } from 'evertoken';

export const signIn = (auth, user) => auth.login({ user, password: 'secret' });

export const connect = (options) =>
  createTokenManager({
    baseUrl: 'https://api.example.com',
    login: '/login',
    refresh: '/refresh',
    logout: '/logout',
    ...options,
  });

/** The titles of all posts, or what to tell the user. */
export async function loadTitles(auth, options) {
  try {
    const response = await auth.fetch('/posts', options);
    return response.ok ? (await response.json()).map(({ title }) => title) : `status ${response.status}`;
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return error.retryable ? 'try again later' : 'please sign in';
  }
}
