// WebAssembly where it is missing or forbidden: source.js loads this file, and
// only there. It runs the module that index.js carries.

import { Module, instantiate } from './machine/machine.js';
import { unpack } from './machine/unpack.js';

export { Module, instantiate, unpack };

// A service worker cannot load the file later: import() throws in it. One that
// imports the file at its start finds it by this name, which is a version's
// own, because a build leaves out what its module has no use for.
Reflect.set(globalThis, Symbol.for(`evertoken.fallback ${VERSION}`), { Module, instantiate, unpack });
