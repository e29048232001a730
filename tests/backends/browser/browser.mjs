// One browser and one page server for a test file, a backend for each suite in it.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { startBackend } from '../harness.mjs';
import { moduleOf } from './guide.mjs';
import { servePages } from './pages.mjs';

export const PASSWORD = 'Password1!';

/** Long enough for twenty requests, short enough to be waited for. */
const ACCESS_SECONDS = 4;
/** `iat` and `exp` are whole seconds, so that up to one is lost. */
const LEAST_LIFE_MS = (ACCESS_SECONDS - 1) * 1000;
const ATTEMPTS = 6;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;
let pages;
before(async () => {
  pages = await servePages();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
    // A page that the back button brings back as it was is a case of its own.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
});
after(async () => {
  await browser?.close();
  pages?.stop();
});

/** A visitor's browser: pages that share cookies and storage, and what the backend saw of them. */
class Visit {
  /** How many requests the page asked for. */
  asked = 0;
  complaints = [];

  /** @param urlOf gives the page's address: `urlOf({ block, host })` */
  constructor(context, backend, system, urlOf) {
    Object.assign(this, { context, backend, system, urlOf });
  }

  /** Opens the application in a tab; `block` and `host` in place of the setting's. */
  async open(options) {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error?.stack ?? error)));
    await page.goto(await this.urlOf(options));
    await page.evaluate(() => kit.app.then(() => {}));
    return page;
  }

  get user() {
    return this.system.user;
  }

  /** Gives the answer of the login. */
  signIn(page) {
    const credentials = [this.user, PASSWORD];
    return page.evaluate(async (credentials) => (await kit.app).signIn(...credentials), credentials);
  }

  /** Opens the application and signs in. */
  async enter(options) {
    const page = await this.open(options);
    await this.signIn(page);
    return page;
  }

  /** The page waits until its access token has ended. */
  ended(page) {
    return page.evaluate((url) => kit.ended(url), this.backend.url + this.system.resource);
  }

  /** What one request came to. */
  outcome(page) {
    this.asked++;
    return page.evaluate(async (path) => {
      const { auth } = await kit.app;
      return kit.outcome(auth.fetch(path).then(({ status }) => status));
    }, this.system.resource);
  }

  /** The statuses of `count` requests at once. */
  burst(page, count) {
    this.asked += count;
    return page.evaluate(([count, path]) => kit.burst(count, path), [count, this.system.resource]);
  }

  /**
   * Twenty requests, shared by the tabs, after the end of the access token; gives their statuses and what
   * the backend saw. On a machine that is too slow for it the next token ends meanwhile, which proves
   * nothing: that is tried again.
   */
  async twentyAfterTheEnd(...tabs) {
    for (let attempt = 1; ; attempt++) {
      await Promise.all(tabs.map((tab) => this.ended(tab)));
      const from = performance.now();
      let statuses;
      const log = await this.seen(async () => {
        statuses = (await Promise.all(tabs.map((tab) => this.burst(tab, 20 / tabs.length)))).flat();
      });
      if (performance.now() - from < LEAST_LIFE_MS || attempt === ATTEMPTS) return { statuses, log };
    }
  }

  /** The status of a request that is made again as often as the manager allows. */
  insist(page) {
    this.asked++;
    return page.evaluate((path) => kit.insist(path), this.system.resource);
  }

  /** The application shows what it is for. */
  show(page) {
    this.asked++;
    return page.evaluate(async () => (await kit.app).show());
  }

  shown(page) {
    return page.evaluate(() => document.querySelector('#data').textContent);
  }

  signOut(page) {
    return page.evaluate(async () => (await kit.app).signOut());
  }

  /** Resolves when the backend has answered the call to sign out, for which a page does not wait. */
  async signedOutThere() {
    const answered = ({ method, path, status }) => method !== 'OPTIONS' && path === this.system.logout && status !== null;
    while (!(await this.backend.log()).some(answered)) await new Promise((done) => setTimeout(done, 20));
  }

  /** `{ status, stale, events }` of a page. */
  state(page) {
    return page.evaluate(async () => {
      const { auth } = await kit.app;
      return { status: auth.snapshot.status, stale: auth.snapshot.stale, events: kit.types };
    });
  }

  /** What the backend sees while `action` runs, without preflights. */
  async seen(action) {
    const { length } = await this.backend.log();
    await action();
    return (await this.backend.log()).slice(length).filter(({ method }) => method !== 'OPTIONS');
  }

  /** No call to the endpoints carries an access token, and nothing else does that the page did not ask for. */
  check(log) {
    const { logout, resource } = this.system;
    const carriers = log.filter(carries);
    const others = carriers.filter(({ path }) => path !== resource && path !== logout);
    assert.deepEqual(paths(others), [], 'these carry an access token');
    // One that is refused is sent a second time.
    const answered = carriers.filter(({ path, status }) => path === resource && status !== 401);
    assert.ok(answered.length <= this.asked, `${answered.length} requests carry a token, the page asked for ${this.asked}`);
    assert.deepEqual(this.complaints, [], 'a page threw, or a rejection was not handled');
  }
}

/**
 * Starts a backend for the tests of a suite; gives `visit(run)`, the body of a test with a browser of
 * its own.
 * @param block the title of the guide's block that the page runs
 */
export function backendOf(system, { args = [], block = 'session.ts' } = {}) {
  const held = {};
  const urlOf = async ({ block: title = block, host } = {}) => {
    const url = new URL(held.backend.url);
    if (host) url.hostname = host;
    const name = [system.name, title, url.host].join(' ').replaceAll(/[^\w.]+/g, '-');
    return pages.add(`${name}.js`, await moduleOf(system.name, title, url.origin), url.origin);
  };
  before(async () => {
    const origins = pages.origins.flatMap((origin) => ['--origin', origin]);
    held.backend = await startBackend(system.name, ['--access-ttl', `${ACCESS_SECONDS}s`, ...origins, ...args]);
  });
  after(() => held.backend?.stop());

  const visit = (run) => async () => {
    const { backend } = held;
    await backend.control('reset');
    const context = await browser.newContext();
    const visitor = new Visit(context, backend, system, urlOf);
    try {
      await run(visitor, backend);
      visitor.check(await backend.log());
    } finally {
      await context.close();
      // Nothing that a test broke is left to the next one.
      await backend.control('start');
    }
  };
  return visit;
}

export const carries = ({ authorization, xAccessToken }) => authorization || xAccessToken;
export const paths = (log) => log.map(({ method, path, status }) => `${method} ${path} ${status}`);
export const times = (count, value) => Array.from({ length: count }, () => value);
