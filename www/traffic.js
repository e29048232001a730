// The requests of this tab: one, a hundred at once, one every second.

import { byId, setText } from './elements.js'
import { describe, nameOf } from './errors.js'
import { duration } from './format.js'

const URL = '/api/posts'
const HUNDRED = 100

/**
 * How a request ended: with a status, or with an error.
 * @typedef {{ status?: number, error?: unknown, ms: number }} Outcome
 */

export class Traffic {
  #auth
  #page
  #result = byId('traffic-result')
  #burst = byId('burst-result')
  /** @type {number | undefined} */
  #timer

  /**
   * @param {import('/pkg/index.js').TokenManager} auth
   * @param {import('./faults.js').Page} page
   */
  constructor(auth, page) {
    this.#auth = auth
    this.#page = page
    byId('send-one').addEventListener('click', () => this.#one())
    byId('send-hundred').addEventListener('click', () => this.#hundred())
    const every = /** @type {HTMLInputElement} */ (byId('every-second'))
    every.addEventListener('change', () => this.#everySecond(every.checked))
  }

  async #one() {
    const outcome = await this.#send()
    this.#show(sentence(outcome))
    this.#page.log.add(Date.now(), outcome.error ? 'problem' : 'request', sentence(outcome))
  }

  async #hundred() {
    const { panel, log } = this.#page
    const before = (await panel.read())?.counters.refreshes
    const { retries } = this.#auth.inspect()
    const startedAt = performance.now()
    setText(this.#burst, '100 requests are under way …')
    // One instant for all of them: no answer can arrive while they are being started.
    const from = Date.now()
    const joined = this.#auth.snapshot.refreshing ? ' (one was under way already)' : ''
    const outcomes = await Promise.all(Array.from({ length: HUNDRED }, () => this.#send(from)))
    const took = duration(performance.now() - startedAt)
    const after = (await panel.read())?.counters.refreshes
    const calls = before === undefined || after === undefined ? '' : `, ${plural(after - before, 'refresh call')}${joined}`
    const text = `${tally(outcomes)}${calls}, in ${took}`
    setText(this.#burst, `${text}${refusals(this.#auth.inspect().retries - retries)}`)
    log.add(Date.now(), outcomes.some(({ error }) => error) ? 'problem' : 'request', text)
  }

  /** @param {boolean} on */
  #everySecond(on) {
    clearInterval(this.#timer)
    // Read out once, when it stops; a live region that changes every second would never be silent.
    this.#result.ariaLive = on ? 'off' : 'polite'
    this.#timer = on ? setInterval(() => this.#one(), 1000) : undefined
    if (on) this.#one()
    else this.#show('Stopped.')
  }

  /** @returns {Promise<Outcome>} */
  async #send(from = Date.now()) {
    const { timeline, naive } = this.#page
    const { refreshing, stale } = this.#auth.snapshot
    naive.request(from, !refreshing && !stale)
    const end = timeline.request(from)
    try {
      const response = await this.#auth.fetch(URL, { cache: 'no-store' })
      // Read to the end, or the connection stays taken.
      await response.arrayBuffer()
      end(Date.now(), response.ok ? 'ok' : 'refused')
      return { status: response.status, ms: Date.now() - from }
    } catch (error) {
      end(Date.now(), 'failed')
      this.#page.problem(error)
      return { error, ms: Date.now() - from }
    }
  }

  /** @param {string} text */
  #show(text) {
    this.#result.hidden = false
    setText(this.#result, text)
  }
}

/** @param {Outcome} outcome */
function sentence({ status, error, ms }) {
  if (error) return `GET ${URL}: ${describe(error).title} (${nameOf(error)}), after ${duration(ms)}`
  const meaning = status === 403 ? ' (the server wants a token, and nobody is signed in)' : ''
  return `GET ${URL}: ${status}${meaning}, in ${duration(ms)}`
}

/**
 * "100 × 200", or "97 × 200, 3 × refresh-unavailable".
 * @param {Outcome[]} outcomes
 */
function tally(outcomes) {
  const counts = new Map()
  for (const { status, error } of outcomes) {
    const name = error ? nameOf(error) : String(status)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ')
}

/**
 * Why the browser's console has so many red lines: no page can keep it from
 * reporting a refused request.
 * @param {number} count
 */
function refusals(count) {
  if (count === 0) return ''
  const [were, lines] = count === 1 ? ['One was', 'has a red line for it'] : [`${count} were`, 'has a red line for each']
  return `. ${were} refused first and sent again: ${count === 1 ? 'it' : 'all'} had left before the first refusal came back, and the browser’s console ${lines}.`
}

/**
 * @param {number} count
 * @param {string} noun
 */
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
