// What of the configuration only the platform can judge.

import { invalid } from './error.js';

/** Refuses constant headers that are none. */
export function checkHeaders(config) {
  for (const name of ['login', 'refresh', 'logout']) {
    try {
      new Headers(config?.[name]?.headers);
    } catch (cause) {
      throw invalid(`${name}.headers: expected what new Headers() takes, found something else`, cause);
    }
  }
}
