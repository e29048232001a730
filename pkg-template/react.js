'use client';
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

const Context = createContext(undefined);

/** What a server renders, and a page that takes over what a server rendered. */
const UNKNOWN = Object.freeze({
  status: 'unknown',
  refreshing: false,
  stale: false,
  expiresAt: null,
  claims: null,
  error: null,
});

export function TokenProvider({ manager, children }) {
  return createElement(Context.Provider, { value: manager }, children);
}

export function useTokenManager() {
  const manager = useContext(Context);
  if (!manager) throw new Error('evertoken/react: expected a <TokenProvider manager={…}> around this component, found none');
  return manager;
}

const all = (snapshot) => snapshot;

export function useSnapshot(select = all, equal = Object.is) {
  const manager = useTokenManager();
  const shown = useRef(undefined);
  // One selection for a snapshot, since React compares what it is given twice
  // in one rendering; the one on show, where the next is equal to it.
  const selection = useMemo(() => {
    let from;
    let selected;
    return (snapshot) => {
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

export function useClaims(select = all, equal = Object.is) {
  return useSnapshot(({ claims }) => claims && select(claims), equal);
}

/** The hooks above with one type of claims; see react.d.ts. */
export const createTokenHooks = () => ({ TokenProvider, useTokenManager, useSnapshot, useClaims });
