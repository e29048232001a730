// evertoken/angular, with the current major of Angular and the two before, and
// HttpClient on both of its backends.
import assert from 'node:assert/strict';
import { AuthServer } from '../e2e/support/auth-server.mjs';
import { suite } from './support/suite.mjs';

const app = suite();

/** What chooses a backend: version 22 made `fetch` the default. */
const BEFORE_22 = { other: 'withFetch', byFetch: true };
const SINCE_22 = { other: 'withXhr', byFetch: false };

const code = ({ other, byFetch: otherIsFetch }) => `
  import '@angular/compiler';
  import { HttpClient, HttpEventType, HttpErrorResponse, provideHttpClient, withInterceptors, ${other} } from '@angular/common/http';
  import { VERSION, provideZonelessChangeDetection } from '@angular/core';
  import { createApplication } from '@angular/platform-browser';
  import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
  import { createTokenManager, TokenError } from 'evertoken';
  import { tokenInterceptor } from 'evertoken/angular';

  const api = location.hash.slice(1);
  window.app = {
    HttpEventType, firstValueFrom, lastValueFrom, toArray, api, version: VERSION.major,
    async start({ config, byFetch = false } = {}) {
      app.auth = await createTokenManager({
        baseUrl: api, login: '/login', refresh: '/refresh', logout: '/logout', ...config,
      });
      app.hooks = 0;
      const own = (request, next) => (app.hooks++, next(request));
      const features = [withInterceptors([own, tokenInterceptor(app.auth)]), ...(byFetch === ${otherIsFetch} ? [${other}()] : [])];
      const { injector } = await createApplication({ providers: [provideZonelessChangeDetection(), provideHttpClient(...features)] });
      app.http = injector.get(HttpClient);
      await app.auth.login({ user: 'alice' });
    },
    outcome: (observable) => firstValueFrom(observable).then(
      (value) => ({ value }),
      (error) => ({ http: error instanceof HttpErrorResponse, token: error instanceof TokenError, status: error.status, code: error.code, body: error.error }),
    ),
  };
`;
const NAMES = ['common', 'compiler', 'core', 'platform-browser'];
const aliases = (major) => Object.fromEntries(NAMES.map((name) => [`@angular/${name}`, `angular-${name}-${major}`]));

for (const [major, backends, alias] of [
  ['22', SINCE_22, {}],
  ['21', BEFORE_22, aliases('21')],
  ['20', BEFORE_22, aliases('20')],
]) {
  const check = app(code(backends), { alias });

  for (const [backend, byFetch] of [['XMLHttpRequest', false], ['fetch', true]]) {
    const start = (page, config) => page.evaluate((options) => app.start(options), { byFetch, config });

    check(`Angular ${major} by ${backend}: whoever needs a token waits for one refresh`, async ({ page, server }) => {
      await start(page);
      assert.equal(await page.evaluate(() => app.version), major);
      server.expire();
      const refresh = server.hold('refresh');
      const answers = page.evaluate(() =>
        Promise.all(Array.from({ length: 10 }, (_, n) => app.outcome(app.http.get(`${app.api}/api/posts`, { params: { n } })))),
      );
      await refresh.arrived;
      refresh.release();
      assert.deepEqual(new Set((await answers).map(({ value }) => value?.user)), new Set(['alice']));
      assert.equal(server.count('refresh'), 1);
      assert.equal(await page.evaluate(() => app.hooks), 10, 'what comes before runs once for a request');
    });

    check(`Angular ${major} by ${backend}: the second sending is equal to the first`, async ({ page, server }) => {
      await start(page);
      server.expire();
      const options = { headers: { 'X-Own': 'mine', Authorization: 'Bearer own' } };
      const { value } = await page.evaluate(
        (options) => app.outcome(app.http.post(`${app.api}/api/posts`, { title: 'Grüße' }, options)),
        options,
      );
      assert.deepEqual(value, { user: 'alice', method: 'POST' });
      const calls = server.of('api');
      assert.equal(calls.length, 2);
      for (const call of calls) {
        assert.deepEqual(call.json, { title: 'Grüße' });
        assert.equal(call.headers['content-type'], 'application/json');
        assert.equal(call.headers['x-own'], 'mine');
        assert.notEqual(call.token, 'own');
      }
    });

    check(`Angular ${major} by ${backend}: a second refusal and other statuses are the caller's`, async ({ page, server }) => {
      await start(page);
      server.on('api', (call) => call.reply(401, { error: 'never' }));
      const refused = await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)));
      assert.deepEqual([refused.http, refused.status, refused.body], [true, 401, { error: 'never' }]);
      assert.equal(server.count('api'), 2);
      server.clear('api');
      server.once('api', (call) => call.drop());
      assert.deepEqual((await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)))).status, 0);
      // A token that was never accepted is not worth another.
      assert.ok((await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)))).value);
      server.expire();
      server.on('refresh', (call) => call.reply(503));
      const down = await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)));
      assert.deepEqual([down.token, down.code], [true, 'refresh-unavailable']);
    });

    check(`Angular ${major} by ${backend}: the token goes where the manager allows it`, async ({ page, server, pages, t }) => {
      const foreign = await new AuthServer({ origins: [pages.origin] }).start();
      t.after(() => foreign.stop());
      await start(page);
      await page.evaluate(async (url) => {
        await app.outcome(app.http.get(url));
        await app.outcome(app.http.get(url, { headers: { authorization: 'Bearer own' } }));
      }, `${foreign.origin}/open`);
      assert.deepEqual(foreign.calls.map(({ headers }) => headers.authorization), [undefined, 'Bearer own']);
      const asked = page.waitForRequest(`${pages.origin}/own`);
      await page.evaluate(() => app.outcome(app.http.get('/own', { responseType: 'text' })));
      assert.equal((await asked).headers().authorization, undefined);
      assert.equal(server.count('api'), 0);
    });

    check(`Angular ${major} by ${backend}: unsubscribing ends the wait and the sending`, async ({ page, server }) => {
      await start(page);
      server.expire();
      const refresh = server.hold('refresh');
      await page.evaluate(() => (app.waiting = app.http.get(`${app.api}/api/posts`).subscribe(() => (app.told = true))));
      await refresh.arrived;
      assert.equal(await page.evaluate(() => app.auth.inspect().waiting), 1);
      const waiting = await page.evaluate(async () => {
        app.waiting.unsubscribe();
        await new Promise((resolve) => setTimeout(resolve));
        return app.auth.inspect().waiting;
      });
      assert.equal(waiting, 0);
      refresh.release();
      await page.evaluate(() => app.auth.getToken());
      const api = server.hold('api', 1);
      await page.evaluate(() => (app.sending = app.http.get(`${app.api}/api/posts`).subscribe()));
      const call = await api.arrived;
      await page.evaluate(() => app.sending.unsubscribe());
      await call.closed;
      api.release();
      assert.equal(await page.evaluate(() => app.told), undefined);
    });

    check(`Angular ${major} by ${backend}: a redirect does not carry a header of another name away`, async ({ page, server, pages, t }) => {
      const foreign = await new AuthServer({ origins: [pages.origin, 'null'] }).start();
      t.after(() => foreign.stop());
      await start(page, { accessToken: { in: 'header', name: 'x-access-token', prefix: '' } });
      server.once('api', (call) => call.reply(302, '', { location: `${foreign.origin}/open` }));
      const outcome = await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)));
      if (byFetch) {
        assert.equal(outcome.status, 0);
        server.expire();
        assert.equal((await page.evaluate(() => app.outcome(app.http.get(`${app.api}/api/posts`)))).value.user, 'alice');
      } else {
        assert.deepEqual([outcome.token, outcome.code], [true, 'not-supported']);
        assert.equal(server.count('api'), 0);
      }
      assert.equal(foreign.calls.length, 0);
    });
  }

  check(`Angular ${major}: an upload tells its progress, the repeated one too`, async ({ page, server }) => {
    await page.evaluate(() => app.start());
    server.expire();
    const told = await page.evaluate(async () => {
      const size = 3_000_000;
      const events = await app.lastValueFrom(
        app.http.post(`${app.api}/api/files`, new Blob([new Uint8Array(size)]), { reportProgress: true, observe: 'events' }).pipe(app.toArray()),
      );
      const progress = events.filter(({ type }) => type === app.HttpEventType.UploadProgress);
      return { complete: progress.filter(({ loaded, total }) => loaded === size && total === size).length, status: events.at(-1).status };
    });
    assert.equal(told.status, 200);
    assert.ok(told.complete >= 2, `the whole was told ${told.complete} times`);
  });

  check(`Angular ${major}: cookies and the CSRF header go along where the manager says so`, async ({ page, server }) => {
    server.access = 'cookie';
    server.carrier = 'cookie';
    await page.evaluate(async () => {
      document.cookie = 'csrf=value';
      await app.start({ config: { accessToken: { in: 'cookie' }, csrf: { cookie: 'csrf', header: 'x-csrf-token' } } });
      await app.firstValueFrom(app.http.post(`${app.api}/api/posts`, {}));
    });
    const [call] = server.of('api');
    assert.equal(call.headers['x-csrf-token'], 'value');
    assert.equal(server.accepts(call.cookies.access), true);
  });
}
