// What each error code of the package means to the person in front of the page, and what can be done.

import { TokenError } from '/pkg/index.js'
import { duration } from './format.js'

/**
 * A title, and advice.
 * @typedef {[title: string, advice: string]} Words
 */

/** @type {Partial<Record<import('/pkg/index.js').TokenErrorCode, Words>>} */
const BY_CODE = {
  'invalid-config': ['The manager was set up wrongly', 'An option of createTokenManager is not what it should be.'],
  'signed-out': ['You are signed out', 'The request was waiting when the session ended. Sign in and send it again.'],
  'login-rejected': ['The server does not accept this sign-in', 'Check the name and the password: alice or bob, Password1!'],
  'login-unavailable': ['The server cannot sign you in just now', 'Nothing is wrong with your password. Try again shortly.'],
  'refresh-rejected': ['Your session has ended', 'The server refused to renew it, so waiting would not help. Sign in again.'],
  'refresh-unavailable': ['The token could not be renewed just now', 'You are still signed in; the manager keeps trying.'],
  'invalid-response': ['The server answered with something unexpected', 'No token was found where one should be.'],
  'not-supported': ['This browser lacks something that is needed', 'The message below says what.'],
  disposed: ['The manager has been closed', 'Reload the page to make a new one.'],
}

/** @type {Words} */
const NETWORK = ['The request did not get through', 'The server gave no answer. Is it running?']

/**
 * Describes any error in words: a title, advice, and the technical message with its code.
 * @param {unknown} error
 * @param {Words} [otherwise] for an error that is not the package's
 */
export function describe(error, [otherTitle, otherAdvice] = NETWORK) {
  if (!(error instanceof TokenError)) {
    return { title: otherTitle, advice: otherAdvice, detail: String(/** @type {{ message?: string } | null | undefined} */ (error)?.message ?? error) }
  }
  const [title, advice] = BY_CODE[error.code] ?? ['Something went wrong', '']
  const wait = error.retryAfterMs ? ` The next attempt is made in ${duration(error.retryAfterMs)} at the earliest.` : ''
  const status = error.status ? ` (status ${error.status})` : ''
  return { title, advice: advice + wait, detail: `${error.code}${status}: ${error.message}` }
}

/**
 * The name under which a failed request is counted: the error's code, or "network".
 * @param {unknown} error
 */
export function nameOf(error) {
  return error instanceof TokenError ? error.code : 'network'
}
