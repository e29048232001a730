// What xtask/src/constants.rs writes into core.js.

/** Each fault's code, message and whether trying again helps. */
export const FAULTS: readonly (readonly [import('../../../pkg-template/index.js').TokenErrorCode, string, 1?])[];
/** The number of the fault whose message goes on with where was looked. */
export const NOTHING_FOUND: number;
/** The options of each preset, by their path. */
export const PRESETS: Readonly<Record<string, Readonly<Record<string, string>>>>;
/** Where an access token is looked for. */
export const USUAL: string;
export const METHOD: string;
export const HEADER: string;
export const PREFIX: string;
export const KEY: string;
