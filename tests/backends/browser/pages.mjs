// The pages: the package, the guide's module and a small application around it.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const PKG = process.env.EVERTOKEN_PKG ?? join(import.meta.dirname, '../../../pkg');
const HEAD = '<!doctype html><title>test</title><link rel=icon href=data:,>';
const IMPORTS = JSON.stringify({ imports: { evertoken: '/pkg/index.js' } });
const APP = `${HEAD}<script type=importmap>${IMPORTS}</script><script src=/kit.js></script><p id=data></p><script type=module src=/app.js></script>`;

/** Starts the server of the pages. `modules` are those of the guides, by name. */
export async function servePages() {
  const modules = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/') return response.setHeader('content-type', 'text/html; charset=utf-8').end(APP);
    if (pathname === '/elsewhere') return response.setHeader('content-type', 'text/html; charset=utf-8').end(HEAD);
    response.setHeader('content-type', 'text/javascript; charset=utf-8');
    const name = pathname.slice(1);
    try {
      if (modules.has(name)) response.end(modules.get(name));
      else if (name.startsWith('pkg/')) response.end(await readFile(join(PKG, name.slice('pkg/'.length))));
      else response.end(await readFile(join(import.meta.dirname, 'page', name)));
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    /** One for each name of this machine: a page has to use its API's. */
    origins: ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${port}`),
    /** Serves the module and gives the page's URL, under the host name of the API. */
    add(name, module, apiUrl) {
      modules.set(name, module);
      return `http://${new URL(apiUrl).hostname}:${port}/?module=/${name}`;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
