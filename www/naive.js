// What the usual interceptor would have cost for the same traffic.
//
// The client imagined here is the one found in many tutorials: before each request it looks whether its token's
// lifetime has passed, and after each answer whether it was a 401; in both cases that request makes a refresh call of
// its own, because nothing is shared between requests. It is told of every request that this page starts, and of
// nothing else, and counts
//
// - no call for a request that starts while its token is alive;
// - one call for each request that starts while its token is dead: past its lifetime, or expired on the server;
// - one call for each refresh that is asked for by hand;
// - its token comes alive again when the first of those calls would have been answered. That takes as long as the
//   last real refresh took, and while the real endpoint is failing or still answering, it is failing for this one too.
//
// It is never charged for what it would have survived by luck, and it refreshes exactly once a lifetime when requests
// do not overlap. What it would suffer after the second of two calls (with rotation, a replay that costs the session)
// is left out of the count.

const FIRST_GUESS_MS = 50

export class NaiveInterceptor {
  calls = 0
  #signedIn = false
  #lifetimeMs = 0
  #bornAt = 0
  #aliveUntil = 0
  /** @type {number | null} */
  #answerAt = null
  #latencyMs = FIRST_GUESS_MS

  /**
   * A sign-in, or a session found at start: it holds a token of this lifetime from now on.
   * @param {number} now
   * @param {number} lifetimeMs
   */
  signedIn(now, lifetimeMs) {
    this.#signedIn = true
    this.#lifetimeMs = lifetimeMs
    this.#born(now)
    this.#answerAt = null
  }

  signedOut() {
    this.#signedIn = false
    this.#answerAt = null
  }

  /**
   * The server stopped accepting the access tokens issued until then. May be told late, and twice.
   * @param {number} at
   */
  expire(at) {
    if (at >= this.#bornAt) this.#aliveUntil = Math.min(this.#aliveUntil, at)
  }

  /**
   * The real refresh endpoint answered with a token of this lifetime, in this time.
   * @param {number} latencyMs
   * @param {number} lifetimeMs
   */
  refreshTook(latencyMs, lifetimeMs) {
    this.#latencyMs = latencyMs
    this.#lifetimeMs = lifetimeMs
  }

  /**
   * A refresh asked for by hand: one call for this client too, and where it succeeds, as new a token.
   * @param {() => Promise<unknown>} refresh
   */
  async renewByHand(refresh) {
    if (this.#signedIn) this.calls += 1
    await refresh()
    this.#born(Date.now())
    this.#answerAt = null
  }

  /**
   * The page starts a request. `endpointWorks` is false while the real refresh fails or has not been answered.
   * @param {number} now
   * @param {boolean} endpointWorks
   */
  request(now, endpointWorks) {
    if (!this.#signedIn) return
    if (this.#answerAt !== null && now >= this.#answerAt && endpointWorks) {
      this.#born(this.#answerAt)
      this.#answerAt = null
    }
    if (now < this.#aliveUntil) return
    this.calls += 1
    this.#answerAt ??= now + this.#latencyMs
  }

  /** @param {number} at */
  #born(at) {
    this.#bornAt = at
    this.#aliveUntil = at + this.#lifetimeMs
  }
}
