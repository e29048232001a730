// evertoken/socket and evertoken/events: WebSockets and server-sent events.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import { suite } from './support/suite.mjs';

const app = suite();

const code = `
  import { TokenError, createTokenManager } from 'evertoken';
  import { openEvents } from 'evertoken/events';
  import { openSocket, reconnect } from 'evertoken/socket';

  const api = location.hash.slice(1);
  const { setTimeout } = window;
  const clock = { now: () => Date.now(), setTimeout: (run, ms) => setTimeout(run, ms), clearTimeout: (id) => clearTimeout(id) };
  const auth = await createTokenManager({ baseUrl: api, login: '/login', refresh: '/refresh', logout: '/logout', clock });
  await auth.login({ user: 'alice' });
  const delays = [];
  // What is waited between two attempts: the manager has its own clock.
  window.setTimeout = (run, ms, ...rest) => {
    if (!app.watched || ms < 250) return setTimeout(run, ms, ...rest);
    delays.push(ms);
    return setTimeout(run, 0, ...rest);
  };
  window.app = {
    TokenError, auth, api, delays, openEvents, reconnect, states: [], messages: [], watched: false,
    options: {
      onState: (state) => app.states.push(state),
      onMessage: ({ data, type, lastEventId }) => app.messages.push([data, type, lastEventId]),
    },
    open(url, options) {
      app.watched = true;
      app.socket = openSocket(auth, url, { ...app.options, ...options });
      app.closed = app.socket.closed.then(({ reason, error }) => ({ reason, ...(error && { message: error.message }) }));
    },
    listen(url, options) {
      app.watched = true;
      app.events = openEvents(auth, url, { ...app.options, ...options });
      app.closed = app.events.closed.then(({ reason, error }) => ({ reason, ...(error && { message: error.message }) }));
    },
  };
`;
const check = app(code);

/** A WebSocket server; `next()` gives the next `{ socket, request }`. */
async function sockets(t) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: (offered) => [...offered][0] });
  const arrived = [];
  const waits = [];
  server.on('connection', (socket, request) => {
    const said = once(socket, 'message').then(([data]) => data.toString(), () => undefined);
    const connection = { socket, request, said, closed: once(socket, 'close') };
    const wait = waits.shift();
    if (wait) wait(connection);
    else arrived.push(connection);
  });
  await once(server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return {
    url: `ws://127.0.0.1:${server.address().port}/live`,
    next: () => arrived.shift() ?? new Promise((resolve) => waits.push(resolve)),
    get waiting() {
      return arrived.length;
    },
  };
}

const sendToken = (page, url) =>
  page.evaluate((url) => app.open(url, { onOpen: (socket, token) => socket.send(token) }), url);

/** Waits until the page knows that it is connected, which the server knows
 * before: Chrome complains of a socket that is closed in between. */
const connected = (page) => page.waitForFunction(() => app.states.at(-1) === 'open');

check('WebSocket: each connection has a valid token, and none is in the URL (K1)', async ({ t, page, server }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const first = await live.next();
  assert.equal(first.request.url, '/live');
  assert.equal(server.accepts(await first.said), true);
  first.socket.send('hello');
  await page.waitForFunction(() => app.messages.length === 1);
  // The token ends while the connection is there.
  await page.evaluate(() => app.auth.refresh());
  first.socket.close(1001);
  const second = await live.next();
  assert.equal(await second.said, server.of('refresh').length ? await page.evaluate(() => app.auth.getToken()) : '');
  assert.notEqual(await second.said, await first.said);
  await connected(page);
  assert.deepEqual(await page.evaluate(() => app.states), ['connecting', 'open', 'waiting', 'connecting', 'open']);
  assert.equal(await page.evaluate(() => app.socket.send('ping')), true);
  await page.evaluate(() => app.socket.close());
  await second.closed;
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'closed' });
  assert.equal(await page.evaluate(() => app.socket.send('ping')), false);
  assert.equal(await page.evaluate(() => app.states.at(-1)), 'closed');
});

check('WebSocket: the token is in the URL or the subprotocol where the application puts it', async ({ t, page, server }) => {
  const live = await sockets(t);
  await page.evaluate((url) => app.open((token) => `${url}?token=${token}`, { protocols: (token) => ['v1', token] }), live.url);
  const { request } = await live.next();
  assert.equal(server.accepts(new URL(request.url, live.url).searchParams.get('token')), true);
  assert.equal(server.accepts(request.headers['sec-websocket-protocol'].split(',')[1].trim()), true);
});

check('WebSocket: a refused token is replaced, once', async ({ t, page, server }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const tokens = [];
  for (let n = 0; n < 5; n++) {
    const { socket, said } = await live.next();
    tokens.push(await said);
    socket.close(4401);
  }
  assert.equal(server.count('refresh'), 1);
  assert.notEqual(tokens[1], tokens[0]);
  assert.deepEqual(new Set(tokens.slice(1)).size, 1);
  // One that has worked is worth another.
  const { socket } = await live.next();
  socket.send('welcome');
  await page.waitForFunction(() => app.messages.length === 1);
  socket.close(3000);
  const { said } = await live.next();
  assert.notEqual(await said, tokens[1]);
  assert.equal(server.count('refresh'), 2);
});

check('WebSocket: it backs off with full jitter, from 250 ms to the cap', async ({ t, page }) => {
  const live = await sockets(t);
  await page.evaluate((url) => {
    Math.random = () => 0.5;
    app.open(url, { baseMs: 1000, capMs: 6000 });
  }, live.url);
  for (let n = 0; n < 6; n++) (await live.next()).socket.close(1011);
  await live.next();
  assert.deepEqual(await page.evaluate(() => app.delays.slice(0, 6)), [500, 1000, 2000, 3000, 3000, 3000]);
});

check('WebSocket: what the server says starts the back-off anew; it is never below 250 ms', async ({ t, page }) => {
  const live = await sockets(t);
  await page.evaluate((url) => {
    Math.random = () => 0.1;
    app.open(url);
  }, live.url);
  for (let n = 0; n < 5; n++) (await live.next()).socket.close(1011);
  const { socket } = await live.next();
  socket.send('hello');
  await page.waitForFunction(() => app.messages.length === 1);
  socket.close(1011);
  await live.next();
  assert.deepEqual(await page.evaluate(() => app.delays.slice(0, 6)), [250, 250, 400, 800, 1600, 250]);
});

check('WebSocket: while no token can be had it waits as long as the manager says', async ({ t, page }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const { socket } = await live.next();
  await page.evaluate(() => {
    Math.random = () => 0;
    const { auth } = app;
    const { getToken } = auth;
    let times = 0;
    app.asked = new Promise((resolve) => {
      auth.getToken = async (options) => {
        if (options.refresh) return getToken.call(auth, options);
        if (++times === 3) resolve(app.delays.slice(0, 3));
        throw new app.TokenError('refresh-unavailable', { retryable: true, retryAfterMs: 7000 });
      };
    });
  });
  socket.close(1001);
  assert.deepEqual(await page.evaluate(() => app.asked), [250, 7000, 7000]);
  assert.equal(live.waiting, 0, 'without a valid token nothing connects');
  await page.evaluate(() => app.socket.close());
});

check('WebSocket: signing out ends it, in the middle of a wait too', async ({ t, page }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const { closed } = await live.next();
  await connected(page);
  await page.evaluate(() => app.auth.logout({ local: true }));
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'signed-out' });
  await closed;
  await sendToken(page, live.url);
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'signed-out' });
  assert.equal(live.waiting, 0, 'signed out, nothing connects');
});

check('WebSocket: a session that the server ended ends it', async ({ t, page, server }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const { socket } = await live.next();
  server.revoke();
  socket.close(4401);
  const { reason } = await page.evaluate(() => app.closed);
  assert.equal(reason, 'signed-out');
});

check('WebSocket: disposing of the manager, and the signal, end it', async ({ t, page }) => {
  const live = await sockets(t);
  await page.evaluate((url) => {
    app.stop = new AbortController();
    app.open(url, { signal: app.stop.signal });
  }, live.url);
  const first = await live.next();
  await connected(page);
  await page.evaluate(() => app.stop.abort());
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'closed' });
  await first.closed;
  await sendToken(page, live.url);
  const second = await live.next();
  await connected(page);
  await page.evaluate(() => app.auth.dispose());
  assert.equal((await page.evaluate(() => app.closed)).reason, 'disposed');
  await second.closed;
});

check('WebSocket: another user has another connection, at once', async ({ t, page, server }) => {
  const live = await sockets(t);
  await sendToken(page, live.url);
  const first = await live.next();
  await connected(page);
  await page.evaluate(() => app.auth.login({ user: 'bob' }));
  const second = await live.next();
  await first.closed;
  assert.notEqual(await second.said, await first.said);
  assert.deepEqual(await page.evaluate(() => app.delays), []);
  assert.equal(server.count('refresh'), 0);
});

check('WebSocket: an address that is none, and a listener that throws', async ({ t, page, complaints }) => {
  await page.evaluate(() => app.open('ftp://127.0.0.1/'));
  assert.equal((await page.evaluate(() => app.closed)).reason, 'failed');
  const live = await sockets(t);
  await page.evaluate((url) => app.open(url, { onMessage: () => { throw new Error('mine'); } }), live.url);
  const { socket } = await live.next();
  socket.send('one');
  await page.waitForEvent('console', (message) => message.text().includes('a listener failed'));
  assert.equal(await page.evaluate(() => app.socket.send('still there')), true);
  complaints.length = 0;
});

/** Answers a stream of events, piece by piece. */
function stream(call) {
  call.answered = true;
  const { origin } = call.headers;
  call.response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'access-control-allow-origin': origin });
  call.response.flushHeaders();
  return call.response;
}

check('events: they are read as the standard says, with the token in the header', async ({ page, server }) => {
  const streams = [];
  server.on('api', (call) => void streams.push([call, stream(call)]));
  await page.evaluate(() => app.listen('/api/events'));
  const call = await server.seen('api');
  assert.equal(server.accepts(call.token), true);
  assert.equal(call.search, '');
  assert.equal(call.headers.accept, 'text/event-stream');
  const [, response] = streams[0];
  const pieces = ['\ufeffdata: one\n\n', ': comment\n\ndata:two\r', '\ndata: lines\r\n\r\n', 'event: named\nid: 7\ndata\n\n', 'event: nothing\n\nid: 8\rdata: {"a":":"}\r', '\rdata: never ended'];
  for (const piece of pieces) response.write(piece);
  const euro = Buffer.from('\n\ndata: €\n\n');
  response.write(euro.subarray(0, 9));
  response.write(euro.subarray(9));
  await page.waitForFunction(() => app.messages.length === 6);
  assert.deepEqual(await page.evaluate(() => app.messages), [
    ['one', 'message', ''],
    ['two\nlines', 'message', ''],
    ['', 'named', '7'],
    ['{"a":":"}', 'message', '8'],
    ['never ended', 'message', '8'],
    ['€', 'message', '8'],
  ]);
  await page.evaluate(() => app.events.close());
  await call.closed;
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'closed' });
});

check('events: asked for again, they go on where they were, with a token that is valid then', async ({ page, server }) => {
  server.on('api', (call) => stream(call).end('retry: 300\nid: 7\ndata: one\n\n'), 1);
  await page.evaluate(() => {
    Math.random = () => 0;
    app.listen('/api/events');
  });
  await page.waitForFunction(() => app.delays.length > 0);
  assert.equal(await page.evaluate(() => app.delays[0]), 300);
  const again = await server.seen('api', 2);
  assert.equal(again.headers['last-event-id'], '7');
});

check('events: what passes is tried again, what does not ends it', async ({ page, server }) => {
  server.on('api', (call) => call.reply(404, 'none'));
  server.on('api', (call) => call.reply(503, '', { 'retry-after': '5' }), 1);
  server.on('api', (call) => call.drop(), 1);
  await page.evaluate(() => {
    Math.random = () => 0;
    app.listen('/api/events');
  });
  const closed = await page.evaluate(() => app.closed);
  assert.equal(closed.reason, 'failed');
  assert.equal(closed.message, 'expected 200 and text/event-stream, found 404 and text/plain');
  assert.deepEqual(await page.evaluate(() => app.delays), [250, 5000]);
});

check('events: signing out ends them', async ({ page, server }) => {
  server.on('api', (call) => void stream(call));
  await page.evaluate(() => app.listen('/api/events'));
  const call = await server.seen('api');
  await connected(page);
  await page.evaluate(() => app.auth.logout({ local: true }));
  assert.deepEqual(await page.evaluate(() => app.closed), { reason: 'signed-out' });
  await call.closed;
});

check('polling: reconnect asks for a valid token each time', async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    app.watched = true;
    const tokens = [];
    const connection = app.reconnect(app.auth, async ({ token, alive }) => {
      tokens.push(token);
      alive();
      if (tokens.length === 3) connection.close();
      return { delayMs: 30_000 };
    });
    const { reason } = await connection.closed;
    return { reason, tokens, delays: app.delays };
  });
  assert.equal(seen.reason, 'closed');
  assert.equal(seen.tokens.length, 3);
  assert.ok(seen.tokens.every((token) => server.accepts(token)));
  assert.deepEqual(seen.delays, [30_000, 30_000]);
});
