// Spec tests of the machine that runs the module where WebAssembly is missing:
// each instruction on the values at its edges, beside the engine's own
// WebAssembly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Module, instantiate } from '../../pkg-template/machine/machine.js';
import { OPERATIONS } from '../../pkg-template/machine/operations.js';
import { F32, F64, I32, I64, code, module, signed, unsigned } from './support/assembler.mjs';

/** The edges of each type: zeros, ones, signs, limits, halves, and neighbours. */
const around = (value) => [value - 1, value, value + 1];
const FLOATS = [0, -0, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 3.5, -0.25, -0.5, -0.75, -1, -1.5, -2.5, -3.5, 1e-45, -1e-45, 5e-324, NaN, Infinity, -Infinity, 8388607.5, 8388609, 4503599627370495.5, 3.4028234663852886e38, 1.7976931348623157e308];
for (const limit of [2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64]) FLOATS.push(...around(limit), ...around(-limit), Math.fround(limit - limit / 2 ** 24), Math.fround(limit / 2 ** 24 - limit), limit * (1 - 2 ** -53), -limit * (1 - 2 ** -53));
const EDGES = {
  [I32]: [0, 1, 2, 7, 8, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x0100_0001, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff, -1, -2, -7, -31, -32, -33, -128, -0x8000],
  [I64]: [0n, 1n, 2n, 7n, 31n, 32n, 33n, 63n, 64n, 65n, 127n, 128n, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 2n ** 53n, 2n ** 53n + 1n, 2n ** 24n + 1n, 0x7fff_ff40_0000_0000n, 0x7fff_ff40_0000_0001n, 0x0080_0000_8000_0001n, 2n ** 63n - 1n, -(2n ** 63n), 1n - 2n ** 63n, -1n, -2n, -7n, -63n, -64n, -65n, -128n, -0x8000_0000n, -(2n ** 53n) - 1n, -0x0080_0000_8000_0001n],
  [F32]: [...new Set(FLOATS.map(Math.fround))],
  [F64]: FLOATS,
};

/** From the first instruction to the last what they take and give. */
const TYPES = [
  [0x45, 0x45, [I32], I32],
  [0x46, 0x4f, [I32, I32], I32],
  [0x50, 0x50, [I64], I32],
  [0x51, 0x5a, [I64, I64], I32],
  [0x5b, 0x60, [F32, F32], I32],
  [0x61, 0x66, [F64, F64], I32],
  [0x67, 0x69, [I32], I32],
  [0x6a, 0x78, [I32, I32], I32],
  [0x79, 0x7b, [I64], I64],
  [0x7c, 0x8a, [I64, I64], I64],
  [0x8b, 0x91, [F32], F32],
  [0x92, 0x98, [F32, F32], F32],
  [0x99, 0x9f, [F64], F64],
  [0xa0, 0xa6, [F64, F64], F64],
  [0xa7, 0xa7, [I64], I32],
  [0xa8, 0xa9, [F32], I32],
  [0xaa, 0xab, [F64], I32],
  [0xac, 0xad, [I32], I64],
  [0xae, 0xaf, [F32], I64],
  [0xb0, 0xb1, [F64], I64],
  [0xb2, 0xb3, [I32], F32],
  [0xb4, 0xb5, [I64], F32],
  [0xb6, 0xb6, [F64], F32],
  [0xb7, 0xb8, [I32], F64],
  [0xb9, 0xba, [I64], F64],
  [0xbb, 0xbb, [F32], F64],
  [0xbc, 0xbc, [F32], I32],
  [0xbd, 0xbd, [F64], I64],
  [0xbe, 0xbe, [I32], F32],
  [0xbf, 0xbf, [I64], F64],
  [0xc0, 0xc1, [I32], I32],
  [0xc2, 0xc4, [I64], I64],
  [0xfc00, 0xfc01, [F32], I32],
  [0xfc02, 0xfc03, [F64], I32],
  [0xfc04, 0xfc05, [F32], I64],
  [0xfc06, 0xfc07, [F64], I64],
];
const OPCODES = TYPES.flatMap(([first, last, takes, gives]) => Array.from({ length: last - first + 1 }, (_, n) => ({ op: first + n, takes, gives })));
const name = (op) => `0x${op.toString(16)}`;

/** The exports of a module by the engine, and by the machine. */
async function both(functions, options) {
  const bytes = module(functions, options);
  const { instance } = await WebAssembly.instantiate(bytes, options?.imports);
  return [instance.exports, (await instantiate(new Module(bytes), options?.imports)).exports];
}

const TRAP = Symbol('a trap');
function outcome(run) {
  try {
    return run();
  } catch {
    return TRAP;
  }
}

/** Compares what both give for each list of parameters. */
function same([engine, machine], called, lists) {
  const differences = [];
  for (const values of lists) {
    const [expected, found] = [engine, machine].map((exports) => outcome(() => exports[called](...values)));
    if (!Object.is(found, expected)) differences.push(`${called}(${values.map(told).join(', ')}): expected ${told(expected)}, found ${told(found)}`);
  }
  assert.deepEqual(differences.slice(0, 5), [], `${differences.length} of ${lists.length} differ`);
}
const told = (value) => (Object.is(value, -0) ? '-0' : typeof value === 'bigint' ? `${value}n` : String(value));

const pairs = (one, other) => one.flatMap((a) => other.map((b) => [a, b]));
const parameters = (takes) => (takes.length > 1 ? pairs(EDGES[takes[0]], EDGES[takes[1]]) : EDGES[takes[0]].map((value) => [value]));

test('every numeric instruction that the machine has is in the table', () => {
  assert.deepEqual(Object.keys(OPERATIONS).map(Number).sort((a, b) => a - b), OPCODES.map(({ op }) => op));
});

for (const { op, takes, gives } of OPCODES) {
  test(`${name(op)} gives what WebAssembly gives`, async () => {
    const body = [...takes.flatMap((_, n) => [0x20, n]), ...code(op)];
    same(await both({ run: { takes, gives: [gives], body } }), 'run', parameters(takes));
  });
}

/** In memory every byte is told from the others, and many have their sign. */
const DATA = Array.from({ length: 64 }, (_, at) => (at * 37 + 0x7f) & 0xff);
const PLACES = [0, 1, 3, 7, 56, 57, 0xfff8, 0xfff9, 0xfffc, 0xfffd, 0xfffe, 0xffff, 0x1_0000, -1, -8];

for (const [op, gives] of Object.entries({ 0x28: I32, 0x29: I64, 0x2a: F32, 0x2b: F64, 0x2c: I32, 0x2d: I32, 0x2e: I32, 0x2f: I32, 0x30: I64, 0x31: I64, 0x32: I64, 0x33: I64, 0x34: I64, 0x35: I64 })) {
  test(`the load ${name(+op)} has the sign, the order and the bounds of WebAssembly`, async () => {
    const load = (offset) => ({ takes: [I32], gives: [gives], body: [0x20, 0, +op, 0, ...unsigned(offset)] });
    const made = await both({ near: load(0), far: load(5), farthest: load(0xffff_ffff) }, { data: DATA });
    for (const called of ['near', 'far', 'farthest']) same(made, called, PLACES.map((at) => [at]));
  });
}

for (const [op, type] of Object.entries({ 0x36: I32, 0x37: I64, 0x38: F32, 0x39: F64, 0x3a: I32, 0x3b: I32, 0x3c: I64, 0x3d: I64, 0x3e: I64 })) {
  test(`the store ${name(+op)} writes what WebAssembly writes, and nothing where it traps`, async () => {
    const body = [0x20, 0, 0x20, 1, +op, 0, ...unsigned(5)];
    const [engine, machine] = await both({ run: { takes: [I32, type], gives: [], body } });
    for (const [at, value] of pairs(PLACES, EDGES[type].filter((value) => !Number.isNaN(value)))) {
      const [expected, found] = [engine, machine].map((exports) => outcome(() => exports.run(at, value)));
      assert.equal(found, expected, `${at}, ${told(value)}`);
      assert.ok(Buffer.from(machine.memory.buffer).equals(Buffer.from(engine.memory.buffer)), `memory after ${at}, ${told(value)}`);
    }
  });
}

for (const [title, op, immediates] of [['memory.copy', 0xfc0a, [0, 0]], ['memory.fill', 0xfc0b, [0]]]) {
  test(`${title} overlaps, ends and traps as WebAssembly's`, async () => {
    const body = [0x20, 0, 0x20, 1, 0x20, 2, ...code(op), ...immediates];
    const [engine, machine] = await both({ run: { takes: [I32, I32, I32], gives: [], body } }, { data: DATA });
    const places = [0, 1, 8, 40, 0xfffe, 0xffff, 0x1_0000, 0x1_0001, -1];
    for (const to of places) {
      for (const [from, length] of pairs([...places, 0x180], [0, 1, 2, 16, 0xffff, 0x1_0000, 0x1_0001, -1])) {
        const [expected, found] = [engine, machine].map((exports) => outcome(() => exports.run(to, from, length)));
        assert.equal(found, expected, `${to}, ${from}, ${length}`);
        assert.ok(Buffer.from(machine.memory.buffer).equals(Buffer.from(engine.memory.buffer)), `memory after ${to}, ${from}, ${length}`);
      }
    }
  });
}

test('memory.grow gives the size before, keeps the bytes, and -1 where there is no more', async () => {
  const functions = {
    grow: { takes: [I32], gives: [I32], body: [0x20, 0, 0x40, 0] },
    size: { takes: [], gives: [I32], body: [0x3f, 0] },
    load: { takes: [I32], gives: [I32], body: [0x20, 0, 0x28, 0, 0] },
  };
  for (const memory of [[1], [1, 3]]) {
    const made = await both(functions, { data: DATA, memory });
    same(made, 'load', [[0], [0xfffd]]);
    same(made, 'grow', [[0], [1]]);
    same(made, 'load', [[0], [0xfffd], [0x1_fffc], [0x1_fffd]]);
    same(made, 'grow', [[0x1_0000], [-1]]);
    same(made, 'size', [[]]);
    if (memory.length > 1) same(made, 'grow', [[2], [1], [1]]);
  }
});

test('control: blocks, loops, branches and their values', async () => {
  const functions = {
    // Adds 1 to n in a loop.
    sum: { takes: [I32], gives: [I64], locals: [I64], body: [0x03, 0x40, 0x20, 1, 0x20, 0, 0xad, 0x7c, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1] },
    // A branch takes its value over what else is on the stack.
    over: { takes: [I32], gives: [I32], body: [0x02, I32, 0x41, 5, 0x41, 6, 0x20, 0, 0x0d, 0, 0x6a, 0x0b] },
    either: { takes: [I32], gives: [I32], body: [0x20, 0, 0x04, I32, 0x41, 1, 0x05, 0x41, 2, 0x0b] },
    maybe: { takes: [I32], gives: [I32], locals: [I32], body: [0x20, 0, 0x04, 0x40, 0x41, 9, 0x21, 1, 0x0b, 0x20, 1] },
    chosen: { takes: [I32], gives: [I32], body: [0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 2, 0, 1, 2, 0x0b, 0x41, 10, 0x0f, 0x0b, 0x41, 11, 0x0f, 0x0b, 0x41, 12] },
    select: { takes: [I32], gives: [F64], body: [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x44, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x20, 0, 0x1b] },
    unreachable: { takes: [I32], gives: [I32], body: [0x20, 0, 0x04, 0x40, 0x00, 0x0b, 0x20, 0] },
    deep: { takes: [I32], gives: [I32], body: [0x20, 0, 0x10, 7] },
  };
  const made = await both(functions);
  for (const called of ['over', 'either', 'maybe', 'chosen', 'select', 'unreachable', 'deep']) same(made, called, EDGES[I32].map((value) => [value]));
  same(made, 'sum', [[1], [2], [1000]]);
});

test('an indirect call to another type, to nothing or beyond the table traps', async () => {
  const functions = {
    twice: { takes: [I32], gives: [I32], body: [0x20, 0, 0x41, 1, 0x74] },
    half: { takes: [I64], gives: [I64], body: [0x20, 0, 0x42, 1, 0x87] },
    run: { takes: [I32, I32], gives: [I32], body: [0x20, 0, 0x20, 1, 0x11, 0, 0] },
  };
  const made = await both(functions, { table: { length: 4, offset: 1, functions: [0, 1] } });
  same(made, 'run', pairs([0, 5, -1], [0, 1, 2, 3, 4, -1]));
});

test('numbers of JavaScript become what a type has, on the way in and out', async () => {
  const seen = [];
  const imports = { host: { note: (value) => (seen.push(value), 2 ** 32 + 7.9) } };
  const made = await both({ run: { takes: [I32], gives: [I32], body: [0x20, 0, 0x10, 0] } }, { imports, imported: { takes: [I32], gives: [I32] } });
  const values = [0, -0, 1.9, -1.9, 2 ** 31, 2 ** 32 + 5, NaN, Infinity, undefined, null, true, '12'];
  same(made, 'run', values.map((value) => [value]));
  assert.deepEqual(seen.filter((_, at) => at % 2), seen.filter((_, at) => at % 2 === 0));
});

test('constants have their sign and all their bits', async () => {
  const made = {};
  for (const [at, value] of EDGES[I32].entries()) made[`i32 ${at}`] = { takes: [], gives: [I32], body: [0x41, ...signed(BigInt(value))] };
  for (const [at, value] of EDGES[I64].entries()) made[`i64 ${at}`] = { takes: [], gives: [I64], body: [0x42, ...signed(value)] };
  const two = await both(made);
  for (const called of Object.keys(made)) same(two, called, [[]]);
});
