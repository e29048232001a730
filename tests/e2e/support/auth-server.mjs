// The authority of `evertoken/testing` behind a real port.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Authority, Call } from '../../../pkg-template/testing/authority.js';

const ALLOWED_HEADERS = 'authorization, content-type, x-access-token, x-refresh-token, x-csrf-token, x-own, last-event-id';

/** One request as it arrived, and the means to answer it. */
class HttpCall extends Call {
  constructor(server, request, response, body) {
    super(server, request.method, request.url, request.headers);
    this.request = request;
    this.response = response;
    this.body = body;
    this.closed = once(response, 'close');
  }

  get text() {
    return this.body.toString('utf8');
  }

  send(status, text, headers) {
    const { origin } = this.headers;
    if (origin && this.server.origins.includes(origin)) {
      this.response.setHeader('access-control-allow-origin', origin);
      this.response.setHeader('access-control-allow-credentials', 'true');
      this.response.setHeader('access-control-expose-headers', 'retry-after');
      this.response.setHeader('vary', 'origin');
    }
    this.response.writeHead(status, headers);
    this.response.end(text);
  }

  cut() {
    this.request.socket.destroy();
  }
}

export class AuthServer extends Authority {
  origins = [];
  preflights = [];
  /** The clock that the tests set is the page's. */
  punctual = false;

  #http = createServer((request, response) => this.#receive(request, response));

  constructor(options = {}) {
    super();
    Object.assign(this, options);
  }

  async start() {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.port = this.#http.address().port;
    this.origin = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  async #receive(request, response) {
    // A browser repeats a request by itself when a connection that it used
    // again is closed: every connection is good for one.
    response.shouldKeepAlive = false;
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // aborted by the client
    }
    const call = new HttpCall(this, request, response, Buffer.concat(chunks));
    if (call.method === 'OPTIONS') {
      this.preflights.push(call);
      return call.reply(204, '', {
        'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': '600',
      });
    }
    await this.serve(call);
  }
}
