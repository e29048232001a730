// The name that was probably meant.

/**
 * How many characters have to be put in, taken out or changed to make one
 * name of another (Levenshtein's distance).
 * @param {string} one
 * @param {string} other
 */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [at, found] of [...other].entries()) next.push(Math.min(row[at] + (letter === found ? 0 : 1), row[at + 1] + 1, next[at] + 1));
    row = next;
  }
  return row[other.length];
}

/**
 * The one of some names that is most like another.
 * @param {string} name
 * @param {string[]} names
 */
export function nearest(name, names) {
  const lower = name.toLowerCase();
  const away = names.map((known) => distance(lower, known.toLowerCase()));
  return names[away.indexOf(Math.min(...away))];
}
