// The time line: four lanes of SVG that move to the left as time passes.
//
// Everything is drawn once, at its own instant, in a group that is moved as a whole; only what is still open (a
// request under way, the present state) changes its width from frame to frame. The log beside it says the same in
// words.

import { createSvg } from './elements.js'

const ROW_AT_MOST_PX = 14
const MARK_PX = 4
const LABEL_GAP_PX = 30
const NOW_SHARE = 0.82
const FAR_PX = 50_000

const LANES = [
  { key: 'requests', title: 'Requests of this tab', top: 22, height: 96 },
  { key: 'refreshes', title: 'Refresh calls the server saw', top: 146, height: 30 },
  { key: 'token', title: 'Access token, and its mark for renewal', top: 204, height: 16 },
  { key: 'state', title: 'State of the manager', top: 248, height: 16 },
]
const AXIS_Y = 282
const HEIGHT = 294
/** @type {Record<string, (typeof LANES)[number]>} */
const LANE = Object.fromEntries(LANES.map((lane) => [lane.key, lane]))

/**
 * Something that is drawn: from when to when, null while it is open, and where. `least` is the width that it has at least.
 * @typedef {object} Item
 * @property {number} from
 * @property {number | null} [to]
 * @property {string} lane
 * @property {number} [least]
 * @property {string} [text] what is written; anything else is a bar
 * @property {string} [name]
 * @property {number} [row]
 * @property {Crowd} [crowd]
 *
 * @typedef {Item & { to: number | null, element: SVGElement }} Drawn
 * @typedef {{ rows: number, items: Drawn[] }} Crowd
 * @typedef {'ok' | 'refused' | 'failed'} Outcome
 */

export class TimeLine {
  /** @type {SVGSVGElement} */
  #svg
  #ticks = createSvg('g')
  #bands = createSvg('g')
  #marks = createSvg('g')
  #nowLine = createSvg('line', { class: 'now', y1: 8, y2: AXIS_Y - 10 })
  /** @type {Set<Drawn>} */
  #items = new Set()
  /** @type {number[]} */
  #rows = []
  /** @type {Crowd} */
  #crowd = { rows: 0, items: [] }
  #origin = Date.now()
  #width = 0
  #pxPerMs = 0.016
  #stepMs = 5000
  #tickedUntil = 0
  /** @type {Drawn[] | null} */
  #openToken = null
  /** @type {Drawn | null} */
  #openState = null
  /** @type {Drawn | null} */
  #openRefresh = null
  #labelledAt = -Infinity
  #prunedAt = 0

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    this.#svg = svg
    svg.setAttribute('height', String(HEIGHT))
    const rails = LANES.map(({ top, height }) =>
      createSvg('rect', { class: 'rail', x: 0, y: top, width: '100%', height, rx: 4 }),
    )
    const titles = LANES.map(({ top, title }) => createSvg('text', { class: 'lane-title', x: 0, y: top - 7, text: title }))
    svg.append(...rails, this.#ticks, this.#bands, this.#marks, this.#nowLine, ...titles)
    new ResizeObserver(() => this.#resize()).observe(svg)
    this.#resize()
  }

  /**
   * Starts a request's bar; call the result with the instant and how it ended.
   * @param {number} from
   * @returns {(to: number, outcome: Outcome) => void}
   */
  request(from) {
    const row = this.#freeRow(from)
    this.#rows[row] = Infinity
    const crowd = this.#crowd
    const item = this.#add(this.#marks, 'request open', { from, lane: 'requests', row, crowd })
    crowd.items.push(item)
    if (row >= crowd.rows) {
      crowd.rows = row + 1
      if (crowd.rows * ROW_AT_MOST_PX > LANE.requests.height) for (const one of crowd.items) this.#place(one)
    }
    return (to, outcome) => {
      this.#rows[row] = to + MARK_PX / this.#pxPerMs
      this.#end(item, to)
      item.element.setAttribute('class', `request ${outcome}`)
    }
  }

  /**
   * Requests at the same time lie on rows above each other. A crowd, which is what overlaps without a gap, shares one
   * row height: a lone request is a stout mark, and a hundred at once still fit the lane.
   * @param {number} from
   */
  #freeRow(from) {
    if (this.#rows.every((free) => free <= from)) {
      this.#rows = []
      this.#crowd = { rows: 0, items: [] }
    }
    const row = this.#rows.findIndex((free) => free <= from)
    return row < 0 ? this.#rows.length : row
  }

  /**
   * Starts a refresh call's bar; call the result with the instant, how it ended, and a word.
   * @param {number} from
   * @returns {(to: number, outcome: Outcome, label: string) => void}
   */
  refresh(from) {
    const item = this.#add(this.#marks, 'refresh open', { from, lane: 'refreshes', least: 6 })
    return (to, outcome, label) => {
      this.#end(item, to)
      item.element.setAttribute('class', `refresh ${outcome}`)
      if ((from - this.#labelledAt) * this.#pxPerMs < LABEL_GAP_PX) return
      this.#labelledAt = from
      this.#add(this.#marks, `refresh-label ${outcome}`, { from, to, lane: 'refreshes', text: label })
    }
  }

  /**
   * A new token's life, or null where there is none; the one before it ends here.
   * @param {number} now
   * @param {import('./lifebar.js').Token | null} token
   */
  token(now, token) {
    if (this.#openToken) for (const item of this.#openToken) this.#cut(item, now)
    this.#openToken = token && [
      this.#add(this.#bands, 'token', { from: now, to: token.expiresAt, lane: 'token' }),
      this.#add(this.#bands, 'token-ahead', { from: token.aheadAt, to: token.aheadAt, lane: 'token', least: 2 }),
    ]
  }

  /**
   * The manager's state from now on, and whether a refresh is under way.
   * @param {number} now
   * @param {string} name
   * @param {boolean} refreshing
   */
  state(now, name, refreshing) {
    if (this.#openState?.name !== name) {
      if (this.#openState) this.#end(this.#openState, now)
      this.#openState = this.#add(this.#bands, `state ${name}`, { from: now, lane: 'state', name })
    }
    if (refreshing === Boolean(this.#openRefresh)) return
    if (this.#openRefresh) this.#end(this.#openRefresh, now)
    this.#openRefresh = refreshing ? this.#add(this.#marks, 'state refreshing', { from: now, lane: 'state' }) : null
  }

  /**
   * An event of the manager or an order to the server: a thin line across the lanes.
   * @param {number} at
   * @param {string} kind
   */
  event(at, kind) {
    this.#add(this.#bands, `event ${kind}`, { from: at, to: at, lane: 'event', least: 1.5 })
  }

  /**
   * Moves to the present instant.
   * @param {number} now
   */
  frame(now) {
    if (!this.#width) return
    if (this.#x(now) > FAR_PX) this.#restart(now)
    const shift = this.#width * NOW_SHARE - this.#x(now)
    for (const group of [this.#ticks, this.#bands, this.#marks]) group.setAttribute('transform', `translate(${shift.toFixed(2)} 0)`)
    for (const item of this.#items) if (item.to === null) this.#stretch(item, now)
    this.#drawTicks(now)
    for (const tick of /** @type {Iterable<SVGElement>} */ (this.#ticks.children)) {
      const x = this.#x(Number(tick.dataset.at)) + shift
      tick.classList.toggle('cut', x < LABEL_GAP_PX || x > this.#width - LABEL_GAP_PX)
    }
    if (now - this.#prunedAt > 2000) this.#prune(now)
  }

  /**
   * @param {SVGElement} group
   * @param {string} classes
   * @param {Item} item
   * @returns {Drawn}
   */
  #add(group, classes, item) {
    const element = createSvg(item.text ? 'text' : 'rect', { class: classes, text: item.text })
    const drawn = { ...item, to: item.to ?? null, element }
    this.#place(drawn)
    group.append(element)
    this.#items.add(drawn)
    return drawn
  }

  /** @param {Drawn} item */
  #place(item) {
    const { element, from } = item
    if (item.text) {
      element.setAttribute('x', String(this.#x(from)))
      element.setAttribute('y', String(LANE.refreshes.top + 12))
      return
    }
    const [y, height] = this.#box(item)
    element.setAttribute('x', String(this.#x(from)))
    element.setAttribute('y', String(y))
    element.setAttribute('height', String(height))
    element.setAttribute('rx', String(Math.min(3, height / 2)))
    this.#stretch(item, item.to ?? from)
  }

  /** @param {Item} item */
  #box({ lane, row = 0, crowd }) {
    if (lane === 'event') return [LANE.requests.top, AXIS_Y - 10 - LANE.requests.top]
    const { top, height } = LANE[lane]
    if (lane !== 'requests') return lane === 'refreshes' ? [top + 16, 11] : [top + 1, height - 2]
    const pitch = Math.min(ROW_AT_MOST_PX, (height - 4) / Math.max(crowd?.rows ?? 0, row + 1))
    return [top + height - 2 - (row + 1) * pitch, Math.max(0.6, pitch * 0.85)]
  }

  /**
   * @param {Drawn} item
   * @param {number} to
   */
  #stretch(item, to) {
    if (item.text) return
    const least = item.least ?? (item.lane === 'requests' ? MARK_PX : 2)
    item.element.setAttribute('width', Math.max(least, (to - item.from) * this.#pxPerMs).toFixed(2))
  }

  /**
   * @param {Drawn} item
   * @param {number} to
   */
  #end(item, to) {
    item.to = to
    this.#stretch(item, to)
  }

  /**
   * A token that was replaced ends where the next begins, and a mark it never reached was never used.
   * @param {Drawn} item
   * @param {number} now
   */
  #cut(item, now) {
    if (item.from >= now) this.#remove(item)
    else if (item.to !== null && item.to > now) this.#end(item, now)
  }

  /** @param {Drawn} item */
  #remove(item) {
    item.element.remove()
    this.#items.delete(item)
  }

  /** @param {number} now */
  #prune(now) {
    this.#prunedAt = now
    const edge = now - (this.#width * NOW_SHARE + 40) / this.#pxPerMs
    for (const item of this.#items) if (item.to !== null && item.to < edge) this.#remove(item)
    for (const tick of /** @type {SVGElement[]} */ ([...this.#ticks.children])) if (Number(tick.dataset.at) < edge) tick.remove()
  }

  /** @param {number} now */
  #drawTicks(now) {
    const last = now + (this.#width * (1 - NOW_SHARE)) / this.#pxPerMs
    const first = now - (this.#width * NOW_SHARE) / this.#pxPerMs
    let at = Math.ceil(Math.max(this.#tickedUntil + 1, first) / this.#stepMs) * this.#stepMs
    for (; at <= last + this.#stepMs; at += this.#stepMs) {
      this.#tickedUntil = at
      const seconds = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })
      const x = this.#x(at)
      const tick = createSvg('g', { 'data-at': at })
      tick.append(
        createSvg('line', { x1: x, x2: x, y1: LANE.requests.top, y2: AXIS_Y - 10 }),
        createSvg('text', { x, y: AXIS_Y + 4, text: seconds }),
      )
      this.#ticks.append(tick)
    }
  }

  #resize() {
    const width = this.#svg.clientWidth
    if (!width || width === this.#width) return
    this.#width = width
    // About 20 seconds on a phone and a minute on a wide screen.
    const seconds = Math.min(60, Math.max(20, width / 15))
    this.#stepMs = width / seconds < 15 || seconds > 40 ? 10_000 : 5000
    this.#pxPerMs = width / (seconds * 1000)
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`)
    const nowX = width * NOW_SHARE
    this.#nowLine.setAttribute('x1', String(nowX))
    this.#nowLine.setAttribute('x2', String(nowX))
    this.#restart(Date.now())
  }

  /**
   * SVG keeps coordinates in single precision, so a page that stays open for hours starts counting anew.
   * @param {number} now
   */
  #restart(now) {
    this.#origin = now
    this.#tickedUntil = 0
    this.#ticks.replaceChildren()
    for (const item of this.#items) this.#place(item)
  }

  /** @param {number} at */
  #x(at) {
    return (at - this.#origin) * this.#pxPerMs
  }
}
