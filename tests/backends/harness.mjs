// Starts backends for the tests beside it, and talks to them as curl with a cookie jar would.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const ORIGIN = 'http://127.0.0.1:3000';
export const LOGIN = { identifier: 'alice', password: 'Password1!' };

/** Starts `<name>/start.mjs` and resolves once it has printed READY. */
export async function startBackend(name, args = []) {
  const command = [join(import.meta.dirname, name, 'start.mjs'), '--until-stdin-ends', '--origin', ORIGIN, ...args];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('exit', (code, signal) => done(signal ?? code)));
  const ready = new Promise((done) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /^READY (http:\/\/(?:127\.0\.0\.1|localhost):\d+)$/.exec(line);
      if (match) done(match[1]);
    });
  });
  const url = await Promise.race([
    ready,
    ended.then((why) => {
      throw new Error(`${name} ended with ${why} before READY`);
    }),
  ]);
  const control = async (action, body) => {
    const method = action === 'log' ? 'GET' : 'POST';
    const answer = await fetch(`${url}/__control/${action}`, { method, body: body && JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${action}: ${value.error}`);
    return value;
  };
  return {
    url,
    control,
    log: () => control('log'),
    /** Resolves to the exit code, or to the signal. */
    ended,
    /** Ends it and gives the exit code. */
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** One visitor: keeps cookies as name and value, and sends them unless told otherwise. */
export class Visitor {
  cookies = new Map();

  constructor(url) {
    this.url = url;
  }

  copy() {
    const other = new Visitor(this.url);
    other.cookies = new Map(this.cookies);
    return other;
  }

  async send(method, path, { json, bearer, headers = {}, anonymous = false } = {}) {
    const cookie = anonymous ? '' : [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    // Not fetch, which adds headers of its own to a conditional request.
    const request = http.request(this.url + path, {
      method,
      agent: false,
      headers: {
        origin: ORIGIN,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
    });
    request.end(json === undefined ? undefined : JSON.stringify(json));
    const [response] = await once(request, 'response');
    const setCookies = response.headers['set-cookie'] ?? [];
    for (const line of setCookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      const past = /expires=([^;]+)/i.exec(line);
      if (value === '' || (past && Date.parse(past[1]) < Date.now())) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    let body = text;
    try {
      body = JSON.parse(text);
    } catch {
      // Plain text is an answer too.
    }
    return { status: response.statusCode, body, headers: new Map(Object.entries(response.headers)), setCookies };
  }

  get(path, options) {
    return this.send('GET', path, options);
  }

  post(path, options) {
    return this.send('POST', path, options);
  }
}

/** The preflight that a browser sends before `method` with `headers`. */
export const preflight = (visitor, path, method, headers) =>
  visitor.send('OPTIONS', path, {
    headers: { 'access-control-request-method': method, 'access-control-request-headers': headers },
    anonymous: true,
  });

/** Resolves when the server's own clock has passed the token's `exp`, a whole second. */
export async function expiryOf(token) {
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  await new Promise((done) => setTimeout(done, exp * 1000 - Date.now() + 20));
}
