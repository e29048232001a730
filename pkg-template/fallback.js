// WebAssembly where it is missing or forbidden: source.js loads this file, and
// only there. It runs the module that index.js carries.

import { Instance, Module } from './machine/machine.js';

export { Instance, Module };
export const instantiate = async (module, imports) => new Instance(module, imports);
