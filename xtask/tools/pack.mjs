// A module of WebAssembly as a text that brotli makes less of than of the
// module itself (7 %), and than of its base64 (28 %).
//
// First its parts go to streams of their own: what instructions there are, and
// of what kind which operands. That is what changes together. Lengths of
// functions, which follow from what is in them, are left out, and so are
// alignments, which are all 0.
//
// Then the bytes that are frequent are a character each: their own where the
// alphabet has it, what is left of the alphabet, in order, for the others. Two
// characters are free then, and one of them before another stands for a byte
// that is not frequent. Before the text it is said for each byte whether it is
// frequent, a 1 or a 0.
//
// pkg-template/unpack.wat makes the module of it again, and where there is no
// WebAssembly pkg-template/machine/unpack.js.

/** From ' ' to '~' without '"' and '\', which would have to be escaped, and
 * '<', which an inline script does not take as it is. */
const ALPHABET = [...Array(0x7f).keys()].slice(0x20).filter((code) => code !== 0x22 && code !== 0x3c && code !== 0x5c);
const SHIFTS = 2;

/** The streams, in their order. */
const STREAMS = ['operators', 'types', 'locals', 'offsets', 'blocks', 'i32', 'calls', 'globals', 'f64', 'branches', 'i64', 'before', 'after'];
/** Where they are in the unpacker's memory, and where that ends. */
const PLACE = 0x500;
const END = 0x2_0000;

const CODE_SECTION = 10;
const [END_OF_BLOCK, BR_TABLE, F64_CONST, MORE] = [0x0b, 0x0e, 0x44, 0xfc];
/** How many operands the instructions have that 0xfc comes before: from the
 * first to the last, conversions to an integer, memory.copy, memory.fill, and
 * what is done with tables. */
const MORE_OPERANDS = [
  [0, 7, 0],
  [10, 10, 2],
  [11, 11, 1],
  [15, 17, 1],
];

/**
 * From the first to the last of some instructions, the stream of their
 * operands, and how many they have.
 * @type {[first: number, last: number, stream?: string, operands?: number][]}
 */
const OPERANDS = [
  [0x00, 0x01],
  [0x02, 0x04, 'blocks', 1],
  [0x05, 0x05],
  [0x0b, 0x0b],
  [0x0c, 0x0d, 'branches', 1],
  [0x0e, 0x0e, 'branches'],
  [0x0f, 0x0f],
  [0x10, 0x10, 'calls', 1],
  [0x11, 0x11, 'operators', 2],
  [0x1a, 0x1b],
  [0x20, 0x22, 'locals', 1],
  [0x23, 0x26, 'globals', 1],
  [0x28, 0x3e, 'offsets', 1],
  [0x3f, 0x40, 'operators', 1],
  [0x41, 0x41, 'i32', 1],
  [0x42, 0x42, 'i64', 1],
  [0x44, 0x44, 'f64', 8],
  [0x45, 0xc4],
  // The type of ref.null, a byte, passes for an instruction.
  [0xd0, 0xd0],
  [0xfc, 0xfc, 'operators'],
];

/**
 * The text of a module, which the unpacker makes of it as it is in `module`:
 * the lengths of its functions have three bytes each.
 * @param {Uint8Array} bytes
 */
export function pack(bytes) {
  const { streams, count, module } = taken(bytes);
  /** @type {number[]} */
  const header = [];
  let place = PLACE + 4 * (STREAMS.length + 1);
  for (const name of STREAMS) {
    header.push(place);
    place += streams[name].length;
  }
  header.push(count);
  const all = [...header.flatMap((number) => [number & 0xff, (number >> 8) & 0xff, number >> 16, 0]), ...STREAMS.flatMap((name) => streams[name])];
  const text = written(all);
  if (PLACE + text.length > END || module.length > END) throw new Error('pack.mjs: the module is larger than the memory of the unpacker');
  return { text, module };
}

/**
 * The bytes of each stream, by its name.
 * @typedef {Record<string, number[]>} Streams
 */

/**
 * Takes a module apart.
 * @param {Uint8Array} bytes
 */
function taken(bytes) {
  /** @type {Streams} */
  const streams = Object.fromEntries(STREAMS.map((name) => [name, []]));
  const { start, end } = codeSection(bytes);
  const reader = new Reader(bytes, start);
  const count = reader.number([]);
  const functions = [];
  for (let at = 0; at < count; at++) functions.push(takenFunction(reader, streams));
  if (reader.at !== end) throw new Error('pack.mjs: the functions do not end where their section does');
  const code = [...leb(count), ...functions.flatMap((body) => [(body.length & 0x7f) | 0x80, ((body.length >> 7) & 0x7f) | 0x80, body.length >> 14, ...body])];
  const before = [...bytes.subarray(0, start - leb(end - start).length), ...leb(code.length)];
  streams.before.push(...before, ...leb(count));
  streams.after.push(...bytes.subarray(end));
  return { streams, count, module: Uint8Array.from([...before, ...code, ...streams.after]) };
}

/** @param {Uint8Array} bytes */
function codeSection(bytes) {
  const reader = new Reader(bytes, 8);
  for (;;) {
    const id = reader.byte([]);
    const length = reader.number([]);
    if (id === CODE_SECTION) return { start: reader.at, end: reader.at + length };
    reader.at += length;
  }
}

/**
 * Gives the body of the next function.
 * @param {Reader} reader
 * @param {Streams} streams
 */
function takenFunction(reader, streams) {
  const length = reader.number([]);
  if (length >= 2 ** 21) throw new Error('pack.mjs: a function is too long for the unpacker');
  const { at } = reader;
  for (let groups = reader.small(streams.types); groups > 0; groups--) {
    reader.number(streams.types);
    reader.number(streams.types);
  }
  for (let depth = 1; depth > 0; ) {
    const op = reader.byte(streams.operators);
    const known = OPERANDS.find(([first, last]) => first <= op && op <= last);
    if (!known) throw new Error(`pack.mjs: unknown instruction 0x${op.toString(16)}`);
    let [, , name = '', operands = 0] = known;
    const stream = streams[name];
    if (name === 'blocks') depth++;
    if (op === END_OF_BLOCK) depth--;
    if (name === 'offsets' && reader.byte([]) !== 0) throw new Error('pack.mjs: an alignment that is not 0');
    if (op === BR_TABLE) operands = reader.small(stream) + 1;
    if (op === MORE) {
      const more = reader.small(stream);
      const known = MORE_OPERANDS.find(([first, last]) => first <= more && more <= last);
      if (!known) throw new Error(`pack.mjs: unknown instruction 0xfc ${more}`);
      operands = known[2];
    }
    for (; operands > 0; operands--) {
      if (op === F64_CONST) reader.byte(stream);
      else reader.number(stream);
    }
  }
  if (reader.at !== at + length) throw new Error('pack.mjs: a function does not end where its instructions do');
  return reader.bytes.subarray(at, reader.at);
}

class Reader {
  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  /** @param {number[]} stream */
  byte(stream) {
    if (this.at >= this.bytes.length) throw new Error('pack.mjs: the module ends too early');
    const byte = this.bytes[this.at++];
    stream.push(byte);
    return byte;
  }

  /**
   * A number of LEB128, as one without a sign.
   * @param {number[]} stream
   */
  number(stream) {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte(stream);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /**
   * One that has to be a single byte.
   * @param {number[]} stream
   */
  small(stream) {
    const value = this.number(stream);
    if (value >= 0x80) throw new Error('pack.mjs: a number is too large for the unpacker');
    return value;
  }
}

/**
 * @param {number} number
 * @returns {number[]}
 */
function leb(number) {
  const rest = Math.floor(number / 0x80);
  return rest ? [(number & 0x7f) | 0x80, ...leb(rest)] : [number];
}

/**
 * Writes bytes as a text.
 * @param {number[]} bytes
 */
function written(bytes) {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]++;
  const all = [...counts.keys()];
  const order = [...all].sort((a, b) => counts[b] - counts[a] || a - b);
  const frequent = new Set(order.slice(0, ALPHABET.length - SHIFTS));
  const left = ALPHABET.filter((code) => !frequent.has(code));
  const characters = new Map();
  for (const byte of all) {
    if (frequent.has(byte)) characters.set(byte, String.fromCharCode(ALPHABET.includes(byte) ? byte : /** @type {number} */ (left.shift())));
  }
  all
    .filter((byte) => !frequent.has(byte))
    .forEach((byte, at) => {
      const [shift, rest] = [Math.floor(at / ALPHABET.length), at % ALPHABET.length];
      characters.set(byte, String.fromCharCode(left[shift], ALPHABET[rest]));
    });
  return all.map((byte) => Number(frequent.has(byte))).join('') + bytes.map((byte) => characters.get(byte)).join('');
}
