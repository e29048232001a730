// Rule 17: getToken and setTokens.
import assert from 'node:assert/strict';
import { suite, times } from './support/suite.mjs';

const rule = suite();

rule('rule 17: it gives null with cookie access tokens', { access: 'cookie', carrier: 'cookie' }, async ({ page, server }) => {
  const tokens = await page.evaluate(async () => {
    const auth = await kit.create({ accessToken: { in: 'cookie' } });
    const before = await auth.getToken();
    await auth.login({ user: 'alice' });
    return [before, await auth.getToken(), await auth.getToken({ refresh: 'force' }), await auth.getToken({ refresh: 'never' }), await auth.getToken({ minValiditySeconds: 1e6 })];
  });
  assert.deepEqual(tokens, times(5, null));
});

rule("rule 17: 'never' gives a valid token or null, and calls nobody", async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    const never = () => auth.getToken({ refresh: 'never' });
    const before = await never();
    await auth.login({ user: 'alice' });
    const valid = await never();
    clock.at += 599_999;
    const nearly = await never();
    clock.at += 1;
    return { before, valid: valid?.slice(0, 3), nearly: nearly === valid, after: await never() };
  });
  assert.deepEqual(seen, { before: null, valid: 'eyJ', nearly: true, after: null });
  assert.equal(server.count('refresh'), 0);
});

rule("rule 17: 'auto' gives the one held while it is valid, 'force' always a new one", async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const first = await auth.getToken();
    const again = await auth.getToken();
    const forced = await auth.getToken({ refresh: 'force' });
    clock.at += 601_000;
    const expired = await auth.getToken();
    return [again === first, forced !== first, expired !== forced, typeof expired];
  });
  assert.deepEqual(seen, [true, true, true, 'string']);
  assert.equal(server.count('refresh'), 2);
});

rule('rule 17: minValiditySeconds beyond the lifetime costs one refresh, then gives what there is', { lifetime: 60 }, async ({ page, server }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false });
    await auth.login({ user: 'alice' });
    const first = await auth.getToken();
    const enough = await auth.getToken({ minValiditySeconds: 50 });
    const more = await Promise.all([auth.getToken({ minValiditySeconds: 3600 }), auth.getToken({ minValiditySeconds: 3600 })]);
    return { enough: enough === first, fresh: more[0] !== first, same: more[0] === more[1], type: typeof more[0] };
  });
  assert.deepEqual(seen, { enough: true, fresh: true, same: true, type: 'string' });
  assert.equal(server.count('refresh'), 1);
});

rule('rule 17: minValiditySeconds within the lifetime renews what has less left', { lifetime: 100 }, async ({ page, server }) => {
  const left = await page.evaluate(async () => {
    const clock = new kit.Clock();
    const auth = await kit.create({ clock, proactive: false, refreshAheadSeconds: 1 });
    await auth.login({ user: 'alice' });
    clock.at += 60_000;
    await auth.getToken({ minValiditySeconds: 30 });
    const before = auth.inspect().refreshes;
    await auth.getToken({ minValiditySeconds: 50 });
    return [before, auth.snapshot.expiresAt - clock.at];
  });
  assert.deepEqual(left, [0, 100_000]);
  assert.equal(server.count('refresh'), 1);
});

rule('rule 17: a refresh that fails still gives a token that is valid', { lifetime: 100 }, async ({ page, server }) => {
  server.on('refresh', (call) => call.reply(503));
  const seen = await page.evaluate(async () => {
    const auth = await kit.create({ clock: new kit.Clock(), proactive: false });
    await auth.login({ user: 'alice' });
    const wish = await kit.outcome(auth.getToken({ minValiditySeconds: 3600 }));
    const forced = await kit.outcome(auth.getToken({ refresh: 'force' }));
    return [typeof wish.value, forced.error?.code];
  });
  assert.deepEqual(seen, ['string', 'refresh-unavailable']);
});

rule('rule 17: setTokens refuses what cannot be a token, and keeps the session', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const auth = await kit.create();
    await auth.setTokens({ accessToken: 'good' });
    const wrong = [undefined, null, 'token', 5, [], {}, { accessToken: '' }, { accessToken: 5 }, { accessToken: null }, { accessToken: {} }, { accessToken: 'two\nlines' }, { accessToken: 'ünicode 漢字' }, { accessToken: '\u0000' }, { refreshToken: 'only' }];
    const codes = [];
    for (const tokens of wrong) codes.push((await kit.outcome(auth.setTokens(tokens))).error?.code);
    return { codes, token: await auth.getToken(), events: kit.types };
  });
  assert.deepEqual(seen, { codes: times(14, 'invalid-response'), token: 'good', events: ['signed-in'] });
});

rule('rule 17: setTokens signs in, gives the snapshot, and takes both kinds of lifetime', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const clock = new kit.Clock(1_000_000_000_000);
    const auth = await kit.create({ clock });
    const one = await auth.setTokens({ accessToken: 'a', expiresIn: 60 });
    const two = await auth.setTokens({ accessToken: 'b', expiresAt: clock.at + 90_000 });
    return [one.status, one.expiresAt - clock.at, two.expiresAt - clock.at, two === auth.snapshot];
  });
  assert.deepEqual(seen, ['signed-in', 60_000, 90_000, true]);
});
