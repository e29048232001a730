// Signing in and out, and who is signed in.

import { byId, setText } from './elements.js'
import { nameOfUser, rememberName } from './hint.js'

const NAMES = { unknown: 'Not known yet', 'signed-out': 'Signed out', 'signed-in': 'Signed in' }
/** While the server cannot be asked. */
const TROUBLE = { ...NAMES, unknown: 'No connection', 'signed-in': 'Signed in, server unreachable' }
/** @type {Record<string, string>} */
const ADVICE = {
  unknown: 'Nobody was signed in here before, so the page has not asked the server.',
  'signed-out': 'Requests go out without a token.',
}

export class Session {
  #form = byId('sign-in-form')
  #badge = byId('status')
  #who = byId('who')
  #note = byId('session-note')
  #out = byId('sign-out')

  /**
   * @param {import('/pkg/index.js').TokenManager} auth
   * @param {(error: unknown) => void} problem shows an error
   */
  constructor(auth, problem) {
    const identifier = /** @type {HTMLInputElement} */ (byId('identifier'))
    const password = /** @type {HTMLInputElement} */ (byId('password'))
    this.#form.addEventListener('submit', async (event) => {
      event.preventDefault()
      const login = async () => {
        const { user } = /** @type {{ user?: { id: number, username?: string } }} */ (
          await auth.login({ identifier: identifier.value, password: password.value })
        )
        if (user?.username) rememberName(user.id, user.username)
        this.render(auth.snapshot)
      }
      await this.#busy(byId('sign-in'), login, problem)
    })
    this.#out.addEventListener('click', () => this.#busy(this.#out, () => auth.logout(), problem))
    for (const choice of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-user]'))) {
      choice.addEventListener('click', () => {
        identifier.value = choice.dataset.user ?? ''
        password.value = 'Password1!'
      })
    }
  }

  /** @param {import('/pkg/index.js').Snapshot} snapshot */
  render(snapshot) {
    const { status, stale } = snapshot
    const signedIn = status === 'signed-in'
    const changes = this.#form.hidden !== signedIn
    const focused = this.#form.contains(document.activeElement) || document.activeElement === this.#out
    this.#form.hidden = signedIn
    this.#out.hidden = !signedIn
    // Whoever signs in with the keyboard is not thrown back to the top when the button disappears.
    if (changes && focused) (signedIn ? this.#out : byId('sign-in')).focus()
    this.#badge.dataset.state = stale ? 'stale' : status
    setText(this.#badge, stale ? TROUBLE[status] : NAMES[status])
    setText(this.#who, signedIn ? nameIn(snapshot.claims) : '')
    setText(this.#note, ADVICE[status] ?? '')
    this.#note.hidden = signedIn
  }

  /**
   * @param {HTMLElement} button
   * @param {() => Promise<void>} act
   * @param {(error: unknown) => void} problem
   */
  async #busy(button, act, problem) {
    // Not `disabled`: a disabled button drops the keyboard's focus.
    if (button.ariaDisabled === 'true') return
    button.ariaDisabled = 'true'
    try {
      await act()
      problem(null)
    } catch (error) {
      problem(error)
    } finally {
      button.ariaDisabled = 'false'
    }
  }
}

/** @param {import('/pkg/index.js').Claims | null} claims */
function nameIn(claims) {
  const id = claims?.sub ?? claims?.id ?? claims?.user_id
  const name = claims?.username ?? claims?.name ?? claims?.email ?? nameOfUser(id)
  if (name) return String(name)
  return id === undefined ? 'somebody' : `user ${id}`
}
