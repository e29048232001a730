import { createElement } from 'react';
import type { ReactElement } from 'react';
import type { SessionEnd, TokenManager } from 'evertoken';
import { TokenProvider, useClaims, useSessionEnd, useSnapshot, useTokenManager } from 'evertoken/react';

interface Mine {
  sub: string;
  roles: string[];
}
declare const auth: TokenManager<Mine>;

export function User(): ReactElement {
  const status: 'unknown' | 'signed-out' | 'signed-in' = useSnapshot().status;
  const signedIn: boolean = useSnapshot(({ status }) => status === 'signed-in');
  const roles: string[] | null = useClaims(({ roles }: Mine) => roles, (a, b) => a.length === b.length);
  const sub: string | undefined = useClaims<Mine>()?.sub;
  const { ending, secondsLeft, stay }: SessionEnd = useSessionEnd();
  const left: number | null = ending && secondsLeft;
  const manager: TokenManager = useTokenManager();
  return createElement('button', { onClick: () => manager.logout() }, status, signedIn, roles, sub, left, createElement('button', { onClick: stay }));
}

export const tree = createElement(TokenProvider<Mine>, { manager: auth }, createElement(User));
// @ts-expect-error a provider needs a manager
createElement(TokenProvider<Mine>, {});
