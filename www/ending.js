// The session's end: a switch that lets it end after a minute in which nobody does anything, which all tabs share, and the
// dialogue before it.

import { byId, setText } from './elements.js'
import { sessionEndStore } from '/pkg/svelte.js'

const KEY = 'evertoken-demo-ends-idle'
const CALLED_OUT = 10
const ACTIVITY = ['pointermove', 'pointerdown', 'keydown', 'wheel']
const TOUCH_EVERY_MS = 1000
/** What is said of an end that can be put off, and of one that cannot. */
const WORDS = {
  idle: ['Are you still there?', 'Nobody has done anything in any tab for a while.'],
  lifetime: ['Your session is about to end', 'Sign in again to go on.'],
}

function isOn() {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    return false
  }
}

/**
 * What the manager is told: nothing while the switch is off.
 * @returns {import('/pkg/index.js').TokenManagerConfig['session']}
 */
export const limits = () => (isOn() ? { idleSeconds: 60, warnSeconds: 20, activity: 'manual' } : undefined)

/**
 * Shows the switch and the dialogue.
 * @param {import('/pkg/index.js').TokenManager} auth
 * @param {(error: unknown) => void} problem shows an error
 */
export function showEnding(auth, problem) {
  const toggle = /** @type {HTMLInputElement} */ (byId('ends-idle'))
  const note = byId('ends-note')
  toggle.checked = isOn()
  toggle.addEventListener('change', () => {
    try {
      if (toggle.checked) localStorage.setItem(KEY, 'yes')
      else localStorage.removeItem(KEY)
      location.reload()
    } catch (error) {
      toggle.checked = false
      problem(error)
    }
  })
  // A manager's limits are those that it was made with: every tab makes another one.
  addEventListener('storage', ({ key }) => key === KEY && location.reload())

  const dialog = /** @type {HTMLDialogElement} */ (byId('ending'))
  // While the dialogue is open it wants an answer: a movement that closed it would send the click to what is behind it.
  let touchedAt = 0
  const active = () => {
    if (dialog.open || Date.now() - touchedAt < TOUCH_EVERY_MS) return
    touchedAt = Date.now()
    auth.touch()
  }
  for (const type of ACTIVITY) addEventListener(type, active, { capture: true, passive: true })

  const stay = byId('stay')
  stay.addEventListener('click', () => auth.touch())
  dialog.addEventListener('cancel', () => auth.touch())
  byId('ending-out').addEventListener('click', () => auth.logout().catch(problem))

  let shown = false
  sessionEndStore(auth).subscribe(({ endsAt, ending, secondsLeft }) => {
    note.hidden = endsAt === null
    if (endsAt !== null) setText(note, `Ends at ${new Date(endsAt).toLocaleTimeString()} unless somebody is active in a tab.`)
    if (!ending) {
      shown = false
      return dialog.close()
    }
    if (!shown) {
      shown = true
      const [title, text] = WORDS[ending]
      setText(byId('ending-title'), title)
      setText(byId('ending-text'), text)
      setText(byId('ending-status'), '')
      stay.hidden = ending !== 'idle'
      dialog.showModal()
    }
    setText(byId('ending-seconds'), String(secondsLeft))
    // The seconds themselves are not read out.
    if (secondsLeft === CALLED_OUT) setText(byId('ending-status'), `${CALLED_OUT} seconds left.`)
  })
}
