// How instants and durations are written on the page.

/** @param {number} n */
const two = (n) => String(n).padStart(2, '0')

/**
 * The local time of day with milliseconds: 15:04:05.123.
 * @param {number} at
 */
export function timeOfDay(at) {
  const date = new Date(at)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/**
 * A duration for people: 34 ms, 3.2 s, 4 min 10 s, 2 h 5 min, 14 days.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds < 10 ? trimmed(seconds) : Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return withRest(minutes, 'min', Math.floor(seconds % 60), 's')
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return withRest(hours, 'h', minutes % 60, 'min')
  return `${Math.floor(hours / 24)} days`
}

/** @param {number} seconds */
function trimmed(seconds) {
  return String(Math.round(seconds * 10) / 10)
}

/** @type {(whole: number, unit: string, rest: number, restUnit: string) => string} */
function withRest(whole, unit, rest, restUnit) {
  return rest ? `${whole} ${unit} ${rest} ${restUnit}` : `${whole} ${unit}`
}

/**
 * How far an instant is from now: "in 12 s", "3 s ago".
 * @param {number} at
 * @param {number} now
 */
export function relative(at, now) {
  const away = at - now
  return away >= 0 ? `in ${duration(away)}` : `${duration(-away)} ago`
}
