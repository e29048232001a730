import { computed, getCurrentInstance, inject, onMounted, onScopeDispose, shallowReadonly, shallowRef } from 'vue';
import { sessionEnd } from './session-end.js';

const KEY = Symbol('evertoken');

/**
 * @typedef {import('./index.js').TokenManager<object>} TokenManager
 * @typedef {import('./index.js').Snapshot<object>} Snapshot
 * @typedef {{ manager: TokenManager, ssr: boolean }} Given
 */

/**
 * What a server renders, and a page that takes over what a server rendered.
 * @type {Snapshot}
 */
const UNKNOWN = Object.freeze({
  status: 'unknown',
  refreshing: false,
  stale: false,
  expiresAt: null,
  sessionEndsAt: null,
  sessionEnding: null,
  claims: null,
  error: null,
});

/**
 * What each application was given: Vue complains of a second.
 * @type {WeakMap<import('vue').App, Given>}
 */
const given = new WeakMap();

/**
 * Makes the plugin; see vue.d.ts.
 * @param {TokenManager} manager
 */
export function createTokens(manager, { ssr = false } = {}) {
  return {
    /** @param {import('vue').App} app */
    install(app) {
      const known = given.get(app);
      if (known) return void Object.assign(known, { manager, ssr });
      const own = { manager, ssr };
      given.set(app, own);
      app.provide(KEY, own);
    },
  };
}

function provided() {
  const found = inject(/** @type {import('vue').InjectionKey<Given>} */ (KEY), undefined);
  if (!found) throw new Error('evertoken/vue: expected app.use(createTokens(manager)) before this call, found nothing provided');
  return found;
}

export const useTokenManager = () => provided().manager;

/**
 * Shows a value until the effect scope ends.
 * @template T
 * @param {() => T} read
 * @param {(listener: () => void) => () => void} subscribe
 * @param {T} unknown what a server shows, and a page that takes over from it
 */
function shown(read, subscribe, unknown) {
  const later = provided().ssr && getCurrentInstance();
  const value = shallowRef(later ? unknown : read());
  const show = () => (value.value = read());
  const follow = () => stops.push(subscribe(show));
  /** @type {(() => void)[]} */
  const stops = [];
  onScopeDispose(() => stops.forEach((stop) => stop()));
  if (later) onMounted(() => (show(), follow()));
  else follow();
  return shallowReadonly(value);
}

export function useSnapshot() {
  const { manager } = provided();
  return shown(() => manager.snapshot, manager.subscribe, UNKNOWN);
}

export function useSessionEnd() {
  const { none, read, subscribe } = sessionEnd(provided().manager);
  return shown(read, subscribe, none);
}

/**
 * Gives the claims; see vue.d.ts.
 * @param {(claims: object) => unknown} [select]
 */
export function useClaims(select = (claims) => claims) {
  const snapshot = useSnapshot();
  return computed(() => {
    const { claims } = snapshot.value;
    return claims && select(claims);
  });
}
