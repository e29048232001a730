// Makes the module's bytes of the text that xtask/tools/pack.mjs makes of them,
// which says how. Where there is WebAssembly, unpack.wat does the same; a build
// fails where the two differ.

const ALPHABET = Array.from({ length: 0x5f }, (_, at) => 0x20 + at).filter((code) => code !== 0x22 && code !== 0x3c && code !== 0x5c);

/** The streams that have a part in this by their numbers in pack.mjs. */
const [OPERATORS, TYPES, OFFSETS, BLOCKS, F64, BRANCHES, BEFORE, AFTER, COUNT] = [0, 1, 3, 4, 8, 9, 11, 12, 13];
/** What the places of the streams are counted from. */
const PLACE = 0x500;

const [END_OF_BLOCK, BR_TABLE, MEMORY_COPY, MORE] = [0x0b, 0x0e, 10, 0xfc];

/** By the instruction the stream of its operands and how many there are;
 * others have none.
 * @type {[number, number][]} */
const OPERANDS = [];
for (const [first, last, stream, count] of [
  [0x02, 0x04, BLOCKS, 1],
  [0x0c, 0x0d, BRANCHES, 1],
  [0x0e, 0x0e, BRANCHES, 0],
  [0x10, 0x10, 6, 1],
  [0x11, 0x11, OPERATORS, 2],
  [0x20, 0x22, 2, 1],
  [0x23, 0x26, 7, 1],
  [0x28, 0x3e, OFFSETS, 1],
  [0x3f, 0x40, OPERATORS, 1],
  [0x41, 0x41, 5, 1],
  [0x42, 0x42, 10, 1],
  [0x44, 0x44, F64, 8],
]) {
  for (let op = first; op <= last; op++) OPERANDS[op] = [stream, count];
}
const NONE = [OPERATORS, 0];

/**
 * The bytes that a text is of.
 * @param {string} text
 */
function read(text) {
  // Of each character its byte: alone, and after the first and the second
  // shift. A shift is 0x100 or 0x200.
  const pages = /** @type {number[][]} */ ([[], [], []]);
  const left = ALPHABET.filter((code) => text[code] !== '1');
  let rare = 0;
  for (let byte = 0; byte < 0x100; byte++) {
    if (text[byte] !== '1') {
      pages[1 + Math.floor(rare / ALPHABET.length)][ALPHABET[rare % ALPHABET.length]] = byte;
      rare++;
    } else pages[0][ALPHABET.includes(byte) ? byte : /** @type {number} */ (left.shift())] = byte;
  }
  [pages[0][left[0]], pages[0][left[1]]] = [0x100, 0x200];

  const bytes = new Uint8Array(text.length);
  let length = 0;
  let page = 0;
  for (let at = 0x100; at < text.length; at++) {
    const value = pages[page][text.charCodeAt(at)];
    page = value >> 8;
    if (!page) bytes[length++] = value;
  }
  return bytes.subarray(0, length);
}

/**
 * Gives the module of a text.
 * @param {string} text
 */
export function unpack(text) {
  const bytes = read(text);
  const header = new DataView(bytes.buffer);
  const places = Array.from({ length: COUNT }, (_, stream) => header.getUint32(4 * stream, true) - PLACE);
  const [before, after] = [bytes.subarray(places[BEFORE], places[AFTER]), bytes.subarray(places[AFTER])];
  const module = [...before];

  /** @param {number} stream */
  const take = (stream) => {
    const byte = bytes[places[stream]++];
    module.push(byte);
    return byte;
  };
  /** Takes numbers of LEB128, or bytes where they are no such numbers. */
  const takeAll = (/** @type {number} */ stream, /** @type {number} */ count) => {
    while (count > 0) if (take(stream) < 0x80 || stream === F64) count--;
  };

  for (let count = header.getUint32(4 * COUNT, true); count > 0; count--) {
    const start = module.push(0, 0, 0);
    takeAll(TYPES, 2 * take(TYPES));
    for (let depth = 1; depth > 0; ) {
      const op = take(OPERATORS);
      let [stream, operands] = OPERANDS[op] ?? NONE;
      // The alignment, which is always 0, comes first.
      if (stream === OFFSETS) module.push(0);
      else if (stream === BLOCKS) depth++;
      else if (op === END_OF_BLOCK) depth--;
      else if (op === BR_TABLE) operands = take(stream) + 1;
      else if (op === MORE) {
        const more = take(OPERATORS);
        // Conversions to an integer have none, memory.copy has two.
        operands = +(more > 7) + +(more === MEMORY_COPY);
      }
      takeAll(stream, operands);
    }
    const length = module.length - start;
    module[start - 3] = (length & 0x7f) | 0x80;
    module[start - 2] = ((length >> 7) & 0x7f) | 0x80;
    module[start - 1] = length >> 14;
  }
  return Uint8Array.from([...module, ...after]);
}
