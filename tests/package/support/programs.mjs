// Programs that a test runs: to their end, or until it has seen enough.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from './fixture.mjs';

/** How long a server on a busy machine may take to start. */
const PATIENCE = 150_000;

/** Node.js of a later major, for tools that need one. */
export function node(major) {
  const name = `node-${major}-${process.platform}-${process.arch}`;
  const program = join(modules(), name, 'bin/node');
  if (!existsSync(program)) throw new Error(`tests/package/package.json names no Node.js ${major} for ${process.platform}-${process.arch}`);
  return program;
}

function start(program, parameters, { cwd, env = {}, stdio = [] }) {
  const child = spawn(program, parameters, {
    cwd,
    // A group of its own: some leave workers behind when they are ended.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...stdio],
    env: { ...process.env, CI: 'true', NO_COLOR: '1', NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined, ...env },
  });
  const output = { text: '' };
  for (const stream of child.stdio.slice(1)) stream.setEncoding('utf8').on('data', (text) => (output.text += text));
  const closed = once(child, 'close');
  return { child, output, closed };
}

/** Runs a program to its end; gives what it said. */
export async function finish(program, parameters, options) {
  const { output, closed } = start(program, parameters, options);
  const [code, signal] = await closed;
  if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${code ?? signal}:\n${output.text}`);
  return output.text;
}

/** Runs a server until it has said something that `pattern` finds; gives its
 * first group and the function that ends it. */
export async function serve(program, parameters, pattern, options) {
  const { child, output, closed } = start(program, parameters, options);
  const said = new Promise((resolve) => {
    const look = () => {
      const found = pattern.exec(output.text.replaceAll(/\x1b\[[\d;]*m/g, ''));
      if (found) resolve(found[1]);
    };
    for (const stream of child.stdio.slice(1)) stream.on('data', look);
  });
  const silent = (what) => new Error(`${program} ${parameters.join(' ')} ${what}:\n${output.text}`);
  const ended = closed.then(() => {
    throw silent('ended');
  });
  ended.catch(() => {});
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const stop = async () => {
    kill('SIGTERM');
    const patience = setTimeout(kill, 5_000, 'SIGKILL');
    await closed;
    clearTimeout(patience);
    kill('SIGKILL');
  };
  let patience;
  const late = new Promise((_, reject) => (patience = setTimeout(() => reject(silent('is not ready')), PATIENCE)));
  try {
    return { found: await Promise.race([said, ended, late]), stop };
  } catch (error) {
    kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(patience);
  }
}
