// Requests that really go to a server on this machine.
import { tokenOf } from './world.js';

const BLOCK = 50;
const BLOCKS = 6;

async function timed(get) {
  const start = performance.now();
  for (let i = 0; i < BLOCK; i++) {
    const response = await get('/data');
    // axios has read the body already.
    if (response instanceof Response) await response.text();
  }
  return (performance.now() - start) / BLOCK;
}

/** Milliseconds of a request with bare fetch and with a peer, in turns. */
export async function loopback({ make }) {
  const api = location.origin;
  const access = tokenOf(600);
  const { get } = await make({ api, access, refresh: tokenOf(3600), lifetime: 600, calls: 0 });
  const bare = (path) => fetch(api + path, { headers: { Authorization: `Bearer ${access}` } });
  await timed(bare);
  await timed(get);
  const pairs = [];
  for (let i = 0; i < BLOCKS; i++) pairs.push({ bare: await timed(bare), peer: await timed(get) });
  return pairs;
}
