// What a request and a refresh cost when there is much of something. Each
// gives microseconds of a request and of a refresh, for a number of them.
import { createTokenManager } from 'evertoken';
import { added, middle, oneByOne, timed } from './measure.js';
import { makeWorld, tokenOf } from './world.js';

const REFRESHES = 7;
const bare = (world) => (path) => world.fetch(world.api + path);

async function managed(world, config) {
  globalThis.fetch = world.fetch;
  const auth = await createTokenManager({ baseUrl: world.api, refresh: '/refresh', refreshToken: { in: 'body' }, proactive: false, ...config });
  await auth.setTokens({ accessToken: world.access, refreshToken: world.refresh, expiresIn: 600 });
  return auth;
}

/** The first refresh waits for tabs that may be about to answer. */
async function refreshes(auth) {
  await auth.refresh();
  const turns = [];
  for (let i = 0; i < REFRESHES; i++) turns.push(await timed(() => auth.refresh()));
  return middle(turns) * 1000;
}

const quick = (options) => makeWorld({ lifetime: 600, refreshMs: 0, ...options });
const through = (auth) => (path) => auth.fetch(path);

/** Callers who wait for a refresh, while the held token is good for requests;
 * the refresh is what it takes to answer all of them. */
export async function waiting(count) {
  const world = makeWorld({ lifetime: 600, refreshMs: 0 });
  const auth = await managed(world);
  await auth.refresh();
  let answer;
  world.gate = new Promise((resolve) => (answer = resolve));
  const all = Array.from({ length: count }, () => auth.refresh());
  const request = await added(oneByOne, through(auth), bare(world));
  const refresh = await timed(async () => {
    answer();
    await Promise.all(all);
  });
  return { request, refresh: refresh * 1000, calls: world.calls };
}

/** Listeners to the snapshot. */
export async function subscribers(count) {
  const world = quick();
  const auth = await managed(world);
  let heard = 0;
  for (let i = 0; i < count; i++) auth.subscribe(() => heard++);
  const found = { request: await added(oneByOne, through(auth), bare(world)), refresh: await refreshes(auth) };
  // All of them were told of the start and of the end of each.
  if (count && heard < count * REFRESHES) throw new Error('not all subscribers were told');
  return found;
}

/** Allowed origins, the last of which is asked. */
export async function origins(count) {
  const world = quick();
  const attachTo = Array.from({ length: count }, (_, i) => (i < count - 1 ? `https://api-${i}.example` : world.api));
  const auth = await managed(world, { attachTo });
  const request = await added(oneByOne, (path) => auth.fetch(world.api + path), bare(world));
  return { request, refresh: await refreshes(auth) };
}

/** The same with origins that are allowed below a path only. */
export async function paths(count) {
  const world = quick();
  const attachTo = Array.from({ length: count }, (_, i) => `${i < count - 1 ? `https://api-${i}.example` : world.api}/data`);
  const auth = await managed(world, { attachTo });
  const request = await added(oneByOne, (path) => auth.fetch(world.api + path), bare(world));
  return { request, refresh: await refreshes(auth) };
}

/** Bytes of claims. */
export async function claims(bytes) {
  const filler = 'x'.repeat(bytes);
  const world = quick({ claims: { filler } });
  world.access = tokenOf(600, 0, { filler });
  const auth = await managed(world);
  const found = { request: await added(oneByOne, through(auth), bare(world)), refresh: await refreshes(auth) };
  if (auth.snapshot.claims.filler.length !== bytes) throw new Error('the claims have not arrived');
  return found;
}

/** Tabs that share the session, all of them in this process and thread: what
 * a refresh costs them is in it. */
export async function tabs(count) {
  const world = quick();
  const others = await Promise.all(Array.from({ length: count - 1 }, tab));
  const auth = await managed(world);
  await Promise.all(others.map(({ isSignedIn }) => isSignedIn));
  const found = { request: await added(oneByOne, through(auth), bare(world)), refresh: await refreshes(auth) };
  if (world.calls !== 1 + REFRESHES) throw new Error('a tab made a call of its own');
  return found;
}

async function tab() {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  await new Promise((resolve) => {
    frame.onload = resolve;
    frame.src = '/tab';
  });
  const { makeTab } = await frame.contentWindow.eval("import('/growth.js')");
  return makeTab();
}

/** Runs in the frame. The promise is in an object: nobody awaits it here. */
export async function makeTab() {
  const auth = await createTokenManager({ baseUrl: location.origin, refresh: '/refresh', refreshToken: { in: 'body' }, proactive: false });
  const isSignedIn = new Promise((resolve) => {
    const look = () => auth.snapshot.status === 'signed-in' && resolve();
    auth.subscribe(look);
    look();
  });
  return { isSignedIn };
}
