// Draws bench.json, which `cargo xtask bench` writes.

/**
 * A number, or a median with what half of the rounds lie between.
 * @typedef {number | { median: number, low: number, high: number }} Figure
 *
 * A peer, and what was measured of it: what it cannot do is not there.
 * @typedef {{ name: string, title?: string, brotli: number, alone?: Figure, parallel?: Figure, cold?: Figure, slowReady?: Figure, waiting1000?: Waiting, waiting10000?: Waiting, ratio?: Figure }} Peer
 * @typedef {{ calls: number, ok: number, ms: Figure, heap: number }} Waiting
 * @typedef {{ name: string, title?: string, sizes: Record<string, Figure> }} Decoder
 * @typedef {{ name: string, title: string, count: number, request: { median: number }, refresh: { median: number } }} Point
 * @typedef {{ requests: number, total: number, wasm: number, rows: { name: string, us: number }[], calls: Record<string, number> }} Profile
 * @typedef {{ date: string, rounds: number, load: number[] }} Measured
 *
 * What bench.json holds beside the machine, by the name of the part.
 * @typedef {{ peers: Peer[], loopback: Peer[], decoding: Decoder[], growth: Point[], profile: Profile, firefox: { rows: Peer[], decoding: Decoder[] } }} Found
 */

const OWN = 'evertoken';
const SVG = 'http://www.w3.org/2000/svg';
const main = /** @type {HTMLElement} */ (document.querySelector('main'));

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} name
 * @param {string | Node | (string | Node)[]} content
 * @param {Element} [parent]
 */
function element(name, content, parent) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  parent?.append(made);
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} name
 * @param {Record<string, string | number>} attributes
 * @param {Element} [parent]
 */
function drawn(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  parent?.append(made);
  return made;
}

/**
 * @param {number} value
 * @param {number} places
 */
const number = (value, places) => value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });

/** @param {Figure | undefined} figure */
const middle = (figure) => (typeof figure === 'object' ? figure.median : (figure ?? NaN));

/**
 * A chart of bars: a row of `rows` each, shortest first.
 * @template {{ name: string, title?: string }} Row
 * @param {string} title
 * @param {Row[]} rows
 * @param {(row: Row) => Figure | undefined} of
 * @param {number} places
 */
function bars(title, rows, of, places) {
  const shown = rows.filter((row) => Number.isFinite(middle(of(row)))).sort((a, b) => middle(of(a)) - middle(of(b)));
  if (!shown.length) return;
  element('h3', title, main);
  /** @param {Row} row */
  const spreadOf = (row) => {
    const found = of(row);
    return typeof found === 'object' ? found : undefined;
  };
  const most = Math.max(...shown.map((row) => spreadOf(row)?.high ?? middle(of(row))));
  /** @param {number} value */
  const share = (value) => Math.min(Math.max(value / most, 0.005), 1) * 100;
  const table = element('table', [], main);
  table.className = 'bars';
  for (const row of shown) {
    const median = middle(of(row));
    const line = element('tr', [], table);
    line.classList.toggle('own', row.name === OWN);
    element('th', row.title ?? row.name, line).scope = 'row';
    const track = element('span', [], element('td', [], line));
    track.className = 'track';
    const bar = element('span', [], track);
    bar.className = 'bar';
    bar.style.width = `${share(median)}%`;
    const figure = element('span', number(median, places), track);
    figure.className = 'figure';
    const found = spreadOf(row);
    if (!found || found.low === found.high) continue;
    const spread = element('span', [], track);
    spread.className = 'spread';
    spread.style.insetInlineStart = `${share(found.low)}%`;
    spread.style.width = `${share(found.high) - share(found.low)}%`;
    element('small', ` ${number(found.low, places)} to ${number(found.high, places)}`, figure);
  }
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const frame = element('div', [], main);
  frame.className = 'wide';
  const made = element('table', [], frame);
  const top = element('tr', [], element('thead', [], made));
  for (const cell of head) element('th', cell, top).scope = 'col';
  const body = element('tbody', [], made);
  for (const cells of rows) {
    const line = element('tr', [], body);
    cells.forEach((cell, at) => element(at ? 'td' : 'th', cell, line));
  }
}

/**
 * What grows with a number of things: both axes are logarithmic, and the
 * dashes are what is linear.
 * @param {Point[]} rows
 * @param {Element} parent
 */
function curve(rows, parent) {
  const figure = element('figure', [], parent);
  element('figcaption', rows[0].title, figure);
  const [width, height] = [260, 150];
  const svg = drawn('svg', { viewBox: `-34 -8 ${width + 44} ${height + 30}`, role: 'img' }, figure);
  drawn('title', {}, svg).textContent = rows.map((row) => `${row.count}: request ${number(row.request.median, 2)} us, refresh ${number(row.refresh.median, 0)} us`).join('; ');
  const least = 0.1;
  const most = 1e6;
  const counts = rows.map(({ count }) => Math.max(count, 1));
  const span = Math.log(counts[counts.length - 1] / counts[0]) || 1;
  /** @param {number} count */
  const x = (count) => (Math.log(Math.max(count, 1) / counts[0]) / span) * width;
  /** @param {number} us */
  const y = (us) => height - (Math.log(Math.max(us, least) / least) / Math.log(most / least)) * height;
  for (let us = least; us <= most; us *= 10) {
    drawn('line', { class: 'axis', x1: 0, x2: width, y1: y(us), y2: y(us) }, svg);
    const name = us < 1000 ? `${number(us, us < 1 ? 1 : 0)} us` : us < 1e6 ? `${us / 1000} ms` : '1 s';
    drawn('text', { x: -6, y: y(us) + 4, 'text-anchor': 'end' }, svg).textContent = name;
  }
  for (const { count } of rows) {
    drawn('text', { x: x(count), y: height + 16, 'text-anchor': 'middle' }, svg).textContent = number(count, 0);
  }
  const last = rows[rows.length - 1];
  const linear = rows.map(({ count }) => [x(count), y((last.refresh.median * Math.max(count, 1)) / Math.max(last.count, 1))]);
  drawn('polyline', { class: 'linear', points: linear.join(' ') }, svg);
  for (const kind of /** @type {const} */ (['request', 'refresh'])) {
    const points = rows.map((row) => [x(row.count), y(row[kind].median)]);
    drawn('polyline', { class: kind, points: points.join(' ') }, svg);
    for (const [cx, cy] of points) drawn('circle', { class: kind, cx, cy, r: 3 }, svg);
    const [endX, endY] = points[points.length - 1];
    drawn('text', { x: endX, y: endY - 8, 'text-anchor': 'end' }, svg).textContent = kind;
  }
}

/** @type {{ [Part in keyof Found]: (found: Found[Part]) => void }} */
const SECTIONS = {
  peers(rows) {
    element('h2', 'Beside its peers', main);
    bars('Download, kB with brotli', rows, (row) => row.brotli / 1000, 1);
    bars('Added to a request, microseconds', rows, (row) => row.alone, 2);
    bars('Added to each of 1,000 at once, microseconds', rows, (row) => row.parallel, 2);
    bars('From import to the first request, ms', rows, (row) => row.cold, 1);
    bars('From import to ready on a processor four times slower, ms', rows, (row) => row.slowReady, 1);
    /** @type {[string, (row: Peer) => Waiting | undefined][]} */
    const amounts = [['1,000', (row) => row.waiting1000], ['10,000', (row) => row.waiting10000]];
    for (const [count, of] of amounts) {
      bars(`${count} requests on an ended token: refresh calls`, rows, (row) => of(row)?.calls, 0);
      bars(`${count} requests on an ended token: answered`, rows, (row) => of(row)?.ok, 0);
      bars(`${count} requests on an ended token, ms (a refresh takes 50)`, rows, (row) => of(row)?.ms, 0);
      bars(`${count} requests on an ended token: memory, MB`, rows, (row) => (of(row)?.heap ?? NaN) / 1e6, 1);
    }
  },
  loopback(rows) {
    element('h2', 'Over loopback', main);
    bars('Time of a request, times that of bare fetch', rows, (row) => row.ratio, 2);
  },
  decoding(rows) {
    element('h2', 'Is this token expired?', main);
    for (const size of Object.keys(rows[0].sizes)) bars(`${size}, microseconds`, rows, (row) => row.sizes[size], 1);
  },
  growth(rows) {
    element('h2', 'Growth', main);
    element('p', 'What is added to a request, and what a refresh takes, against how much there is of something. Both scales are logarithmic; what runs along the dashes is linear.', main).className = 'note';
    const charts = element('div', [], main);
    charts.className = 'charts';
    for (const name of new Set(rows.map((row) => row.name))) curve(rows.filter((row) => row.name === name), charts);
  },
  profile({ requests, total, wasm, rows, calls }) {
    element('h2', `Where ${requests.toLocaleString('en')} requests spend their time`, main);
    const all = [...rows, { name: 'all of WebAssembly', us: wasm }];
    table(['function', 'us a request', 'share'], all.map(({ name, us }) => [name, number(us, 3), `${number((us / total) * 100, 1)} %`]));
    element('h3', 'What these requests call', main);
    table(['what', 'calls'], Object.entries(calls).map(([name, count]) => [name, number(count, 0)]));
  },
  firefox({ rows, decoding }) {
    element('h2', 'In Firefox', main);
    bars('Added to a request, microseconds', rows, (row) => row.alone, 2);
    bars('Added to each of 1,000 at once, microseconds', rows, (row) => row.parallel, 2);
    bars('1,000 requests on an ended token: refresh calls', rows, (row) => row.waiting1000?.calls, 0);
    bars('1,000 requests on an ended token, ms (a refresh takes 50)', rows, (row) => row.waiting1000?.ms, 0);
    for (const size of Object.keys(decoding[0].sizes)) bars(`Is this token expired, ${size}, microseconds`, decoding, (row) => row.sizes[size], 1);
  },
};

/**
 * When a part was measured, and what else the machine had to do.
 * @param {Measured} measured
 * @param {number} cores
 */
function measuredAt({ date, rounds, load }, cores) {
  const busy = Math.max(...load) > cores + 1 ? `, on a machine that was busy (load ${load.map((one) => number(one, 0)).join(' to ')}): the figures are too high` : '';
  return `Measured on ${new Date(date).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' })} in ${rounds} interleaved round${rounds === 1 ? '' : 's'}${busy}.`;
}

const response = await fetch('bench.json');
if (response.ok) {
  const { machine, ...parts } = await response.json();
  /** @type {HTMLElement} */ (document.querySelector('#about')).textContent =
    `The figures are medians, measured on ${machine.cores} cores (${machine.model}) in ${machine.browser}. Less is better, except for the number of requests that are answered. The times are that machine's; on another one the ratios will be about the same.`;
  const sections = /** @type {[string, (found: unknown) => void][]} */ (Object.entries(SECTIONS));
  for (const [name, draw] of sections) {
    if (!(name in parts)) continue;
    const { measured, found } = parts[name];
    draw(found);
    element('p', measuredAt(measured, machine.cores), main).className = 'note';
  }
}
