// The parts of bench.json as tables of text.
import { digits, shown } from './figures.mjs';

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|---|${'--:|'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n');
}

const refusal = (row) => (row.refused ? `${row.title ?? row.name} (could not be driven: ${row.refused})` : (row.title ?? row.name));

function waited(found) {
  if (!found) return '';
  const heap = Number.isFinite(found.heap) ? ` / ${digits(found.heap / 1e6)}` : '';
  return `${found.calls} / ${found.ok} / ${digits(found.ms.median, 0)}${heap}`;
}

function times(row, rows) {
  const own = rows.find(({ name }) => name === 'evertoken')?.alone?.median;
  return digits(row.alone?.median / own);
}

function peers(rows) {
  const head = ['', 'brotli B (gzip)', 'us added to a request', 'times ours', 'us each of 1,000 at once', 'cold, ms', 'ready on a 4 times slower CPU, ms', '1,000 waiting: calls / answered / ms / MB', '10,000 waiting'];
  const sorted = [...rows].sort((a, b) => a.brotli - b.brotli);
  return table(
    head,
    sorted.map((row) => [
      refusal(row),
      `${row.brotli} (${row.gzip})`,
      shown(row.alone, 2),
      times(row, rows),
      shown(row.parallel, 2),
      shown(row.cold),
      shown(row.slowReady),
      waited(row.waiting1000),
      waited(row.waiting10000),
    ]),
  );
}

function loopback(rows) {
  const sorted = [...rows].sort((a, b) => a.ratio?.median - b.ratio?.median);
  return table(
    ['over loopback', 'ms a request', 'times bare fetch'],
    sorted.map((row) => [refusal(row), shown(row.ms, 2), shown(row.ratio, 2)]),
  );
}

function decoding(rows) {
  const sizes = Object.keys(rows[0].sizes);
  return table(
    ['is this token expired, us', ...sizes],
    rows.map(({ name, sizes: of }) => [name, ...sizes.map((size) => shown(of[size]))]),
  );
}

function growth(rows) {
  return table(
    ['growth', 'us added to a request', 'us a refresh'],
    rows.map((row) => [`${row.count.toLocaleString('en')} ${row.title}`, shown(row.request, 2), shown(row.refresh, 0)]),
  );
}

function profile({ requests, total, wasm, rows, calls }) {
  const share = (us) => `${digits((us / total) * 100)} %`;
  const functions = table(
    [`self time over ${requests.toLocaleString('en')} requests`, 'us a request', 'share'],
    [...rows.map(({ name, us }) => [name, digits(us, 3), share(us)]), ['all of WebAssembly', digits(wasm, 3), share(wasm)]],
  );
  return `${functions}\n\n${table(['in these requests', 'calls'], Object.entries(calls))}`;
}

function firefox({ rows, decoding: decoded }) {
  const requests = table(
    ['Firefox', 'us added to a request', 'us each of 1,000 at once', '1,000 waiting: calls / answered / ms'],
    rows.map((row) => [refusal(row), shown(row.alone, 2), shown(row.parallel, 2), waited(row.waiting1000)]),
  );
  return `${requests}\n\n${decoding(decoded)}`;
}

export const TABLES = { peers, loopback, decoding, growth, profile, firefox };
