import type { SessionEnd, TokenManager } from 'evertoken';
import { sessionEndStore, tokenStore } from 'evertoken/svelte';
import { derived } from 'svelte/store';
import type { Readable } from 'svelte/store';

interface Mine {
  sub: string;
}
declare const auth: TokenManager<Mine>;

const whole: Readable<typeof auth.snapshot> = tokenStore(auth);
const user: Readable<string | undefined> = tokenStore(auth, ({ claims }) => claims?.sub);
const end: Readable<SessionEnd> = sessionEndStore(auth);
derived(user, (user) => user?.length);
// @ts-expect-error it is the state, not the claims
const wrong: Readable<Mine> = tokenStore(auth);

export { end, whole, wrong };
