// The application's tests, for any runner: each gets `equal(found, expected)`.
import { createClock, createKit, createMockServer, idle, jwt } from 'evertoken/testing';
import { connect, loadTitles, signIn } from './app.js';

const posts = ({ path, user }) => (path === '/posts' ? [{ title: `a post of ${user}` }] : undefined);

/** A server and a signed-in application, both on one clock. */
async function start({ manager, ...options } = {}) {
  const clock = createClock(Date.UTC(2030, 0, 1));
  const server = createMockServer({ clock, api: posts, ...options });
  const auth = await connect({ clock, fetch: server.fetch, key: `key-${Math.random()}`, ...manager });
  await signIn(auth, 'alice');
  return { clock, server, auth };
}

export const cases = {
  async 'a user signs in and loads'(equal) {
    const { auth, server } = await start();
    equal(await loadTitles(auth), ['a post of alice']);
    equal(server.of('login')[0].json, { user: 'alice', password: 'secret' });
    const [call] = server.of('api');
    equal([call.method, call.url, call.user, server.accepts(call.token)], ['GET', 'https://api.example.com/posts', 'alice', true]);
    equal((await auth.fetch('/elsewhere')).status, 404);
    equal(auth.snapshot.claims.sub, 'alice');
    auth.dispose();
  },

  async 'ten minutes go by in no time, and the token is renewed'(equal) {
    const { auth, server, clock } = await start({ manager: { proactive: true } });
    const first = await auth.getToken();
    await clock.advance(601_000, auth);
    equal(server.count('refresh'), 1);
    equal(server.accepts(first), false);
    equal(await loadTitles(auth), ['a post of alice']);
    await clock.advance(3_600_000, auth);
    equal(server.count('refresh'), 7);
    equal(server.replays, 0);
    auth.dispose();
    equal(clock.timers, 0);
  },

  async 'after a refused token everybody waits for one refresh'(equal) {
    const { auth, server } = await start();
    server.expire();
    const refresh = server.hold('refresh', 1);
    const loads = [loadTitles(auth), loadTitles(auth), loadTitles(auth)];
    equal((await refresh.arrived).route, 'refresh');
    refresh.release();
    equal(await Promise.all(loads), [['a post of alice'], ['a post of alice'], ['a post of alice']]);
    equal(server.count('refresh'), 1);
    equal(server.count('api'), 6);
    auth.dispose();
  },

  async 'a server that is down is no reason to sign in again'(equal) {
    const { auth, server, clock } = await start();
    server.expire();
    server.fail('refresh', { status: 503, headers: { 'retry-after': '30' } });
    equal(await loadTitles(auth), 'try again later');
    await clock.advance(29_000, auth);
    equal(await loadTitles(auth), 'try again later');
    await clock.advance(1_000, auth);
    equal(await loadTitles(auth), ['a post of alice']);
    server.drop('api');
    equal(await loadTitles(auth).catch((error) => error.name), 'TypeError');
    auth.dispose();
  },

  async 'a session that the server ended is over'(equal) {
    const { auth, server } = await start();
    const reasons = [];
    auth.on('signed-out', ({ reason }) => reasons.push(reason));
    server.revoke();
    equal(server.alive, 0);
    equal(await loadTitles(auth), 'please sign in');
    equal(await loadTitles(auth), 'status 401');
    equal(reasons, ['refresh-rejected']);
    auth.dispose();
  },

  async 'an answer that is lost after the rotation ends the session'(equal) {
    const { auth, server, clock } = await start();
    server.expire();
    server.lose('refresh');
    equal(await loadTitles(auth), 'try again later');
    await clock.advance(120_000, auth);
    equal(await loadTitles(auth), 'please sign in');
    equal(server.replays, 1);
    auth.dispose();
  },

  async 'an answer takes its time on the clock, and waiting can be given up'(equal) {
    const { auth, server, clock } = await start();
    server.delay('api', 5_000);
    const stop = new AbortController();
    const [given, kept] = [loadTitles(auth, { signal: stop.signal }).catch((error) => error), loadTitles(auth)];
    await clock.advance(4_999);
    equal(server.count('api'), 0);
    stop.abort('enough');
    equal(await given, 'enough');
    await clock.advance(1);
    equal(await kept, ['a post of alice']);
    auth.dispose();
  },

  async 'tokens in cookies are kept like those of a browser'(equal) {
    const cookies = { accessToken: { in: 'cookie' }, refreshToken: { in: 'cookie' } };
    const { auth, server } = await start({ accessToken: 'cookie', refreshToken: 'cookie', manager: cookies });
    equal(await loadTitles(auth), ['a post of alice']);
    await auth.refresh();
    equal(server.of('refresh')[0].text, '');
    equal(await loadTitles(auth), ['a post of alice']);
    equal(Object.keys(server.of('api').at(-1).cookies).sort(), ['access', 'refresh']);
    await auth.logout();
    equal(server.alive, 0);
    equal(await loadTitles(auth), 'status 401');
    equal(server.of('api').at(-1).cookies, { '': undefined });
    auth.dispose();
  },

  async 'the server is what the test says'(equal) {
    const server = createMockServer({
      login: '/session',
      signIn: ({ json }) => (json.password === 'right' ? json.name : undefined),
      answer: ({ accessToken, refreshToken, expiresIn }) => ({ data: { jwt: accessToken, refresh_token: refreshToken, expires_in: expiresIn } }),
      claims: (user) => ({ roles: [`${user}s`] }),
      isProtected: (path) => path.startsWith('/private/'),
      lifetimeSeconds: 60,
    });
    const auth = await connect({ login: '/session', fetch: server.fetch, key: `key-${Math.random()}` });
    const refused = await auth.login({ name: 'bob', password: 'wrong' }).catch((error) => error);
    equal([refused.code, refused.status], ['login-rejected', 401]);
    await auth.login({ name: 'bob', password: 'right' });
    equal(auth.snapshot.claims.roles, ['bobs']);
    server.on('open', (call) => call.reply(201, 'made', { 'x-own': '1' }), 1);
    const made = await auth.fetch('/public', { method: 'POST', body: 'ü' });
    equal([made.status, await made.text(), made.headers.get('x-own'), server.calls.at(-1).text], [201, 'made', '1', 'ü']);
    equal((await auth.fetch('/private/x')).status, 200);
    server.lifetimeSeconds = 30;
    await auth.setTokens(server.issue('carol'));
    await idle(auth);
    equal(Math.round((auth.snapshot.expiresAt - Date.now()) / 10_000), 3);
    equal(await (await auth.fetch('/private/x')).json(), { user: 'carol', method: 'GET' });
    await auth.setTokens({ accessToken: jwt({ sub: 'eve' }) });
    equal((await auth.fetch('/private/x').catch((error) => error)).code, 'refresh-rejected');
    auth.dispose();
  },

  async 'a kit disposes of all that a test made'(equal) {
    const kit = createKit({ at: 1_900_000_000_000, api: posts });
    const { clock, server } = kit;
    equal(clock.now(), 1_900_000_000_000);
    const auth = await kit.use(connect({ clock, fetch: server.fetch, key: `key-${Math.random()}`, proactive: true }));
    await signIn(auth, 'alice');
    equal(await loadTitles(auth), ['a post of alice']);
    server.expire();
    server.hold('refresh');
    const waiting = auth.fetch('/posts').catch((error) => error.code);
    const cut = server.fetch('https://api.example.com/refresh', { method: 'POST' }).catch((error) => error.name);
    await server.seen('refresh', 2);
    kit.dispose();
    kit.dispose();
    equal(await waiting, 'disposed');
    equal(await cut, 'TypeError');
    equal(clock.timers, 0);
  },

  async 'a clock that is set back or forward takes no time with it'(equal) {
    const clock = createClock(1_900_000_000_000);
    const fired = [];
    clock.setTimeout(() => fired.push(clock.monotonic()), 1000);
    clock.step(3_600_000);
    equal([clock.now(), clock.monotonic(), clock.next], [1_900_003_600_000, 0, 1_900_003_601_000]);
    await clock.advance(999);
    equal(fired, []);
    clock.step(-7_200_000);
    await clock.advance(1);
    equal(fired, [1000]);
    clock.setTimeout(() => fired.push(clock.monotonic()), 1000);
    clock.jump(5000);
    equal(fired, [1000, 6000]);
    clock.at -= 1000;
    equal(clock.monotonic(), 6000);
  },
};
