// Next.js with the app router, by Turbopack and by webpack; evertoken/react in
// what it renders.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { guide } from './support/guide.mjs';
import { finish, serving } from './support/programs.mjs';
import { rendered } from './support/rendered.mjs';
import { TRIES, keepsUsersApart, staysInert } from './support/users.mjs';

const FILES = {
  'package.json': '{ "private": true, "dependencies": { "evertoken": "*", "next": "*", "react": "*", "react-dom": "*" } }',
  'app/layout.js': `
    export default function Layout({ children }) {
      return <html><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;
    }
  `,
  'touched.js': `
    import { watched } from './watch.js';
    export { start } from './app.js';
    export const touched = watched();
  `,
  'app/page.js': `
    'use client';
    import { useEffect, useState } from 'react';
    import { start, touched } from '../touched.js';
    import { Session } from './session.js';
    export default function Page() {
      const [said, say] = useState('');
      useEffect(() => void start().then(say), []);
      return <><p id="said">{said}</p><p id="touched">{touched}</p><Session /></>;
    }
  `,
  'app/session.js': `
    'use client';
    import { createTokenManager } from 'evertoken';
    import { TokenProvider, useSnapshot } from 'evertoken/react';
    const auth = await createTokenManager({ baseUrl: 'https://api.example.com', refresh: '/refresh', key: 'session', singleUser: true });
    await auth.setTokens({ accessToken: 'opaque' });
    function Status() {
      return <p id="session">{useSnapshot(({ status }) => status)}</p>;
    }
    export const Session = () => <TokenProvider manager={auth}><Status /></TokenProvider>;
  `,
};
/** The guide's application. */
const GUIDE = {
  'package.json': FILES['package.json'],
  'app/auth.js': guide('next-auth'),
  'app/session.jsx': guide('next-session'),
  'app/layout.jsx': guide('next-layout'),
  'app/page.jsx': `
    'use client';
    import { useEffect } from 'react';
    import { useClaims } from 'evertoken/react';
    import { auth } from './auth';
    import { Status } from './session';
    export default function Page() {
      const user = useClaims(({ sub }) => sub);
      useEffect(() => void (window.auth = auth), []);
      return user ? <p>signed-in as {user}</p> : <Status />;
    }
  `,
  'app/try/route.js': `
    import { auth } from '../auth';
    export const dynamic = 'force-dynamic';
    export async function GET() {
      ${TRIES}
      return new Response(answer);
    }
  `,
};
const TIME = { timeout: 900_000 };

let application;
before(async () => {
  // Turbopack follows no link out of its root.
  application = await fixture(FILES, { kind: 'next', whole: true });
});
after(() => application?.remove());
withBrowser();

for (const [bundler, option] of [['Turbopack', '--turbopack'], ['webpack', '--webpack']]) {
  const title = (kind) => `Next.js ${version('next', 'next')} with ${bundler}: ${kind}`;
  const next = (command, ...rest) => [join(application.folder, 'node_modules/next/dist/bin/next'), command, ...rest];
  const options = (env) => ({ cwd: application.folder, env: { NEXT_TELEMETRY_DISABLED: '1', ...env } });
  const LISTENS = /(http:\/\/127\.0\.0\.1:\d+)[^]*Ready/;

  test(title('dev'), TIME, async () => {
    await serving(process.execPath, next('dev', option, '-H', '127.0.0.1', '-p', '0'), LISTENS, options({ DEV_SERVER: '1' }), async (url) => {
      assert.equal((await rendered(url)).session, 'unknown');
      await proves(`${url}/`, { session: 'signed-in' });
    });
  });

  test(title('build'), TIME, async () => {
    await finish(process.execPath, next('build', option), options());
    await serving(process.execPath, next('start', '-H', '127.0.0.1', '-p', '0'), LISTENS, options(), async (url) => {
      assert.deepEqual(await rendered(url), { touched: 'nothing', session: 'unknown' });
      await proves(`${url}/`, { session: 'signed-in' });
    });
  });
}

test('Next.js: the application of the guide, with two users at once', TIME, async (t) => {
  const own = await fixture(GUIDE, { kind: 'next', whole: true });
  t.after(() => own.remove());
  const next = (command, ...rest) => [join(own.folder, 'node_modules/next/dist/bin/next'), command, ...rest];
  const options = { cwd: own.folder, env: { NEXT_TELEMETRY_DISABLED: '1' } };
  await finish(process.execPath, next('build'), options);
  await serving(process.execPath, next('start', '-H', '127.0.0.1', '-p', '0'), /(http:\/\/127\.0\.0\.1:\d+)[^]*Ready/, options, async (url) => {
    await keepsUsersApart(`${url}/`);
    await staysInert(`${url}/try`);
  });
});
