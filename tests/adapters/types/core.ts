import { TokenError, createTokenManager, decodeJwt } from 'evertoken';
import type { Claims, Snapshot, TokenEvent, TokenManager, TokenManagerConfig } from 'evertoken';

interface Mine {
  sub: string;
  roles: string[];
}

export async function use(): Promise<void> {
  const auth = await createTokenManager<Mine>({ refresh: '/refresh' });
  const { snapshot } = auth;
  if (snapshot.status === 'signed-in') {
    const end: number | null = snapshot.expiresAt;
    const roles: string[] | undefined = snapshot.claims?.roles;
    void [end, roles];
  } else {
    const none: null = snapshot.claims;
    // @ts-expect-error there are no claims without a session
    snapshot.claims.roles;
    void none;
  }
  // @ts-expect-error a snapshot is not to be changed
  snapshot.refreshing = true;

  auth.on('signed-out', ({ reason }) => {
    const known: 'logout' | 'refresh-rejected' | 'other-tab' | 'idle' | 'lifetime' = reason;
    void known;
  });
  auth.on('refreshed', (event) => {
    // @ts-expect-error only a failure has an error
    event.error;
  });
  // @ts-expect-error no such event
  auth.on('expired', () => {});

  const token: string | null = await auth.getToken({ minValiditySeconds: 5, refresh: 'never' });
  // @ts-expect-error no such wish
  await auth.getToken({ refresh: 'maybe' });
  const response: Response = await auth.fetch(new URL('https://api.example.com/'), { method: 'POST' });
  const bound: typeof fetch = auth.fetch;
  const body: unknown = await auth.login({ user: 'alice' });
  using disposed = auth;
  void [token, response, bound, body, disposed];
}

export function explain(event: TokenEvent, error: unknown): string {
  if (error instanceof TokenError) {
    const { code, retryAfterMs } = error;
    if (code === 'refresh-unavailable') return `in ${retryAfterMs ?? 0} ms`;
    // @ts-expect-error no such code
    if (code === 'expired') return code;
    return reason(error);
  }
  switch (event.type) {
    case 'signed-out':
      return event.reason;
    case 'refresh-failed':
    case 'warning':
      return event.error.message;
    case 'session-ending':
      return `${event.cause} at ${event.endsAt}`;
    case 'step-up':
      return event.acrValues.join();
    case 'signed-in':
    case 'refreshed':
    case 'user-changed':
      return event.type;
  }
}

function reason(error: TokenError): string {
  switch (error.code) {
    case 'login-rejected': {
      const answer: Response | undefined = error.cause;
      const never: false = error.retryable;
      // @ts-expect-error there is nothing to wait for
      const wait: number = error.retryAfterMs;
      void [answer, never, wait];
      return `${error.status ?? 0}`;
    }
    case 'login-unavailable':
    case 'refresh-unavailable': {
      const wait: number | undefined = error.retryAfterMs;
      return error.retryable ? `in ${wait ?? 0} ms` : error.message;
    }
    case 'signed-out':
    case 'refresh-rejected':
      return 'sign in';
    case 'invalid-config':
    case 'invalid-response':
    case 'not-supported':
    case 'disposed':
    case 'sign-in-failed':
      return error.message;
  }
}

export const rejected: TokenError = new TokenError('refresh-rejected', { status: 403, cause: 'revoked' });
const code: 'disposed' = new TokenError('disposed').code;
// @ts-expect-error no such code
new TokenError('expired');
// @ts-expect-error the session is over: nobody is to try again
new TokenError('refresh-rejected', { retryable: true });
void code;

const decoded = decodeJwt('a.b.c');
const claims: Claims | undefined = decoded?.claims;
// A claim that nobody declared is unknown, not anything.
const role: unknown = claims?.['role'];
// @ts-expect-error
const text: string = claims?.['role'];

export const configurations: TokenManagerConfig[] = [
  { preset: 'strapi4', login: null, attachTo: ['https://api.example.com'] },
  { refresh: { url: '/refresh', body: 'form', csrf: null } },
  { refresh: async ({ refreshToken, signal, fetch }) => (void [refreshToken, signal, fetch], { accessToken: 'a' }) },
  { refresh: '/refresh', accessToken: { in: 'cookie', lifetimeSeconds: 60 }, storage: { get: () => null, set: () => {}, remove: async () => {} } },
  // @ts-expect-error nothing says how to refresh
  { login: '/login' },
  // @ts-expect-error no such preset
  { preset: 'laravel' },
  // @ts-expect-error a cookie has no prefix
  { refresh: '/refresh', accessToken: { in: 'cookie', prefix: 'Bearer ' } },
  // @ts-expect-error no such option
  { refresh: '/refresh', timeout: 10 },
  // @ts-expect-error seconds are a number
  { refresh: '/refresh', refreshAheadSeconds: '60' },
];

export const anyManager = (auth: TokenManager<Mine>): Snapshot<Mine> => auth.snapshot;
void [role, text];
