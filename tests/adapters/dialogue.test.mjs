// The guide's dialogues of a session's end, on pages whose time the test moves.
import assert from 'node:assert/strict';
import { parts } from './support/guide.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

const AUTH = `
  import { createTokenManager } from 'evertoken';
  export const auth = await createTokenManager({
    baseUrl: location.hash.slice(1), login: '/login', refresh: '/refresh', logout: '/logout', crossTab: false,
    session: { idleSeconds: 600, maxSeconds: 1500, activity: 'until-warned' },
  });
`;
const TOKENS = `
  import { InjectionToken } from '@angular/core';
  export const TOKENS = new InjectionToken('tokens');
`;

const FRAMEWORKS = [
  ['no framework', 'session-dialogue', "import 'guide';"],
  ['React', 'react-session-end', `
    import { createElement as h } from 'react';
    import { createRoot } from 'react-dom/client';
    import { TokenProvider } from 'evertoken/react';
    import { SessionEnd } from 'guide';
    createRoot(document.getElementById('root')).render(h(TokenProvider, { manager: auth }, h(SessionEnd)));
  `],
  ['Vue', 'vue-session-end', `
    import { createApp } from 'vue';
    import { createTokens } from 'evertoken/vue';
    import SessionEnd from 'guide';
    createApp(SessionEnd).use(createTokens(auth)).mount('#root');
  `],
  ['Svelte', 'svelte-session-end', `
    import { mount } from 'svelte';
    import SessionEnd from 'guide';
    mount(SessionEnd, { target: document.getElementById('root') });
  `],
  ['Angular', 'angular-session-end', `
    import '@angular/compiler';
    import { provideZonelessChangeDetection } from '@angular/core';
    import { bootstrapApplication } from '@angular/platform-browser';
    import { TOKENS } from './tokens.js';
    import { SessionEnd } from 'guide';
    document.getElementById('root').append(document.createElement('app-session-end'));
    bootstrapApplication(SessionEnd, { providers: [provideZonelessChangeDetection(), { provide: TOKENS, useValue: auth }] });
  `],
];
/** What Angular renders in. */
const FRAME = 20;
const MINUTE = 60_000;

for (const [framework, name, mount] of FRAMEWORKS) {
  const code = `import { auth } from './auth.js';\n${mount}\nwindow.app = { auth };`;
  const texts = { './auth.js': AUTH, './tokens.js': TOKENS };
  app(code, { plugins: [parts(name, { texts })] })(
    `guide: ${name}, the dialogue with ${framework} takes the focus, says what is left, and goes when the user is here`,
    async ({ page }) => {
      const run = async (ms) => {
        await page.clock.runFor(ms);
        await page.clock.runFor(FRAME);
      };
      const seen = () =>
        page.evaluate(() => {
          const dialog = document.querySelector('dialog');
          const text = (selector) => dialog.querySelector(selector).textContent.trim();
          return {
            open: dialog.open,
            modal: dialog.matches(':modal'),
            named: dialog.getAttribute('role') === 'alertdialog' && document.getElementById(dialog.getAttribute('aria-labelledby'))?.textContent.trim(),
            left: dialog.open && text('[role=timer]'),
            status: dialog.open && text('[role=status]'),
            focus: document.activeElement?.textContent.trim(),
            stay: [...dialog.querySelectorAll('button')].some((button) => !button.hidden && button.textContent.trim() === 'Stay signed in'),
          };
        });
      const closed = async () => assert.deepEqual({ ...(await seen()), stay: undefined, focus: undefined, modal: undefined }, { open: false, named: 'Your session is about to end', left: false, status: false, stay: undefined, focus: undefined, modal: undefined });
      const warning = { open: true, modal: true, named: 'Your session is about to end', status: '', focus: 'Stay signed in', stay: true };

      await page.clock.pauseAt(Date.now() + MINUTE);
      await page.evaluate(() => app.auth.login({ user: 'alice' }));
      await run(0);
      await closed();
      await run(9 * MINUTE);
      assert.deepEqual(await seen(), { ...warning, left: '60' });
      await run(50_000);
      assert.deepEqual(await seen(), { ...warning, left: '10', status: 'Ten seconds left.' });
      await page.evaluate(() => document.activeElement.click());
      await run(0);
      await closed();
      await run(9 * MINUTE);
      assert.equal((await seen()).status, '', 'the next warning begins anew');
      await page.keyboard.press('Escape');
      await run(0);
      await closed();
      // 25 minutes after the sign-in it ends whoever is here.
      await run(311_000);
      const last = await seen();
      assert.deepEqual([last.open, last.stay, last.focus], [true, false, 'Sign out']);
      await page.evaluate(() => document.activeElement.click());
      await run(0);
      await closed();
      assert.equal(await page.evaluate(() => app.auth.snapshot.status), 'signed-out');
    },
    {
      prepare(page, _, server) {
        server.lifetime = 86_400;
        return page.clock.install();
      },
    },
  );
}

app("import { auth } from './auth.js';\nimport 'guide';\nwindow.app = { auth };", { plugins: [parts('session-dialogue', { texts: { './auth.js': AUTH.replace('maxSeconds: 1500, ', '') } })] })(
  'guide: session-dialogue, the pointer may come to the button, whose click is what counts',
  async ({ page }) => {
    await page.clock.pauseAt(Date.now() + MINUTE);
    await page.evaluate(() => app.auth.login({ user: 'alice' }));
    const left = () => page.evaluate(() => app.auth.snapshot.sessionEndsAt - Date.now());
    const open = () => page.evaluate(() => document.querySelector('dialog').open);
    await page.clock.runFor(5 * MINUTE);
    await page.mouse.move(20, 20);
    assert.equal(await left(), 10 * MINUTE, 'activity puts the end off');
    await page.clock.runFor(9.5 * MINUTE);
    assert.equal(await open(), true);
    await page.mouse.move(40, 40);
    await page.keyboard.press('Tab');
    await page.clock.runFor(1000);
    assert.equal(await open(), true, 'the dialogue wants an answer');
    assert.equal(await left(), 0.5 * MINUTE - 1000);
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    await page.clock.runFor(1000);
    assert.equal(await open(), false);
    assert.equal(await left(), 10 * MINUTE - 1000);
    await page.clock.runFor(MINUTE);
    await page.mouse.move(60, 60);
    assert.equal(await left(), 10 * MINUTE, 'and activity counts again');
  },
  {
    prepare(page, _, server) {
      server.lifetime = 86_400;
      return page.clock.install();
    },
  },
);
