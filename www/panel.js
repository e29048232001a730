// The backend's control panel: what it counted, what it is told to do wrong, and what it reports as it happens.

const HIDDEN_GRACE_MS = 60_000
const STATE_AFTER_EVENT_MS = 250

/**
 * What the backend says of itself.
 * @typedef {{ counters: Record<string, number>, faults: Fault[], down: boolean, accessTtlMs: number }} State
 *
 * What it does wrong, and how often; 0 until told otherwise.
 * @typedef {{ target: string, kind: string, status?: number, times: number }} Fault
 *
 * What it reports as it happens.
 * @typedef {{ at: number, kind: string, status?: number, fault?: string, outcome?: string, ms?: number }} ServerEvent
 *
 * What a panel tells, by the type of the event.
 * @typedef {{ state: State, unreachable: unknown, connection: boolean, 'server-event': ServerEvent }} Told
 */

export class Panel extends EventTarget {
  /** @type {State | null} */
  state = null
  /** @type {EventSource | null} */
  #source = null
  /** @type {number | null} */
  #pending = null
  /** @type {number | undefined} */
  #hiddenTimer

  /**
   * Calls a listener with what is told under a type.
   * @template {keyof Told} Type
   * @param {Type} type
   * @param {(told: Told[Type]) => void} listener
   */
  on(type, listener) {
    this.addEventListener(type, (event) => listener(/** @type {CustomEvent<Told[Type]>} */ (event).detail))
  }

  /** Reads the state once, then listens. */
  async open() {
    await this.read()
    this.#listen()
    // Over HTTP/1.1 a browser keeps six connections to a host, shared by its tabs, and each stream holds one for
    // good: a page that has been out of sight for a while gives its own back.
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.#hiddenTimer)
      if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#close(), HIDDEN_GRACE_MS)
      else this.#listen()
    })
  }

  /** Fetches the state; gives null where the panel cannot be reached. */
  async read() {
    try {
      const response = await fetch('/panel/state', { cache: 'no-store' })
      if (!response.ok) throw new Error(`the panel answered ${response.status}`)
      return this.#take(await response.json())
    } catch (error) {
      this.state = null
      this.#tell('unreachable', error)
      return null
    }
  }

  /**
   * Sends one order, whose answer is the state that follows from it. Rejects if the order was not taken.
   * @param {string} name
   * @param {object} [body]
   */
  async order(name, body = {}) {
    const response = await fetch(`/panel/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`the panel answered ${response.status} to "${name}"`)
    this.#take(await response.json())
  }

  /** @param {State} state */
  #take(state) {
    this.state = state
    this.#tell('state', state)
    return state
  }

  #listen() {
    if (this.#source) return
    const source = (this.#source = new EventSource('/panel/events'))
    source.onopen = () => {
      this.#tell('connection', true)
      this.#readSoon()
    }
    source.onerror = () => this.#tell('connection', false)
    source.onmessage = ({ data }) => {
      const event = parse(data)
      if (!event) return
      this.#tell('server-event', event)
      this.#readSoon()
    }
  }

  #close() {
    this.#source?.close()
    this.#source = null
  }

  // One reading for a burst of events.
  #readSoon() {
    this.#pending ??= setTimeout(() => {
      this.#pending = null
      this.read()
    }, STATE_AFTER_EVENT_MS)
  }

  /**
   * @template {keyof Told} Type
   * @param {Type} type
   * @param {Told[Type]} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

/**
 * @param {string} data
 * @returns {ServerEvent | null}
 */
function parse(data) {
  try {
    const event = JSON.parse(data)
    if (typeof event?.kind !== 'string') return null
    const at = typeof event.at === 'number' ? event.at : Date.parse(event.at)
    return { ...event, at: Number.isFinite(at) ? at : Date.now() }
  } catch {
    return null
  }
}
