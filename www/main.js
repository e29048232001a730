// The demonstration page of Evertoken: makes one manager for the backend that serves this page and shows what it does.
//
// For tests: `window.evertoken.auth` is the manager. These ids are stable, and each is also a data-testid:
//
//   sign in and out     sign-in-form identifier password sign-in sign-out status who session-note
//   the session's end   ends-idle (a checkbox) ends-note ending (a dialog) ending-seconds stay ending-out
//   traffic             send-one send-hundred every-second (a checkbox) traffic-result burst-result open-tab (a link)
//   the token           life-bar (role meter) life-seconds life-caption claims (one dd[data-claim=NAME] for each)
//   orders to the server  expire refresh-now revoke reset server-down (a checkbox) ttl-access (a select, in ms)
//   broken refreshes    fault-times (a select: 1, 3, 0 for all) clear-faults active-faults fault-delay fault-hang
//                       fault-401 fault-429 fault-500 fault-html fault-empty fault-truncated fault-drop
//                       fault-drop-after-commit fault-answer-lost fault-same-token fault-expired-token
//   counts              evertoken-refreshes naive-refreshes inspect-NAME for each of inspect(), server-NAME for each
//                       of the panel's counters
//   reports             timeline log (an ol; li[data-kind=request|refresh|state|order|problem]) announcement
//                       problem problem-title problem-advice problem-detail dismiss connection
//   any token           decode-input decode-output

import { createTokenManager, decodeJwt } from '/pkg/index.js'
import { Counters } from './counters.js'
import { byId, setText } from './elements.js'
import { limits, showEnding } from './ending.js'
import { describe } from './errors.js'
import { Faults } from './faults.js'
import { remember, wasSignedIn } from './hint.js'
import { LifeBar } from './lifebar.js'
import { Log } from './log.js'
import { NaiveInterceptor } from './naive.js'
import { Panel } from './panel.js'
import { Session } from './session.js'
import { TimeLine } from './timeline.js'
import { Traffic } from './traffic.js'

/**
 * @typedef {import('/pkg/index.js').TokenEvent} TokenEvent
 * @typedef {import('/pkg/index.js').Snapshot} Snapshot
 * @typedef {import('./lifebar.js').Token} Token
 */

/**
 * What is written down of an event; those that are not here are not.
 * @type {{ [Type in TokenEvent['type']]?: (event: Extract<TokenEvent, { type: Type }>) => string }}
 */
const EVENTS = {
  'signed-in': () => 'signed in',
  refreshed: () => 'token renewed',
  'refresh-failed': ({ error }) => `refresh failed: ${error ? describe(error).detail : 'no reason given'}`,
  'signed-out': ({ reason }) => `signed out: ${{ logout: 'by logout', 'refresh-rejected': 'the server refused to renew', 'other-tab': 'in another tab', idle: 'nothing was done for a while', lifetime: 'its time was over' }[reason] ?? reason}`,
  'session-ending': ({ cause }) => `the session is about to end: ${cause === 'idle' ? 'nothing was done for a while' : 'its time is almost over'}`,
  'user-changed': () => 'another user is signed in',
  warning: ({ error }) => `warning: ${error.message}`,
}
const CALLS = new Set(['login', 'refresh', 'logout'])
const INSPECT_EVERY_MS = 500

const log = new Log()
const panel = new Panel()
const timeline = new TimeLine(/** @type {SVGSVGElement} */ (/** @type {Element} */ (byId('timeline'))))
const lifebar = new LifeBar()
const counters = new Counters()
const naive = new NaiveInterceptor()

/**
 * Shows an error in words, or with null takes the notice away.
 * @param {unknown} error
 * @param {import('./errors.js').Words} [otherwise] for an error that is not the package's
 */
function problem(error, otherwise) {
  const notice = byId('problem')
  if (error === null) {
    notice.hidden = true
    return
  }
  const { title, advice, detail } = describe(error, otherwise)
  setText(byId('problem-title'), title)
  setText(byId('problem-advice'), advice)
  setText(byId('problem-detail'), detail)
  notice.hidden = false
}

byId('dismiss').addEventListener('click', () => problem(null))
const decodeInput = /** @type {HTMLTextAreaElement} */ (byId('decode-input'))
decodeInput.addEventListener('input', () => {
  const text = decodeInput.value.trim()
  const decoded = text ? decodeJwt(text) : undefined
  setText(byId('decode-output'), text ? (decoded ? JSON.stringify(decoded, null, 2) : 'null: this is no JWT.') : '')
})

await start().catch((error) => {
  setText(byId('status'), 'Could not start')
  problem(error, ['The token manager could not start', 'Reload the page. If that does not help, the message below says why.'])
})

async function start() {
  const auth = await createTokenManager({
    baseUrl: location.origin,
    preset: 'strapi4',
    login: '/api/auth/local',
    refresh: '/api/token/refresh',
    logout: '/api/auth/logout',
    session: limits(),
  })
  Object.assign(window, { evertoken: { auth } })

  const page = { auth, panel, log, timeline, naive, problem, restart }
  const session = new Session(auth, problem)
  showEnding(auth, problem)
  new Traffic(auth, page)
  new Faults(page)
  function restart() {
    naive.calls = 0
    counters.restart()
    log.clear()
  }

  /** @type {Pick<Snapshot, 'refreshing' | 'stale' | 'expiresAt' | 'claims'> & { status: Snapshot['status'] | null }} */
  let last = { status: null, refreshing: false, stale: false, expiresAt: null, claims: null }
  /** @type {Token | null} */
  let held = null
  let refreshStartedAt = 0
  /** @param {Snapshot} snapshot */
  const render = (snapshot) => {
    const now = Date.now()
    session.render(snapshot)
    timeline.state(now, snapshot.stale ? 'stale' : snapshot.status, snapshot.refreshing)
    if (snapshot.refreshing && !last.refreshing) refreshStartedAt = now
    if (snapshot.expiresAt !== last.expiresAt || snapshot.claims !== last.claims) {
      const token = tokenOf(snapshot, now, auth.inspect().nextRefreshAt)
      lifebar.show(token)
      timeline.token(now, token)
      counters.claims(snapshot.claims)
      held = token
      if (token && refreshStartedAt) naive.refreshTook(now - refreshStartedAt, token.lifetimeMs)
      if (token && last.status !== 'signed-in') naive.signedIn(now, token.lifetimeMs)
      if (!snapshot.refreshing) refreshStartedAt = 0
    }
    if (snapshot.status !== last.status) {
      if (snapshot.status === 'signed-out') naive.signedOut()
      remember(snapshot.status)
    }
    if (last.stale && !snapshot.stale) problem(null)
    last = snapshot
  }
  auth.subscribe(render)
  const said = /** @type {[TokenEvent['type'], (event: TokenEvent) => string][]} */ (Object.entries(EVENTS))
  for (const [type, say] of said) {
    auth.on(type, (/** @type {TokenEvent} */ event) => {
      const text = say(event)
      const bad = type === 'refresh-failed' || type === 'warning'
      log.add(Date.now(), bad ? 'problem' : 'state', text)
      // A renewal is what should happen all the time; it is written down, and not called out. The dialogue speaks for itself.
      if (type !== 'refreshed' && type !== 'session-ending') log.announce(text)
      if (type === 'signed-in') problem(null)
      if (type === 'user-changed' && held) naive.signedIn(Date.now(), held.lifetimeMs)
      if (event.type === 'refresh-failed') problem(event.error)
      inspect()
    })
  }
  function inspect() {
    const inspection = auth.inspect()
    counters.inspection(inspection)
    lifebar.due(inspection.nextRefreshAt)
  }
  render(auth.snapshot)
  inspect()
  setInterval(inspect, INSPECT_EVERY_MS)
  draw(auth)
  await listen()
  if (auth.snapshot.status === 'unknown' && wasSignedIn()) await auth.restore().catch(problem)
}

/**
 * The token's life as the page draws it: its full lifetime, even where it was taken over half-way from another tab.
 * @param {Snapshot} snapshot
 * @param {number} now
 * @param {number | null} nextRefreshAt
 * @returns {Token | null}
 */
function tokenOf({ expiresAt, claims }, now, nextRefreshAt) {
  if (expiresAt === null) return null
  const stated = ((claims?.exp ?? NaN) - (claims?.iat ?? NaN)) * 1000
  const lifetimeMs = Math.max(1, expiresAt - now, Number.isFinite(stated) ? stated : 0)
  const aheadAt = nextRefreshAt !== null && nextRefreshAt > now ? nextRefreshAt : expiresAt - Math.min(60_000, lifetimeMs / 5)
  return { from: now, expiresAt, lifetimeMs, aheadAt }
}

/** Follows the panel: the refresh calls and sign-ins as the server saw them, and its counters. */
async function listen() {
  /** @type {ReturnType<TimeLine['refresh']>[]} */
  const struck = []
  panel.on('state', (state) => counters.server(state))
  panel.on('unreachable', () => connected(false))
  panel.on('connection', (open) => connected(open))
  panel.on('server-event', (detail) => {
    const { at, kind, status, fault, outcome, ms } = detail
    if (kind === 'fault') {
      // Told when the fault strikes: from then on the call is seen to wait, however long it hangs.
      if (outcome === 'refresh') struck.push(timeline.refresh(at))
      return
    }
    if (kind === 'panel' && outcome === 'expire') {
      naive.expire(at)
      lifebar.refuse()
      timeline.token(at, null)
    }
    if (!CALLS.has(kind)) return
    const answer = status ? String(status) : 'no answer'
    if (kind === 'refresh') {
      const end = (fault && struck.shift()) || timeline.refresh(at)
      end(at + (ms ?? 0), outcomeOf(detail), status ? answer : '×')
    }
    const because = fault ?? outcome
    log.add(at, kind === 'refresh' ? kind : 'state', `the server saw a ${kind} call: ${answer}${because ? ` (${because})` : ''}`)
  })
  await panel.open()
}

/**
 * @param {import('./panel.js').ServerEvent} event
 * @returns {'ok' | 'refused' | 'failed'}
 */
function outcomeOf({ status, fault }) {
  if (!status || status >= 500 || status === 429) return 'failed'
  if (status >= 400) return 'refused'
  return fault && fault !== 'delay' ? 'failed' : 'ok'
}

/** @param {boolean} yes */
function connected(yes) {
  byId('connection').dataset.connected = String(yes)
  setText(byId('connection'), yes ? 'Connected' : 'No connection')
}

/**
 * One loop draws everything that moves. With reduced motion it moves once a second instead of gliding.
 * @param {import('/pkg/index.js').TokenManager} auth
 */
function draw(auth) {
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let drawnAt = 0
  const frame = () => {
    const now = Date.now()
    if (!still.matches || now - drawnAt >= 1000) {
      drawnAt = now
      lifebar.frame(now, auth.snapshot)
      timeline.frame(now)
      counters.compare(naive.calls)
    }
    requestAnimationFrame(frame)
  }
  frame()
}
