// What the tests use inside a page, as `kit`.
(() => {
  let hidden = true;
  let ready;
  Object.defineProperty(document, 'visibilityState', { get: () => (hidden ? 'hidden' : 'visible') });
  const see = (value) => {
    hidden = value;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  const tick = () => new Promise((done) => setTimeout(done, 20));

  window.kit = {
    module: new URLSearchParams(location.search).get('module'),
    TYPES: ['signed-in', 'refreshed', 'refresh-failed', 'signed-out', 'user-changed', 'warning'],
    events: [],
    app: new Promise((done) => (ready = done)),
    ready,
    /** A page begins in the background, where no timer renews the token. */
    show: () => see(false),
    hide: () => see(true),
    tick,

    /** The events so far, as `type` or `type:reason`. */
    get types() {
      return kit.events.map(({ type, reason }) => (reason ? `${type}:${reason}` : type));
    },

    /** What a promise came to: `{ value }` or `{ error }`. */
    outcome: (promise) =>
      promise.then(
        (value) => ({ value }),
        ({ name, code, retryable, retryAfterMs, message }) => ({ error: { name, code, retryable, retryAfterMs, message } }),
      ),

    /** Resolves when the access token has ended: by its expiry, or where no page can know that, by the server's word. */
    async ended(url) {
      const { auth } = await kit.app;
      const { expiresAt } = auth.snapshot;
      if (expiresAt === null) while ((await fetch(url, { credentials: 'include' })).status === 200) await tick();
      else while (Date.now() <= expiresAt) await tick();
    },

    /** The statuses of `count` requests at once. */
    async burst(count, path) {
      const { auth } = await kit.app;
      return Promise.all(Array.from({ length: count }, () => auth.fetch(path).then(({ status }) => status)));
    },

    /** Asks until it is answered, as often as the manager allows. */
    async insist(path) {
      const { auth } = await kit.app;
      for (;;) {
        try {
          return (await auth.fetch(path)).status;
        } catch (error) {
          if (error.code !== 'refresh-unavailable') throw error;
          await new Promise((done) => setTimeout(done, Math.max(error.retryAfterMs ?? 0, 20)));
        }
      }
    },

    /** Resolves when the condition holds. */
    async until(condition) {
      const { auth } = await kit.app;
      while (!condition(auth)) await tick();
    },
  };
})();
