// What the numeric instructions of WebAssembly do (core specification 3.0,
// section 4.3), by their opcodes: an integer of 32 bits is a signed number, one
// of 64 bits a signed BigInt. A build keeps those that the module has.

/** @param {bigint} value */
const I = (value) => BigInt.asIntN(64, value);
/** @param {bigint} value */
const U = (value) => BigInt.asUintN(64, value);
const F = Math.fround;
const BITS = new DataView(new ArrayBuffer(8));

/** @returns {never} */
const trap = () => {
  throw new RangeError('a trap of the module');
};
/** @param {string} bits */
const count = (bits) => bits.replaceAll('0', '').length;
/** @param {bigint} value */
const bits = (value) => U(value).toString(2);
/**
 * An integer as a float of 32 bits. A double's 53 bits come between: of those
 * that it has not, the last one that it has says whether one is set.
 * @param {bigint} value
 */
const single = (value) => F(Number(value > 2n ** 53n || value < -(2n ** 53n) ? ((value >> 11n) | BigInt(!!(value & 0x7ffn))) << 11n : value));
/**
 * Bits before the first that is set.
 * @param {bigint} value
 */
const leading = (value) => BigInt(value ? 64 - bits(value).length : 64);
/** @param {bigint} value */
const trailing = (value) => BigInt(value ? bits(value).length - 1 - bits(value).lastIndexOf('1') : 64);
/** @type {(a: number, b: number) => number} */
const copysign = (a, b) => (Object.is(Math.sign(b), -0) || b < 0 ? -Math.abs(a) : Math.abs(a));
/** @param {number} value */
const nearest = (value) => {
  const size = Math.abs(value);
  const down = Math.floor(size);
  const over = size - down;
  return over >= 0 ? copysign(over > 0.5 || (over === 0.5 && down % 2) ? down + 1 : down, value) : value;
};
/**
 * A float as an integer from `low` to `high`, which traps beyond them.
 * @type {(value: number, low: number, high: number) => number}
 */
const whole = (value, low, high) => (value > low - 1 && value < high + 1 ? Math.trunc(value) | 0 : trap());
/** @type {(value: number, low: number, high: number) => bigint} */
const large = (value, low, high) => (Math.trunc(value) >= low && value < high ? I(BigInt(Math.trunc(value))) : trap());
/**
 * The same, which stops at them.
 * @type {(value: number, low: number, high: number) => number}
 */
const within = (value, low, high) => Math.min(Math.max(Math.trunc(value) || 0, low), high);
/** @type {(value: number, low: number, high: number) => bigint} */
const withinLarge = (value, low, high) => (value >= high ? BigInt(high) - 1n : value > low ? BigInt(Math.trunc(value)) : value <= low ? BigInt(low) : 0n);

/**
 * What takes numbers: integers of 32 bits, and floats.
 * @type {Record<number, (a: number, b: number) => number | bigint>}
 */
const OF_NUMBERS = {
  0x45: (a) => +!a,
  0x46: (a, b) => +(a === b),
  0x47: (a, b) => +(a !== b),
  0x48: (a, b) => +(a < b),
  0x49: (a, b) => +(a >>> 0 < b >>> 0),
  0x4a: (a, b) => +(a > b),
  0x4b: (a, b) => +(a >>> 0 > b >>> 0),
  0x4c: (a, b) => +(a <= b),
  0x4d: (a, b) => +(a >>> 0 <= b >>> 0),
  0x4e: (a, b) => +(a >= b),
  0x4f: (a, b) => +(a >>> 0 >= b >>> 0),
  0x5b: (a, b) => +(a === b),
  0x5c: (a, b) => +(a !== b),
  0x5d: (a, b) => +(a < b),
  0x5e: (a, b) => +(a > b),
  0x5f: (a, b) => +(a <= b),
  0x60: (a, b) => +(a >= b),
  0x61: (a, b) => +(a === b),
  0x62: (a, b) => +(a !== b),
  0x63: (a, b) => +(a < b),
  0x64: (a, b) => +(a > b),
  0x65: (a, b) => +(a <= b),
  0x66: (a, b) => +(a >= b),
  0x67: (a) => Math.clz32(a),
  0x68: (a) => (a ? 31 - Math.clz32(a & -a) : 32),
  0x69: (a) => count((a >>> 0).toString(2)),
  0x6a: (a, b) => (a + b) | 0,
  0x6b: (a, b) => (a - b) | 0,
  0x6c: (a, b) => Math.imul(a, b),
  0x6d: (a, b) => (!b || a / b === 2 ** 31 ? trap() : (a / b) | 0),
  0x6e: (a, b) => (b ? ((a >>> 0) / (b >>> 0)) | 0 : trap()),
  0x6f: (a, b) => (b ? a % b | 0 : trap()),
  0x70: (a, b) => (b ? (a >>> 0) % (b >>> 0) | 0 : trap()),
  0x71: (a, b) => a & b,
  0x72: (a, b) => a | b,
  0x73: (a, b) => a ^ b,
  0x74: (a, b) => a << b,
  0x75: (a, b) => a >> b,
  0x76: (a, b) => (a >>> b) | 0,
  0x77: (a, b) => (a << b) | (a >>> -b % 32 & (b % 32 ? -1 : 0)),
  0x78: (a, b) => (a >>> b) | (b % 32 ? a << -b : 0),
  0x8b: (a) => Math.abs(a),
  0x8c: (a) => -a,
  0x8d: (a) => Math.ceil(a),
  0x8e: (a) => Math.floor(a),
  0x8f: (a) => Math.trunc(a),
  0x90: (a) => nearest(a),
  0x91: (a) => F(Math.sqrt(a)),
  0x92: (a, b) => F(a + b),
  0x93: (a, b) => F(a - b),
  0x94: (a, b) => F(a * b),
  0x95: (a, b) => F(a / b),
  0x96: (a, b) => Math.min(a, b),
  0x97: (a, b) => Math.max(a, b),
  0x98: (a, b) => copysign(a, b),
  0x99: (a) => Math.abs(a),
  0x9a: (a) => -a,
  0x9b: (a) => Math.ceil(a),
  0x9c: (a) => Math.floor(a),
  0x9d: (a) => Math.trunc(a),
  0x9e: (a) => nearest(a),
  0x9f: (a) => Math.sqrt(a),
  0xa0: (a, b) => a + b,
  0xa1: (a, b) => a - b,
  0xa2: (a, b) => a * b,
  0xa3: (a, b) => a / b,
  0xa4: (a, b) => Math.min(a, b),
  0xa5: (a, b) => Math.max(a, b),
  0xa6: (a, b) => copysign(a, b),
  0xa8: (a) => whole(a, -(2 ** 31), 2 ** 31 - 1),
  0xa9: (a) => whole(a, 0, 2 ** 32 - 1),
  0xaa: (a) => whole(a, -(2 ** 31), 2 ** 31 - 1),
  0xab: (a) => whole(a, 0, 2 ** 32 - 1),
  0xac: (a) => BigInt(a),
  0xad: (a) => BigInt(a >>> 0),
  0xae: (a) => large(a, -(2 ** 63), 2 ** 63),
  0xaf: (a) => large(a, 0, 2 ** 64),
  0xb0: (a) => large(a, -(2 ** 63), 2 ** 63),
  0xb1: (a) => large(a, 0, 2 ** 64),
  0xb2: (a) => F(a),
  0xb3: (a) => F(a >>> 0),
  0xb6: (a) => F(a),
  0xb7: (a) => a,
  0xb8: (a) => a >>> 0,
  0xbb: (a) => a,
  0xbc: (a) => (BITS.setFloat32(0, a), BITS.getInt32(0)),
  0xbd: (a) => (BITS.setFloat64(0, a), BITS.getBigInt64(0)),
  0xbe: (a) => (BITS.setInt32(0, a), BITS.getFloat32(0)),
  0xc0: (a) => (a << 24) >> 24,
  0xc1: (a) => (a << 16) >> 16,
  0xfc00: (a) => within(a, -(2 ** 31), 2 ** 31 - 1),
  0xfc01: (a) => within(a, 0, 2 ** 32 - 1) | 0,
  0xfc02: (a) => within(a, -(2 ** 31), 2 ** 31 - 1),
  0xfc03: (a) => within(a, 0, 2 ** 32 - 1) | 0,
  0xfc04: (a) => withinLarge(a, -(2 ** 63), 2 ** 63),
  0xfc05: (a) => I(withinLarge(a, 0, 2 ** 64)),
  0xfc06: (a) => withinLarge(a, -(2 ** 63), 2 ** 63),
  0xfc07: (a) => I(withinLarge(a, 0, 2 ** 64)),
};

/**
 * What takes integers of 64 bits.
 * @type {Record<number, (a: bigint, b: bigint) => number | bigint>}
 */
const OF_BIGINTS = {
  0x50: (a) => +!a,
  0x51: (a, b) => +(a === b),
  0x52: (a, b) => +(a !== b),
  0x53: (a, b) => +(a < b),
  0x54: (a, b) => +(U(a) < U(b)),
  0x55: (a, b) => +(a > b),
  0x56: (a, b) => +(U(a) > U(b)),
  0x57: (a, b) => +(a <= b),
  0x58: (a, b) => +(U(a) <= U(b)),
  0x59: (a, b) => +(a >= b),
  0x5a: (a, b) => +(U(a) >= U(b)),
  0x79: (a) => leading(a),
  0x7a: (a) => trailing(a),
  0x7b: (a) => BigInt(count(bits(a))),
  0x7c: (a, b) => I(a + b),
  0x7d: (a, b) => I(a - b),
  0x7e: (a, b) => I(a * b),
  0x7f: (a, b) => (!b || (b === -1n && I(-a) === a && a) ? trap() : a / b),
  0x80: (a, b) => (b ? I(U(a) / U(b)) : trap()),
  0x81: (a, b) => (b ? a % b : trap()),
  0x82: (a, b) => (b ? I(U(a) % U(b)) : trap()),
  0x83: (a, b) => a & b,
  0x84: (a, b) => a | b,
  0x85: (a, b) => a ^ b,
  0x86: (a, b) => I(a << (b & 63n)),
  0x87: (a, b) => a >> (b & 63n),
  0x88: (a, b) => I(U(a) >> (b & 63n)),
  0x89: (a, b) => I((U(a) << (b & 63n)) | (U(a) >> (-b & 63n))),
  0x8a: (a, b) => I((U(a) >> (b & 63n)) | (U(a) << (-b & 63n))),
  0xa7: (a) => Number(BigInt.asIntN(32, a)),
  0xb4: (a) => single(a),
  0xb5: (a) => single(U(a)),
  0xb9: (a) => Number(a),
  0xba: (a) => Number(U(a)),
  0xbf: (a) => (BITS.setBigInt64(0, a), BITS.getFloat64(0)),
  0xc2: (a) => BigInt.asIntN(8, a),
  0xc3: (a) => BigInt.asIntN(16, a),
  0xc4: (a) => BigInt.asIntN(32, a),
};

export const OPERATIONS = { ...OF_NUMBERS, ...OF_BIGINTS };
