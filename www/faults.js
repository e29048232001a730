// The orders to the backend: expire, revoke, and each way in which a refresh can go wrong.

import { byId, create, setText } from './elements.js'

/** @typedef {{ kind: string, status?: number, ms?: number, retryAfter?: number }} Order */

/** @type {{ id: string, label: string, hint: string, fault: Order }[]} */
const FAULTS = [
  { id: 'delay', label: 'Late answer', hint: 'after 3 s', fault: { kind: 'delay', ms: 3000 } },
  { id: 'hang', label: 'No answer', hint: 'until the time-out', fault: { kind: 'hang' } },
  { id: '401', label: 'Refused', hint: '401: it is over', fault: { kind: 'status', status: 401 } },
  { id: '429', label: 'Too many calls', hint: '429, wait for 5 s', fault: { kind: 'status', status: 429, retryAfter: 5 } },
  { id: '500', label: 'Server error', hint: '500', fault: { kind: 'status', status: 500 } },
  { id: 'html', label: 'HTML page', hint: 'instead of JSON', fault: { kind: 'html' } },
  { id: 'empty', label: 'Empty answer', hint: '200, no body', fault: { kind: 'empty' } },
  { id: 'truncated', label: 'Half an answer', hint: 'JSON breaks off', fault: { kind: 'truncated' } },
  { id: 'drop', label: 'Cut early', hint: 'token not rotated', fault: { kind: 'drop' } },
  { id: 'drop-after-commit', label: 'Cut late', hint: 'token rotated, old one good for a while', fault: { kind: 'drop-after-commit' } },
  { id: 'answer-lost', label: 'Answer lost', hint: 'token rotated, old one dead', fault: { kind: 'answer-lost' } },
  { id: 'same-token', label: 'Same token', hint: 'the old one again', fault: { kind: 'same-token' } },
  { id: 'expired-token', label: 'Dead token', hint: 'ended on arrival', fault: { kind: 'expired-token' } },
]

/** @type {import('./errors.js').Words} */
const UNHEARD = ['The server did not take this order', 'It may be out of reach, or its panel closed.']

/**
 * What the parts of the page have of each other.
 * @typedef {object} Page
 * @property {import('/pkg/index.js').TokenManager} auth
 * @property {import('./panel.js').Panel} panel
 * @property {import('./log.js').Log} log
 * @property {import('./timeline.js').TimeLine} timeline
 * @property {import('./naive.js').NaiveInterceptor} naive
 * @property {(error: unknown, otherwise?: import('./errors.js').Words) => void} problem
 * @property {() => void} restart
 */

export class Faults {
  #page
  #times = /** @type {HTMLSelectElement} */ (byId('fault-times'))
  #active = byId('active-faults')
  #ttl = /** @type {HTMLSelectElement} */ (byId('ttl-access'))
  #down = /** @type {HTMLInputElement} */ (byId('server-down'))
  /** @type {Map<HTMLElement, Order>} */
  #buttons = new Map()

  /** @param {Page} page */
  constructor(page) {
    this.#page = page
    const { panel, auth } = page
    byId('fault-buttons').append(...FAULTS.map((entry) => this.#button(entry)))
    this.#onClick('clear-faults', 'all faults cleared', () => panel.order('clear'))
    this.#onClick('refresh-now', 'refresh asked for by hand', () => page.naive.renewByHand(() => auth.refresh()))
    this.#onClick('expire', 'every access token expired on the server', async () => {
      await panel.order('expire')
      page.naive.expire(Date.now())
    })
    this.#onClick('revoke', 'the session revoked on the server', () => panel.order('revoke'))
    this.#onClick('reset', 'counters reset', async () => {
      await panel.order('reset')
      page.restart()
    })
    this.#ttl.addEventListener('change', () => {
      const accessMs = Number(this.#ttl.value)
      this.#order(`access tokens last ${accessMs / 1000} s from the next one on`, () => panel.order('ttl', { accessMs }))
    })
    this.#down.addEventListener('change', () => {
      const down = this.#down.checked
      this.#order(down ? 'the server goes down' : 'the server is back', () => panel.order('down', { down }))
    })
    panel.on('state', (state) => this.#render(state))
  }

  /** @param {(typeof FAULTS)[number]} entry */
  #button({ id, label, hint, fault }) {
    const name = `fault-${id}`
    const button = create(
      'button',
      { type: 'button', id: name, 'data-testid': name, class: 'fault' },
      create('strong', { text: label }),
      create('span', { text: hint }),
    )
    this.#buttons.set(button, fault)
    button.addEventListener('click', () => {
      const times = Number(this.#times.value)
      const order = { target: 'refresh', ...fault, times }
      const when = /** @type {Record<number, string>} */ ({ 1: 'the next refresh', 0: 'every refresh' })[times] ?? `the next ${times} refreshes`
      this.#order(`${label} (${hint}) for ${when}`, () => this.#page.panel.order('fault', order))
    })
    return button
  }

  /**
   * @param {string} id
   * @param {string} text
   * @param {() => Promise<unknown>} act
   */
  #onClick(id, text, act) {
    byId(id).addEventListener('click', () => this.#order(text, act))
  }

  /**
   * @param {string} text
   * @param {() => Promise<unknown>} act
   */
  async #order(text, act) {
    const { log, timeline, problem } = this.#page
    const at = Date.now()
    timeline.event(at, 'order')
    log.add(at, 'order', text)
    log.announce(text)
    try {
      await act()
    } catch (error) {
      problem(error, UNHEARD)
    }
  }

  /** @param {import('./panel.js').State} state */
  #render(state) {
    const faults = Array.isArray(state.faults) ? state.faults : []
    const waiting = faults.map(inWords)
    setText(this.#active, waiting.length ? `Waiting to happen: ${waiting.join('; ')}.` : 'Nothing is broken.')
    this.#active.dataset.armed = String(waiting.length > 0)
    for (const [button, fault] of this.#buttons) {
      button.dataset.armed = String(faults.some((one) => one.kind === fault.kind && (one.status ?? 0) === (fault.status ?? 0)))
    }
    if (typeof state.down === 'boolean') this.#down.checked = state.down
    if (document.activeElement !== this.#ttl) this.#select(state.accessTtlMs)
  }

  /** @param {number} ms */
  #select(ms) {
    const value = String(ms)
    if (![...this.#ttl.options].some((option) => option.value === value)) {
      this.#ttl.append(create('option', { value, text: `${ms / 1000} s` }))
    }
    this.#ttl.value = value
  }
}

/** @param {import('./panel.js').Fault} fault */
function inWords({ target, kind, status, times }) {
  const count = times === 0 ? ', until cleared' : times > 1 ? ` × ${times}` : ''
  return `${kind === 'status' ? status : kind} on ${target}${count}`
}
