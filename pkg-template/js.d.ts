/**
 * The same package with the engine as JavaScript, in one file without a dynamic import: for service workers, for React
 * Native, and wherever neither WebAssembly nor a second file can be loaded. `init` loads nothing here.
 *
 * @example
 * import { createTokenManager } from 'evertoken/js';
 */
export * from './index.js';
