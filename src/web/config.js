// What of the configuration only the platform can judge.

import { invalid } from './error.js';

/** Refuses constant headers that are none. */
export function checkHeaders(config) {
  for (const name of ['login', 'refresh', 'logout']) {
    try {
      const headers = config?.[name]?.headers;
      if (headers !== undefined) new Headers(headers);
    } catch (cause) {
      throw invalid(`${name}.headers: expected what new Headers() takes, found something else`, cause);
    }
  }
}
