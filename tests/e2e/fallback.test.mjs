// Where WebAssembly cannot run, the same engine runs as JavaScript, loaded only
// there. The rules' own tests run on it with EVERTOKEN_ENGINE=js.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

/** Signs in, lets the token end, and sends ten requests at once. */
const use = (page) =>
  page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const { engine } = auth.inspect();
    const { sub } = auth.snapshot.claims;
    clock.at += 601_000;
    const answers = await Promise.all(Array.from({ length: 10 }, () => auth.fetch('/api/posts')));
    return { engine, sub, statuses: answers.map(({ status }) => status), refreshes: auth.inspect().refreshes };
  });

/** What a page asked for, by the last part of its path. */
function requests(page) {
  const files = [];
  page.on('request', (request) => files.push(new URL(request.url()).pathname.split('/').at(-1)));
  return files;
}

const whole = (engine) => ({ engine, sub: 'alice', statuses: times(10, 200), refreshes: 1 });

rule('a Content-Security-Policy without wasm-unsafe-eval: the engine is JavaScript', async ({ open }) => {
  const page = await open('/no-wasm');
  const files = requests(page);
  assert.deepEqual(await use(page), whole('js'));
  assert.equal(files.filter((file) => file === 'fallback.js').length, 1);
});

rule('a browser without WebAssembly: the engine is JavaScript, also for decodeJwt', async ({ open }) => {
  const page = await open('/');
  const files = requests(page);
  await page.evaluate(() => delete window.WebAssembly);
  assert.deepEqual(await use(page), whole('js'));
  assert.equal(files.filter((file) => file === 'fallback.js').length, 1);
  const decoded = await page.evaluate(async () => (await import('/pkg/index.js')).decodeJwt('eyJhbGciOiJub25lIn0.eyJzdWIiOiLDqSJ9.'));
  assert.deepEqual(decoded, { header: { alg: 'none' }, claims: { sub: '\u00e9' } });
});

rule('where WebAssembly runs, nothing of the fallback is loaded', async ({ open }) => {
  const page = await open('/');
  const files = requests(page);
  assert.deepEqual(await use(page), whole('wasm'));
  assert.ok(!files.includes('fallback.js'), files.join());
});

rule('an application that leaves fallback.js out gets not-supported, and can try again', async ({ open }) => {
  const page = await open('/no-wasm');
  await page.route('**/fallback.js', (route) => route.fulfill({ status: 404 }));
  const { error } = await page.evaluate(() => kit.outcome(kit.create()));
  assert.equal(error.code, 'not-supported');
  assert.match(error.message, /fallback\.js/);
});

/** Has a service worker, in which import() throws, make a manager. */
const inServiceWorker = (page, imports) =>
  page.evaluate(async (imports) => {
    const text = `${imports}
      addEventListener('message', async ({ source }) => {
        try {
          const auth = await createTokenManager({ baseUrl: location.origin, refresh: '/refresh' });
          source.postMessage({ engine: auth.inspect().engine });
        } catch ({ code, message }) {
          source.postMessage({ code, message });
        }
      });`;
    const { installing } = await navigator.serviceWorker.register(`/worker.js?text=${encodeURIComponent(text)}`, { type: 'module' });
    return new Promise((resolve) => {
      navigator.serviceWorker.onmessage = ({ data }) => resolve(data);
      navigator.serviceWorker.startMessages();
      installing.postMessage('begin');
    });
  }, imports);

rule('a service worker without WebAssembly that imports fallback.js: the engine is JavaScript', async ({ page }) => {
  const made = await inServiceWorker(page, `import { createTokenManager } from '/pkg/index.js'; import '/pkg/fallback.js';`);
  assert.deepEqual(made, { engine: 'js' });
});

rule('a service worker without WebAssembly that imports index.js alone is told what to import', async ({ page }) => {
  const { code, message } = await inServiceWorker(page, `import { createTokenManager } from '/pkg/index.js';`);
  assert.equal(code, 'not-supported');
  assert.match(message, /service worker.*import/);
});
