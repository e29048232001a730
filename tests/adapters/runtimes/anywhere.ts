// What compiles on every runtime, with or without types of the platform.
import { TokenError, createTokenManager, decodeJwt } from 'evertoken';
import type { Snapshot, TokenManager } from 'evertoken';
import { openEvents } from 'evertoken/events';
import { createTokenManager as createInJavaScript } from 'evertoken/js';
import { createOAuthManager } from 'evertoken/oauth';
import { openSocket } from 'evertoken/socket';
import { createClock, createMockServer } from 'evertoken/testing';

export const auth: TokenManager = await createTokenManager({ baseUrl: 'https://api.example.com', login: '/login', refresh: { url: '/refresh', body: 'form' } });
await createInJavaScript({ refresh: '/refresh', singleUser: true, fetch: createMockServer({ clock: createClock() }).fetch });
// A refresh of one's own, with the fetch that it is given.
await createTokenManager({
  async refresh({ refreshToken, signal, fetch }) {
    const response = await fetch('https://api.example.com/refresh', { method: 'POST', body: JSON.stringify({ refreshToken }), signal });
    const found: unknown = await response.json();
    return { accessToken: String(found) };
  },
});
// At an authorization server.
const redirecting = await createOAuthManager({ issuer: 'https://id.example.com', clientId: 'shop', redirectUri: '/callback' });
const back: { readonly returnTo: string | null } | null = await redirecting.handleRedirect();
void back;
// A fetch that does something else first.
await createTokenManager({ refresh: '/refresh', fetch: async (input, init) => auth.fetch(input, init) });

export async function use(): Promise<number> {
  const response = await auth.fetch('/posts', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'a text' });
  const status: number = response.status;
  const type: string | null = response.headers.get('content-type');
  const answer: unknown = await response.json();
  const snapshot: Snapshot = await auth.restore();
  // @ts-expect-error a number is no URL
  await auth.fetch(1);
  // @ts-expect-error an answer has no such member, so it is no any
  response.nonsense;
  // @ts-expect-error a number is no method
  await auth.fetch('/posts', { method: 1 });
  const claims: object | null = decodeJwt('a.b.c')?.claims ?? null;
  auth.subscribe(({ status }) => void status);
  openEvents(auth, '/events', { onMessage: ({ data }) => void data.length });
  openSocket(auth, 'wss://api.example.com/live', { onOpen: (socket, token) => socket.send(JSON.stringify({ token })) });
  void [type, answer, snapshot, claims];
  return status;
}

export const codeOf = (error: unknown): string => (error instanceof TokenError ? error.code : 'another');
