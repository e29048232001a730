// Imported just before a module, on a server: `watched()` says which of these
// the module has touched when it was imported. Not on a dev server, where
// other things happen between two imports.
const NAMES = ['BroadcastChannel', 'WebAssembly', 'document', 'fetch', 'indexedDB', 'localStorage', 'navigator', 'sessionStorage', 'setTimeout', 'window'];
const touched = [];
const before = new Map();

if (typeof document === 'undefined' && !globalThis.process?.env?.DEV_SERVER) {
  for (const name of NAMES) {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    if (own && !own.configurable) continue;
    before.set(name, own);
    const get = () => {
      touched.push(name);
      return own?.get ? own.get.call(globalThis) : own?.value;
    };
    Object.defineProperty(globalThis, name, { get, configurable: true });
  }
}

export function watched() {
  for (const [name, own] of before) {
    if (own) Object.defineProperty(globalThis, name, own);
    else delete globalThis[name];
  }
  before.clear();
  return touched.join() || 'nothing';
}
