// A session that an HttpOnly cookie carries cannot be seen from here. Asking the server at every visit would cost a
// stranger a refused call, so the page asks only where somebody was signed in before. Where storage is blocked it
// never asks by itself.

const KEY = 'evertoken-demo-was-signed-in'
const NAME = 'evertoken-demo-name-of-'

/** Tells whether somebody was signed in when the page was last here. */
export function wasSignedIn() {
  try {
    return localStorage.getItem(KEY) !== null
  } catch {
    return false
  }
}

/**
 * Keeps in mind what the status has become; 'unknown' changes nothing.
 * @param {string} status
 */
export function remember(status) {
  try {
    if (status === 'signed-in') localStorage.setItem(KEY, 'yes')
    if (status === 'signed-out') localStorage.removeItem(KEY)
  } catch {
    // Blocked storage: the next visit starts without a guess.
  }
}

/**
 * Keeps the name that a sign-in's answer gave for a user: tokens of this backend carry only a number.
 * @param {unknown} id
 * @param {string} name
 */
export function rememberName(id, name) {
  try {
    localStorage.setItem(NAME + id, name)
  } catch {
    // Blocked storage: the number is shown.
  }
}

/**
 * Gives the name of a user, or null.
 * @param {unknown} id
 */
export function nameOfUser(id) {
  try {
    return localStorage.getItem(NAME + id)
  } catch {
    return null
  }
}
