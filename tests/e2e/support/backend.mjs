// The embedded backend, as a process of its own on a port of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Starts it; gives its address, its panel and a way to end it. */
export async function startBackend(...options) {
  const root = fileURLToPath(new URL('../../../www', import.meta.url));
  const process_ = spawn(process.env.EVERTOKEN_SERVER, ['--port', '0', '--root', root, '--pkg', process.env.EVERTOKEN_PKG, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(process_, 'exit');
  const ready = (async () => {
    for await (const line of createInterface({ input: process_.stdout })) {
      if (line.startsWith('READY ')) return line.slice('READY '.length);
    }
    throw new Error('the backend ended without a word');
  })();
  const origin = await ready;
  return {
    origin,
    state: async () => (await fetch(`${origin}/panel/state`)).json(),
    order: (name, body = {}) => fetch(`${origin}/panel/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    async stop() {
      process_.kill('SIGTERM');
      await exited;
    },
  };
}
