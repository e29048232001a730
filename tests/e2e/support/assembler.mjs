// Small modules in the binary format of WebAssembly (core specification,
// chapter 5), from their instructions.

export const [I32, I64, F32, F64] = [0x7f, 0x7e, 0x7d, 0x7c];

/** Unsigned LEB128. */
export function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value % 0x80) + (value >= 0x80 ? 0x80 : 0));
    value = Math.floor(value / 0x80);
  } while (value > 0);
  return bytes;
}

/** Signed LEB128, of a BigInt. */
export function signed(value) {
  for (const bytes = []; ; value >>= 7n) {
    const low = Number(value & 0x7fn);
    const last = value >> 6n === 0n || value >> 6n === -1n;
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

/** The bytes of an instruction, some of which begin with 0xfc. */
export const code = (op) => (op > 0xff ? [op >> 8, ...unsigned(op & 0xff)] : [op]);

const list = (items) => [...unsigned(items.length), ...items.flat()];
const text = (value) => list([...Buffer.from(value)].map((byte) => [byte]));
const section = (id, items) => (items.length ? [id, ...sized(list(items))] : []);
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const type = ({ takes, gives }) => [0x60, ...list(takes.map((one) => [one])), ...list(gives.map((one) => [one]))];

/**
 * A module of `functions`, `{ takes, gives, locals?, body }` by the names that
 * they are exported by, and a memory that begins with `data`. An imported
 * function, `host.note`, comes before the others. Each function's type has the
 * function's number.
 */
export function module(functions, { data = [], memory = [1], table, imported } = {}) {
  const all = Object.values(functions);
  const first = imported ? 1 : 0;
  const offset = (at) => [0x41, ...signed(BigInt(at)), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [...(imported ? [imported] : []), ...all].map(type)),
    ...section(2, imported ? [[...text('host'), ...text('note'), 0, 0]] : []),
    ...section(3, all.map((_, at) => unsigned(at + first))),
    ...section(4, table ? [[0x70, 0, ...unsigned(table.length)]] : []),
    ...section(5, [[memory.length - 1, ...memory.flatMap(unsigned)]]),
    ...section(7, [[...text('memory'), 2, 0], ...Object.keys(functions).map((name, at) => [...text(name), 0, ...unsigned(at + first)])]),
    ...section(9, table ? [[0, ...offset(table.offset), ...list(table.functions.map(unsigned))]] : []),
    ...section(
      10,
      all.map(({ locals = [], body }) => sized([...list(locals.map((one) => [1, one])), ...body, 0x0b])),
    ),
    ...section(11, data.length ? [[0, ...offset(0), ...list(data.map((byte) => [byte]))]] : []),
  ]);
}
