// The manager's clock: whatever the application's does, it never fails, and its
// monotonic reading never goes back.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { makeClock } from '../../src/web/clock.js';

const no = () => {
  throw new Error('of the application');
};
const near = (found, expected) => assert.ok(Math.abs(found - expected) < 1000, `${found} is not near ${expected}`);

test('a clock that throws or gives no number is the platform’s', async () => {
  for (const bad of [no, () => NaN, () => '5', () => undefined, () => Infinity, 5, undefined]) {
    const clock = makeClock({ now: bad, monotonic: bad, setTimeout: no, clearTimeout: no });
    near(clock.now(), Date.now());
    const before = clock.monotonic();
    // The timer does not keep the process; this one does.
    const alive = setTimeout(() => {}, 60_000);
    await new Promise((resolve) => clock.timer(resolve, 20));
    clearTimeout(alive);
    near(clock.monotonic() - before, 20);
    assert.ok(clock.monotonic() - before >= 20);
    clock.timer(() => assert.fail('stopped'), 1)();
  }
});

test('without its own monotonic reading it is the sum of the steps forward', () => {
  let at = 1_000_000;
  const clock = makeClock({ now: () => at, setTimeout, clearTimeout });
  const start = clock.monotonic();
  const steps = [];
  for (const by of [500, -3_600_000, 0, 250, 3_600_000]) {
    at += by;
    steps.push(clock.monotonic() - start);
  }
  assert.deepEqual(steps, [500, 500, 500, 750, 3_600_750]);
});

test('a monotonic reading that goes back, or away for a while, does not go back here', () => {
  let at = 100;
  const clock = makeClock({ now: Date.now, monotonic: () => at, setTimeout, clearTimeout });
  const readings = [];
  for (const next of [100, 300, 200, 200, NaN, 250]) {
    at = next;
    readings.push(clock.monotonic());
  }
  for (const [index, reading] of readings.entries()) assert.ok(reading >= (readings[index - 1] ?? 0), readings.join());
  assert.equal(Math.round(readings[1] - readings[0]), 200);
});

test('when a timer fires its time has come, though no clock moved', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    for (const own of [undefined, { now: () => 5, setTimeout: (work, ms) => setTimeout(work, ms), clearTimeout }]) {
      const clock = makeClock(own);
      const start = clock.monotonic();
      let fired;
      clock.timer(() => (fired = clock.monotonic() - start), 60_000);
      mock.timers.tick(60_000);
      assert.ok(fired >= 60_000, `${fired}`);
    }
  } finally {
    mock.timers.reset();
  }
});

test('delays are whole, not negative, and no longer than a timer can wait', () => {
  const delays = [];
  const clock = makeClock({ now: () => 0, setTimeout: (_, ms) => delays.push(ms), clearTimeout() {} });
  for (const ms of [1.2, -5, NaN, Infinity, 2 ** 31]) clock.timer(() => {}, ms);
  assert.deepEqual(delays, [2, 0, 0, 2 ** 31 - 1, 2 ** 31 - 1]);
});
