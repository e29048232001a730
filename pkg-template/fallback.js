// The engine where WebAssembly is missing or forbidden: the same core, compiled
// to JavaScript. index.js loads this file, and only there.

export { instantiate } from './plain/engine.js';
