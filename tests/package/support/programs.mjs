// Programs that a test runs: to their end, or until it has seen enough.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modules } from './fixture.mjs';

/** How long a server on a busy machine may take to start, and a program to
 * end: less than its test, so that nothing is left behind. */
const PATIENCE = 240_000;
const END = 800_000;

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
  const { child, output, closed } = start(program, parameters, options);
  const patience = setTimeout(kill, END, child, 'SIGKILL');
  const [code, signal] = await closed;
  clearTimeout(patience);
  if (code !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${code ?? signal}:\n${output.text}`);
  return output.text;
}

/** Runs a server, and `use` with the first group of `pattern` once that is
 * found in what the server says. */
export async function serving(program, parameters, pattern, options, use) {
  const { child, output, closed } = start(program, parameters, options);
  const said = new Promise((resolve) => {
    const look = () => {
      const found = pattern.exec(output.text.replaceAll(/\x1b\[[\d;]*m/g, ''));
      if (found) resolve(found[1]);
    };
    for (const stream of child.stdio.slice(1)) stream.on('data', look);
  });
  const ended = closed.then(() => Promise.reject(new Error('the server ended')));
  ended.catch(() => {});
  let patience;
  const late = new Promise((_, reject) => (patience = setTimeout(() => reject(new Error('the server does not say that it is ready')), PATIENCE)));
  try {
    await use(await Promise.race([said, ended, late]));
  } catch (error) {
    error.message += `\n${program} ${parameters.join(' ')} said:\n${output.text}`;
    throw error;
  } finally {
    clearTimeout(patience);
    kill(child, 'SIGTERM');
    patience = setTimeout(kill, 5_000, child, 'SIGKILL');
    await closed;
    clearTimeout(patience);
    // What it left behind.
    kill(child, 'SIGKILL');
  }
}

function kill({ pid }, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
