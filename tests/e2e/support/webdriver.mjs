// Browsers that are driven as W3C WebDriver says: Firefox and WebKitGTK.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { FIREFOX, GECKODRIVER, MINIBROWSER, WEBKITWEBDRIVER, XVFB } = process.env;
/** How long a page may take for what it is asked. */
const PATIENCE_MS = 30_000;

const BROWSERS = {
  Firefox: {
    driver: GECKODRIVER,
    args: (port) => [`--port=${port}`, '--websocket-port=0'],
    capabilities: { 'moz:firefoxOptions': { binary: FIREFOX, args: ['-headless'] } },
  },
  WebKitGTK: {
    driver: WEBKITWEBDRIVER,
    args: (port) => [`--port=${port}`],
    capabilities: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary: MINIBROWSER, args: ['--automation'] } },
    display: XVFB,
  },
};
export const NAMES = Object.keys(BROWSERS);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A tab; what it evaluates runs one at a time over all tabs of a browser. */
class Tab {
  #browser;
  #handle;

  constructor(browser, handle) {
    this.#browser = browser;
    this.#handle = handle;
  }

  async #command(path, body) {
    await this.#browser.command('POST', '/window', { handle: this.#handle });
    return this.#browser.command('POST', path, body);
  }

  goto(url) {
    return this.#command('/url', { url });
  }

  reload() {
    return this.#command('/refresh', {});
  }

  async close() {
    await this.#browser.command('POST', '/window', { handle: this.#handle });
    await this.#browser.command('DELETE', '/window');
    // A command has to go to a window that is there, even one that opens another.
    await this.#browser.command('POST', '/window', { handle: this.#browser.first });
  }

  /** Calls a function in the page and gives what its promise gives. */
  async evaluate(run, argument) {
    const script = `
      const [argument, done] = arguments;
      Promise.resolve(argument).then(${run}).then(
        (value) => done({ value }),
        // The stack of some browsers has no message in it.
        (error) => done({ error: [error, error?.cause, error?.stack].filter(Boolean).join('\\n') }));`;
    const { value, error } = await this.#command('/execute/async', { script, args: [argument ?? null] });
    if (error) throw new Error(error);
    return value;
  }
}

export class Browser {
  #processes = [];
  #profile;
  #root;
  /** The handle of the window that the browser began with. */
  first;

  static async launch(name) {
    const { driver, args, capabilities, display } = BROWSERS[name];
    const browser = new Browser();
    try {
      await browser.#launch(driver, args, capabilities, display);
    } catch (error) {
      await browser.close();
      throw new Error(`${name} cannot be started by ${driver}: ${error.message}`, { cause: error });
    }
    return browser;
  }

  async #launch(driver, args, capabilities, display) {
    this.#profile = await mkdtemp(join(tmpdir(), 'evertoken-browser-'));
    const env = { ...process.env, HOME: this.#profile, TMPDIR: this.#profile };
    if (display) env.DISPLAY = await this.#screen(display);
    const port = await freePort();
    this.#root = `http://127.0.0.1:${port}`;
    this.#spawn(driver, args(port), { env, stdio: 'ignore' });
    await this.#ready();
    const { sessionId } = await this.command('POST', '/session', { capabilities: { alwaysMatch: capabilities } });
    this.#root += `/session/${sessionId}`;
    await this.command('POST', '/timeouts', { script: PATIENCE_MS, pageLoad: PATIENCE_MS });
    this.first = await this.command('GET', '/window');
  }

  #spawn(program, args, options) {
    const child = spawn(program, args, options);
    // A program that cannot be started has no process to end.
    child.ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    this.#processes.push(child);
    return child;
  }

  /** Starts a screen that nobody sees; gives its name. */
  async #screen(program) {
    const child = this.#spawn(program, ['-displayfd', '1', '-nolisten', 'tcp', '-screen', '0', '1024x768x24'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const number = await Promise.race([once(child.stdout, 'data'), child.ended.then(() => [''])]);
    if (!String(number[0]).trim()) throw new Error(`${program} gave no screen`);
    return `:${String(number[0]).trim()}`;
  }

  /** Waits until the driver listens, which it does not tell. */
  async #ready() {
    for (const until = Date.now() + PATIENCE_MS; ; ) {
      try {
        return await this.command('GET', '/status');
      } catch (error) {
        if (Date.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async command(method, path, body) {
    const response = await fetch(this.#root + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(2 * PATIENCE_MS),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }

  async open() {
    const { handle } = await this.command('POST', '/window/new', { type: 'tab' });
    return new Tab(this, handle);
  }

  async close() {
    if (this.#root?.includes('/session/')) await this.command('DELETE', '').catch(() => {});
    for (const child of this.#processes.reverse()) {
      child.kill();
      await child.ended;
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
