// What a developer may wonder about though nothing is wrong: `inspect()` says
// it always, a development build in the console as well.

/**
 * An origin in which the two names of one machine, and of one site, are the same.
 * @param {URL} url
 */
const plain = ({ protocol, hostname, port }) =>
  `${protocol}${hostname.replace(/^www\./, '').replace(/^(127\.0\.0\.1|\[::1\])$/, 'localhost')}:${port}`;

/**
 * Says of a request that went without a token that its origin is nearly one
 * that gets it.
 * @param {URL} url where the request went
 * @param {URL[]} places what gets the token
 * @returns {string | undefined}
 */
export function nearMiss(url, places) {
  const near = places.find((place) => place.origin !== url.origin && plain(place) === plain(url));
  return near && `requests to ${url.origin} go without the token, which is for ${near.origin}; name it in attachTo, or use one name for both`;
}

/**
 * Shows a hint where developers look.
 * @param {string} text
 */
export const hint = (text) => console.info(`evertoken: ${text}`);
