// Where the engine comes from in the entry evertoken/js: the module is in the
// file, and so is what runs it. There is nothing to load, so a source that is
// named changes nothing.

import { instantiate } from './engine.js';
import * as machine from './machine/machine.js';
import { unpack } from './machine/unpack.js';
import { packed } from './packed.js';

/** What is said where it cannot start. */
export const WHERE = 'the engine could not start';

/** @type {machine.Module | undefined} */
let module;

/** Gives an engine. */
export async function begin() {
  module ??= new machine.Module(unpack(packed));
  return { ...(await instantiate(module, machine)), module: undefined };
}
