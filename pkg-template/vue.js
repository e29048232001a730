import { computed, getCurrentInstance, inject, onMounted, onScopeDispose, shallowReadonly, shallowRef } from 'vue';

const KEY = Symbol('evertoken');

/** What a server renders, and a page that takes over what a server rendered. */
const UNKNOWN = Object.freeze({
  status: 'unknown',
  refreshing: false,
  stale: false,
  expiresAt: null,
  claims: null,
  error: null,
});

/** What each application was given: Vue complains of a second. */
const given = new WeakMap();

export function createTokens(manager, { ssr = false } = {}) {
  return {
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
  const found = inject(KEY, undefined);
  if (!found) throw new Error('evertoken/vue: expected app.use(createTokens(manager)) before this call, found nothing provided');
  return found;
}

export const useTokenManager = () => provided().manager;

export function useSnapshot() {
  const { manager, ssr } = provided();
  const later = ssr && getCurrentInstance();
  const snapshot = shallowRef(later ? UNKNOWN : manager.snapshot);
  const show = () => (snapshot.value = manager.snapshot);
  const follow = () => stops.push(manager.subscribe(show));
  const stops = [];
  onScopeDispose(() => stops.forEach((stop) => stop()));
  if (later) onMounted(() => (show(), follow()));
  else follow();
  return shallowReadonly(snapshot);
}

export function useClaims(select = (claims) => claims) {
  const snapshot = useSnapshot();
  return computed(() => {
    const { claims } = snapshot.value;
    return claims && select(claims);
  });
}
