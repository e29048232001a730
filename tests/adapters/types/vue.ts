import type { TokenManager } from 'evertoken';
import { createTokens, useClaims, useSessionEnd, useSnapshot, useTokenManager } from 'evertoken/vue';
import { createApp } from 'vue';

interface Mine {
  sub: string;
  roles: string[];
}
declare const auth: TokenManager<Mine>;

createApp({}).use(createTokens(auth)).use(createTokens(auth, { ssr: true }));
const status: 'unknown' | 'signed-out' | 'signed-in' = useSnapshot().value.status;
// @ts-expect-error it is the manager's
useSnapshot().value = auth.snapshot;
const roles: string[] | null = useClaims(({ roles }: Mine) => roles).value;
const sub: string | undefined = useClaims<Mine>().value?.sub;
const left: number | null = useSessionEnd().value.secondsLeft;
// @ts-expect-error the session's end is nobody's to set
useSessionEnd().value.endsAt = 0;
const token: Promise<string | null> = useTokenManager().getToken();

export { left, roles, status, sub, token };
