// The package with its engine in JavaScript: xtask/tools/bundle.mjs puts
// source-js.js in the place of source.js.

export * from './index.js';
