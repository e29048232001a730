// A plain reverse proxy in front of a real backend: it changes nothing on the way, notes which
// credentials a request brought (never their values), and can play the network's and a gateway's part.
import http from 'node:http';

/** The request that came, as the log shows it. */
const entryOf = (request) => ({
  method: request.method,
  path: request.url.split('?', 1)[0],
  status: null,
  authorization: 'authorization' in request.headers,
  xAccessToken: 'x-access-token' in request.headers,
  cookie: 'cookie' in request.headers,
  origin: request.headers.origin ?? null,
});

// What concerns one connection only is left to node on each side.
const HOP_BY_HOP = new Set(['connection', 'keep-alive']);

const endToEnd = (rawHeaders) => {
  const kept = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[i].toLowerCase())) kept.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  return kept;
};

async function jsonBody(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

/**
 * Makes the server for the public port. `target()` resolves to the backend's inner port once that is
 * running again after a restart, or to null while it is stopped; `actions` are the backend's own.
 */
export function createRecorder({ target, actions }) {
  let log = [];
  let down = false;
  let answers = [];

  const controls = {
    'GET log': () => log,
    'POST reset': () => {
      log = [];
      down = false;
      answers = [];
    },
    'POST down': (body) => {
      down = body.down !== false;
    },
    'POST answer': ({ path, status, headers = {}, body = '', times = 1 }) => {
      if (typeof path !== 'string' || !Number.isInteger(status)) {
        throw new TypeError(`answer needs { path: string, status: integer }, found ${typeof path} and ${status}`);
      }
      answers.push({ path, status, headers, body, times });
    },
    ...Object.fromEntries(Object.entries(actions).map(([name, action]) => [`POST ${name}`, action])),
  };

  async function control(request, response) {
    const key = `${request.method} ${request.url.slice('/__control/'.length)}`;
    const reply = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(value));
    };
    const action = controls[key];
    if (!action) return reply(404, { error: `no control "${key}", there are: ${Object.keys(controls).join(', ')}` });
    try {
      reply(200, (await action(await jsonBody(request))) ?? { ok: true });
    } catch (error) {
      reply(500, { error: String(error?.message ?? error) });
    }
  }

  function cannedAnswer(path) {
    const found = answers.find((answer) => answer.path === path);
    if (found && --found.times <= 0) answers = answers.filter((answer) => answer !== found);
    return found;
  }

  async function forward(request, response) {
    const entry = entryOf(request);
    log.push(entry);
    if (down) return request.socket.destroy();
    // A preflight belongs to the browser: a gateway's limiter counts the request behind it.
    const canned = request.method === 'OPTIONS' ? undefined : cannedAnswer(entry.path);
    if (canned) {
      entry.status = canned.status;
      request.resume();
      const cors = entry.origin
        ? { 'access-control-allow-origin': entry.origin, 'access-control-allow-credentials': 'true', vary: 'Origin' }
        : {};
      response.writeHead(canned.status, { ...cors, ...canned.headers });
      return response.end(canned.body);
    }
    const port = await target();
    if (port === null) return request.socket.destroy();

    const upstream = http.request({
      host: '127.0.0.1',
      port,
      method: request.method,
      path: request.url,
      headers: endToEnd(request.rawHeaders),
      setDefaultHeaders: false,
      agent: false,
    });
    upstream.on('response', (answer) => {
      entry.status = answer.statusCode;
      response.sendDate = false;
      response.writeHead(answer.statusCode, answer.statusMessage, endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    upstream.on('error', () => request.socket.destroy());
    request.pipe(upstream);
  }

  return http.createServer((request, response) => {
    const handle = request.url.startsWith('/__control/') ? control : forward;
    handle(request, response).catch(() => request.socket.destroy());
  });
}
