// Vite, the current major and the two before: its dev server and its build.
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves, serveFiles } from './support/browser.mjs';
import { fixture, modules, version } from './support/fixture.mjs';
import { finish, serving } from './support/programs.mjs';

const MAIN = `
  import { start } from './app.js';
  start().then((said) => (document.getElementById('said').textContent = said));
`;
const PAGE = '<!doctype html><html><head><link rel=icon href=data:,></head><body><p id=said></p><script type=module src=/main.js></script></body></html>';
const TIME = { timeout: 900_000 };

withBrowser();
for (const name of ['vite', 'vite-7', 'vite-6']) {
  const title = `Vite ${version(name)}`;
  const program = join(modules(), name, 'bin/vite.js');
  let application;
  before(async () => {
    application = await fixture({ 'main.js': MAIN, 'index.html': PAGE });
  });
  after(() => application?.remove());

  test(`${title}: dev`, TIME, async () => {
    await serving(process.execPath, [program, '--host', '127.0.0.1'], /(http:\/\/127\.0\.0\.1:\d+\/)/, { cwd: application.folder }, async (url) => {
      await proves(url);
    });
  });

  test(`${title}: build`, TIME, async () => {
    await finish(process.execPath, [program, 'build'], { cwd: application.folder });
    const files = await serveFiles(join(application.folder, 'dist'));
    try {
      await proves(`${files.origin}/`);
    } finally {
      await files.stop();
    }
  });
}
