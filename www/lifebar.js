// The life of the access token: a bar that runs down, with a mark where the manager starts to renew it.

import { byId, setText } from './elements.js'
import { duration } from './format.js'

const AHEAD_SHARE = 1 / 5
const AHEAD_MOST_MS = 60_000

/**
 * A token's life: when it began, how long it is, when it ends, and when the manager means to renew it.
 * @typedef {{ from: number, lifetimeMs: number, expiresAt: number, aheadAt: number, refused?: boolean }} Token
 *
 * @typedef {import('/pkg/index.js').Snapshot} Snapshot
 */

export class LifeBar {
  #bar = byId('life-bar')
  #fill = byId('life-fill')
  #mark = byId('life-mark')
  #seconds = byId('life-seconds')
  #unit = byId('life-unit')
  #caption = byId('life-caption')
  /** @type {Token | null} */
  #token = null
  /** @type {number | null} */
  #nextRefreshAt = null
  #spokenAt = 0

  /**
   * Shows another token, or none.
   * @param {Token | null} token
   */
  show(token) {
    this.#token = token
    this.#spokenAt = 0
    this.#bar.dataset.empty = String(!token)
  }

  /** The server refuses the token from now on, whatever its lifetime says. */
  refuse() {
    if (this.#token) this.#token = { ...this.#token, refused: true }
    this.#spokenAt = 0
  }

  /**
   * Takes over from inspect() when the next refresh is due.
   * @param {number | null} nextRefreshAt
   */
  due(nextRefreshAt) {
    this.#nextRefreshAt = nextRefreshAt
  }

  /**
   * Draws the present instant.
   * @param {number} now
   * @param {Snapshot} snapshot
   */
  frame(now, snapshot) {
    if (!this.#token) return this.#empty(snapshot)
    const { expiresAt, lifetimeMs } = this.#token
    const { refused } = this.#token
    const leftMs = refused ? 0 : Math.max(0, expiresAt - now)
    const aheadAt = this.#aheadAt(this.#token)
    const phase = leftMs === 0 ? 'ended' : snapshot.stale ? 'stale' : now >= aheadAt ? 'ahead' : 'fresh'
    this.#bar.dataset.phase = phase
    this.#fill.style.transform = `scaleX(${Math.min(1, leftMs / lifetimeMs)})`
    this.#mark.style.left = `${Math.max(0, Math.min(100, ((expiresAt - aheadAt) / lifetimeMs) * 100))}%`
    const [number, unit] = reading(leftMs)
    setText(this.#seconds, number)
    setText(this.#unit, unit)
    setText(this.#caption, this.#sentence(now, aheadAt, phase, snapshot))
    if (now - this.#spokenAt < 1000) return
    this.#spokenAt = now
    this.#bar.setAttribute('aria-valuenow', String(Math.round((leftMs / lifetimeMs) * 100)))
    this.#bar.setAttribute('aria-valuetext', `${Math.round(leftMs / 1000)} seconds left of ${Math.round(lifetimeMs / 1000)}`)
  }

  // After a failure the next attempt may lie beyond the expiry; the mark is about this token's own plan, so it only
  // follows inspect() while that plan is within the token's life.
  /** @param {Token} token */
  #aheadAt({ expiresAt, lifetimeMs, from }) {
    const planned = this.#nextRefreshAt
    if (planned !== null && planned > from && planned < expiresAt) return planned
    return expiresAt - Math.min(AHEAD_MOST_MS, lifetimeMs * AHEAD_SHARE)
  }

  /**
   * @param {number} now
   * @param {number} aheadAt
   * @param {string} phase
   * @param {Snapshot} snapshot
   */
  #sentence(now, aheadAt, phase, snapshot) {
    if (snapshot.refreshing) return 'Being renewed at this moment.'
    if (this.#token?.refused) return 'The server refuses it. The manager learns of that with the next request.'
    if (phase === 'ended') return 'It has ended: the next request waits for a new one.'
    if (phase === 'stale') return 'The last refresh failed. It is used while it lives.'
    if (phase === 'ahead') return 'Past the mark: to be renewed beside the requests.'
    return `Renewed ahead of time, in ${duration(Math.ceil((aheadAt - now) / 1000) * 1000)}.`
  }

  /** @param {Snapshot} snapshot */
  #empty(snapshot) {
    this.#bar.dataset.phase = 'none'
    this.#fill.style.transform = 'scaleX(0)'
    setText(this.#seconds, '–')
    setText(this.#unit, '')
    const signedIn = snapshot.status === 'signed-in'
    setText(this.#caption, signedIn ? 'This token says nothing about its lifetime.' : 'No token. Sign in to get one.')
    this.#bar.setAttribute('aria-valuenow', '0')
    this.#bar.setAttribute('aria-valuetext', 'no token')
  }
}

/** @param {number} leftMs */
function reading(leftMs) {
  if (leftMs < 120_000) return [(leftMs / 1000).toFixed(1), 's']
  if (leftMs < 7_200_000) return [String(Math.floor(leftMs / 60_000)), 'min']
  return [String(Math.floor(leftMs / 3_600_000)), 'h']
}
