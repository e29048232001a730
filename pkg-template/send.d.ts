/**
 * Makes the `fetch` of a manager whose requests another HTTP client sends.
 *
 * Whatever that client does not send goes to `fetch`: sign-in, refresh and sign-out, and the manager's own `fetch`.
 * Default: the platform's.
 */
export declare function transport(fetch?: typeof globalThis.fetch): typeof globalThis.fetch;
