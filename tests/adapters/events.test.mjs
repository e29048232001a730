// The parser of evertoken/events, and how a stream is given up, waited for and
// asked for again, in Node.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEvents } from '../../pkg-template/events.js';
import { parser } from '../../pkg-template/events/parser.js';

/** What a stream says, cut into pieces of `size` bytes. */
function parsed(text, size = Infinity) {
  const said = { events: [], ids: [], delays: [] };
  const parse = parser({
    dispatch: (type, data) => said.events.push([type, data]),
    identify: (id) => said.ids.push(id),
    retry: (ms) => said.delays.push(ms),
  });
  const bytes = new TextEncoder().encode(text);
  for (let from = 0; from < bytes.length; from += size) parse(bytes.subarray(from, from + size));
  return said;
}

const EVENTS = [
  ['data: one\n\n', { events: [['message', 'one']] }],
  ['\ufeffdata: one\r\rdata:two\r\n\r\n', { events: [['message', 'one'], ['message', 'two']] }],
  ['data:  one\ndata\ndata:\n\n', { events: [['message', ' one\n\n']] }],
  ['data\n\n', { events: [['message', '']] }],
  ['event: own\n\ndata: one\n\n', { events: [['message', 'one']] }],
  ['event: own\nevent: other\ndata: €😀\n\n', { events: [['other', '€😀']] }],
  [': one\n:\n\ndata: never ended\n', { events: [] }],
  ['id: 7\n\nid: 8\ndata: one\n\nid: 9\n', { events: [['message', 'one']], ids: ['7', '8'] }],
  ['id: 7\nid: a\0b\n\nid\n\n', { ids: ['7', ''] }],
  ['id: Grüße\n\n', { ids: ['Grüße'] }],
  ['retry: 300\nretry: 3e2\nretry: -1\nretry:\nretry: 99999999999\n', { delays: [300, 99_999_999_999] }],
  ['data: {"a":":"}\nother: x\nDATA: x\n\n', { events: [['message', '{"a":":"}']] }],
];

for (const [text, expected] of EVENTS) {
  test(`${JSON.stringify(text)} is read as the standard says, however it is cut`, () => {
    for (const size of [Infinity, 1, 2, 3, 5]) assert.deepEqual(parsed(text, size), { events: [], ids: [], delays: [], ...expected }, `pieces of ${size}`);
  });
}

test('an event costs what it is long, however it is cut', { timeout: 60_000 }, () => {
  const time = (length) => {
    const from = performance.now();
    const { events } = parsed(`data: ${'x'.repeat(length)}\n\n`, 4);
    assert.equal(events[0][1].length, length);
    return performance.now() - from;
  };
  time(100_000);
  const [short, long] = [time(200_000), time(3_200_000)];
  // Sixteen times the length; what is quadratic takes 256 times as long.
  assert.ok(long < 80 * short, `${short} ms and ${long} ms`);
});

/** A manager that is signed in, and answers as it is told. */
function manager(answer) {
  const calls = [];
  const auth = {
    snapshot: { status: 'signed-in' },
    getToken: async () => 'token',
    on: () => () => {},
    async fetch(url, init) {
      calls.push(init);
      return answer(calls.length, init);
    },
  };
  return { auth, calls };
}

const stream = (text) => new Response(text, { headers: { 'content-type': 'text/event-stream' } });

/** The milliseconds that are waited for before each further attempt. */
async function delays(t, answer, count) {
  const waited = [];
  const { setTimeout: later } = globalThis;
  t.mock.method(Math, 'random', () => 0);
  t.mock.method(globalThis, 'setTimeout', (run, ms, ...rest) => {
    if (ms < 250) return later(run, ms, ...rest);
    waited.push(ms);
    if (waited.length === count) return queueMicrotask(() => stop.abort());
    return later(run, 0, ...rest);
  });
  const stop = new AbortController();
  const { auth, calls } = manager(answer);
  const { closed } = openEvents(auth, 'https://api.example.com/events', { signal: stop.signal });
  await closed;
  return { waited, calls };
}

test('an id beyond latin-1 comes back as the bytes it has in UTF-8', async (t) => {
  const { calls } = await delays(t, (n) => stream(n === 1 ? 'id: 7-€\ndata: one\n\n' : ''), 2);
  const id = calls[1].headers.get('last-event-id');
  assert.equal(Buffer.from(id, 'latin1').toString('utf8'), '7-€');
});

const refused = (retryAfter) => () => new Response('', { status: 503, headers: { 'retry-after': retryAfter } });
for (const [name, answer, low, high = low] of [
  ['a retry beyond what a timer takes', () => stream('retry: 99999999999\n\n'), 2 ** 31 - 1],
  ['a retry of a hundred digits', () => stream(`retry: ${'9'.repeat(400)}\n\n`), 2 ** 31 - 1],
  ['a retry of nothing', () => stream('retry: 0\n\n'), 250],
  ['Retry-After in seconds', refused('5'), 5000],
  ['Retry-After beyond what a timer takes', refused('99999999999'), 2 ** 31 - 1],
  ['Retry-After that is a date', () => refused(new Date(Date.now() + 30_000).toUTCString())(), 28_000, 30_000],
  ['Retry-After that is a date gone by', refused('Wed, 21 Oct 2015 07:28:00 GMT'), 250],
  ['Retry-After that is nothing', refused('soon'), 250],
]) {
  test(`${name} is waited for as long as a timer can`, async (t) => {
    const { waited } = await delays(t, answer, 1);
    assert.ok(waited[0] >= low && waited[0] <= high, `${waited[0]} ms`);
  });
}

test('a stream is given up at once when its signal aborts, and its body let go', { timeout: 10_000 }, async () => {
  let cancelled = false;
  // Another implementation of fetch, whose body knows of no signal.
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('data: one\n\n')), cancel: () => void (cancelled = true) });
  const { auth } = manager(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  const stop = new AbortController();
  const { closed } = openEvents(auth, '/events', { signal: stop.signal, onMessage: () => stop.abort() });
  assert.equal((await closed).reason, 'closed');
  assert.equal(cancelled, true);
});

test('an answer that never comes is given up at once too', { timeout: 10_000 }, async () => {
  const stop = new AbortController();
  const { auth } = manager(() => (queueMicrotask(() => stop.abort()), new Promise(() => {})));
  assert.equal((await openEvents(auth, '/events', { signal: stop.signal }).closed).reason, 'closed');
});

test('a refused answer is let go before the next attempt', async (t) => {
  let cancelled = 0;
  const body = () => new ReadableStream({ cancel: () => void cancelled++ });
  await delays(t, () => new Response(body(), { status: 503 }), 3);
  assert.equal(cancelled, 3);
});

test('what was closed leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const { auth } = manager(() => stream(''));
  const connection = openEvents(auth, '/events', { onState: (state) => state === 'waiting' && connection.close() });
  await connection.closed;
  assert.equal(timers(), before);
});
