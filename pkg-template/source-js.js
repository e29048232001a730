// Where the engine comes from in the entry evertoken/js: it is in the file, in
// JavaScript. There is nothing to load, so a source that is named changes
// nothing.

export { instantiate as begin } from './plain/engine.js';

/** What is said where it cannot start. */
export const WHERE = 'the engine could not start';
