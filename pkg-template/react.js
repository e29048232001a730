'use client';
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { sessionEnd } from './session-end.js';

/**
 * @typedef {import('./index.js').TokenManager<object>} TokenManager
 * @typedef {import('./index.js').Snapshot<object>} Snapshot
 */

const Context = createContext(/** @type {TokenManager | undefined} */ (undefined));

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

/** @param {{ manager: TokenManager, children?: import('react').ReactNode }} props */
export function TokenProvider({ manager, children }) {
  return createElement(Context.Provider, { value: manager }, children);
}

export function useTokenManager() {
  const manager = useContext(Context);
  if (!manager) throw new Error('evertoken/react: expected a <TokenProvider manager={…}> around this component, found none');
  return manager;
}

/** @param {any} whole what each hook gives without a selection */
const all = (whole) => whole;

/**
 * Gives the state; see react.d.ts.
 * @template T
 * @param {(snapshot: Snapshot) => T} select
 * @param {(a: T, b: T) => boolean} equal
 */
export function useSnapshot(select = all, equal = Object.is) {
  const manager = useTokenManager();
  const shown = useRef(/** @type {{ value: T } | undefined} */ (undefined));
  // One selection for a snapshot, since React compares what it is given twice
  // in one rendering; the one on show, where the next is equal to it.
  const selection = useMemo(() => {
    /** @type {Snapshot | undefined} */
    let from;
    /** @type {T} */
    let selected;
    return (/** @type {Snapshot} */ snapshot) => {
      if (snapshot === from) return selected;
      const next = select(snapshot);
      const held = from ? { value: selected } : shown.current;
      from = snapshot;
      return (selected = held && equal(held.value, next) ? held.value : next);
    };
  }, [manager, select, equal]);
  const value = useSyncExternalStore(
    manager.subscribe,
    () => selection(manager.snapshot),
    () => selection(UNKNOWN),
  );
  useEffect(() => {
    shown.current = { value };
  }, [value]);
  return value;
}

/**
 * Gives the claims; see react.d.ts.
 * @template T
 * @param {(claims: object) => T} select
 * @param {(a: T | null, b: T | null) => boolean} equal
 */
export function useClaims(select = all, equal = Object.is) {
  return useSnapshot(({ claims }) => claims && select(claims), equal);
}

/** Gives the session's end; see react.d.ts. */
export function useSessionEnd() {
  const { none, read, subscribe } = sessionEnd(useTokenManager());
  return useSyncExternalStore(subscribe, read, () => none);
}

/** The hooks above with one type of claims; see react.d.ts. */
export const createTokenHooks = () => ({ TokenProvider, useTokenManager, useSnapshot, useClaims, useSessionEnd });
