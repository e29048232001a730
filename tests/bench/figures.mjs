// What many measurements come to.

const sorted = (numbers) => numbers.filter(Number.isFinite).sort((a, b) => a - b);

export function median(numbers) {
  const all = sorted(numbers);
  return all.length ? all[all.length >> 1] : NaN;
}

/** The median, and between what half of all lie. */
export function figure(numbers) {
  const all = sorted(numbers);
  if (!all.length) return undefined;
  return { median: median(all), low: all[all.length >> 2], high: all[(all.length * 3) >> 2] };
}

export const digits = (number, places = 1) => (Number.isFinite(number) ? number.toFixed(places) : '');

/** A figure with its spread, as a table shows it. */
export const shown = (found, places = 1) =>
  found ? `${digits(found.median, places)} (${digits(found.low, places)} to ${digits(found.high, places)})` : '';
