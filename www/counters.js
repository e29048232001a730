// What there is to count: inspect() of the manager, the server's own figures, refresh calls beside those of a naive
// interceptor, and the claims of the token.

import { byId, create, setText } from './elements.js'
import { relative } from './format.js'

const DATES = new Set(['exp', 'iat', 'nbf', 'auth_time'])

export class Counters {
  #inspection = byId('inspection')
  #server = byId('server-counters')
  #claims = byId('claims')
  #noClaims = byId('no-claims')
  #evertoken = byId('evertoken-refreshes')
  #naive = byId('naive-refreshes')
  #bars = { evertoken: byId('evertoken-bar'), naive: byId('naive-bar') }
  #compared = byId('comparison')
  /** @type {number | null} */
  #base = null
  /** @type {number | null} */
  #counted = null

  /** @param {import('/pkg/index.js').Inspection} inspection */
  inspection(inspection) {
    const now = Date.now()
    fill(this.#inspection, 'inspect', {
      ...inspection,
      nextRefreshAt: inspection.nextRefreshAt == null ? '–' : relative(inspection.nextRefreshAt, now),
      clockSkewMs: `${Math.round(inspection.clockSkewMs)} ms`,
      lastError: inspection.lastError?.code ?? '–',
      degraded: inspection.degraded.join(', ') || '–',
      hints: inspection.hints.join('; ') || '–',
    })
  }

  /**
   * The panel's state, or null where it cannot be reached.
   * @param {import('./panel.js').State | null} state
   */
  server(state) {
    if (!state) return
    fill(this.#server, 'server', state.counters)
    this.#counted = state.counters.refreshes
    // The figure on the page counts from when it was opened; a server that was restarted counts from nothing.
    if (this.#base === null || this.#counted < this.#base) this.#base = this.#base === null ? this.#counted : 0
  }

  /** Begins to count anew. */
  restart() {
    this.#base = this.#counted
  }

  /** @param {number} naiveCalls */
  compare(naiveCalls) {
    const own = this.#counted === null ? null : this.#counted - (this.#base ?? 0)
    setText(this.#evertoken, own === null ? '–' : String(own))
    setText(this.#naive, String(naiveCalls))
    const most = Math.max(own ?? 0, naiveCalls, 1)
    this.#bars.evertoken.style.transform = `scaleX(${(own ?? 0) / most})`
    this.#bars.naive.style.transform = `scaleX(${naiveCalls / most})`
    this.#compared.dataset.saved = String(naiveCalls > (own ?? 0))
  }

  /** @param {Record<string, unknown> | null} claims */
  claims(claims) {
    const shown = claims ?? {}
    const names = Object.keys(shown)
    this.#noClaims.hidden = names.length > 0
    this.#claims.replaceChildren(
      ...names.map((name) => {
        const value = shown[name]
        const text = typeof value === 'string' ? value : JSON.stringify(value)
        const said = create('dd', { 'data-claim': name }, create('code', { text }))
        if (DATES.has(name) && typeof value === 'number') said.append(create('small', { text: instant(value) }))
        return create('div', {}, create('dt', { text: name }), said)
      }),
    )
  }
}

/** @param {number} numericDate */
function instant(numericDate) {
  const date = new Date(numericDate * 1000)
  return Number.isNaN(date.getTime()) ? 'no date a calendar has' : date.toLocaleTimeString([], { hour12: false })
}

/**
 * Rows are made once and then only their values change, so that a reader's place and a selection survive.
 * @param {Element} list
 * @param {string} prefix
 * @param {object} values
 */
function fill(list, prefix, values) {
  for (const [name, value] of Object.entries(values)) {
    const id = `${prefix}-${name}`
    let said = /** @type {Element | null} */ (document.getElementById(id))
    if (!said) {
      said = create('dd', { id, 'data-testid': id })
      list.append(create('div', {}, create('dt', { text: inWords(name) }), said))
    }
    setText(said, String(value))
  }
}

/** @param {string} name */
function inWords(name) {
  return name.replace(/Ms$|At$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
