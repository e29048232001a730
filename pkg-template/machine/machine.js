// WebAssembly where there is none: runs a module by looking at one instruction
// after the other. It has what this package's module needs, and its faces are
// those of `WebAssembly`.

import { OPERATIONS } from './operations.js';

/**
 * What a stack, a local or a global holds: null is a reference to nothing.
 * @typedef {number | bigint | Callable | null} Value
 *
 * A function of the module or of its imports. JavaScript calls it as it is, `run`
 * by `inner`, with what the stack has.
 * @typedef {((...values: Value[]) => unknown) & Type & { inner: (values: Value[]) => any }} Callable
 *
 * @typedef {{ params: number[], results: number[] }} Type
 * @typedef {{ target: number, arity: number, loop: number }} Label
 *
 * Of an instruction. What `a` and `b` are follows from `op`: nothing but `run`
 * and `decoded` look at them.
 * @typedef {{ code: number, op: number, a: any, b: any, takes: number, label: Label }} Instruction
 *
 * @typedef {{ locals: Value[], code: Instruction[] }} Body
 * @typedef {Record<string, Record<string, (...values: Value[]) => Value>>} Imports
 */

const PAGE = 0x1_0000;
/** Loads and stores from 0x28 on: the methods of a DataView. */
const ACCESS =
  'getInt32 getBigInt64 getFloat32 getFloat64 getInt8 getUint8 getInt16 getUint16 getInt8 getUint8 getInt16 getUint16 getInt32 getUint32 setInt32 setBigInt64 setFloat32 setFloat64 setInt8 setInt16 setInt8 setInt16 setInt32'.split(
    ' ',
  );

/**
 * Makes of a value what an instruction expects of its type.
 * @type {(type: number, value: any) => Value}
 */
const typed = (type, value) => (type === 0x7f ? value | 0 : type === 0x7e ? BigInt.asIntN(64, value) : type === 0x7c ? +value : type === 0x7d ? Math.fround(value) : value);
/** @param {number} type */
const zero = (type) => (type === 0x7e ? 0n : type > 0x7a ? 0 : null);

/**
 * Reads the binary format (core specification, chapter 5).
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
function reader(bytes) {
  let at = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const byte = () => bytes[at++];
  /** @param {number} size */
  function signed(size) {
    let value = 0n;
    let shift = 0n;
    for (let more = 0x80; more & 0x80; shift += 7n) value |= BigInt((more = byte()) & 0x7f) << shift;
    return BigInt.asIntN(size, BigInt.asIntN(Number(shift), value));
  }
  function unsigned() {
    let value = 0;
    for (let shift = 0, more = 0x80; more & 0x80; shift += 7) value += ((more = byte()) & 0x7f) * 2 ** shift;
    return value;
  }
  /**
   * @template T
   * @param {() => T} read
   */
  const list = (read) => Array.from({ length: unsigned() }, read);
  /** @param {number} length */
  const taken = (length) => bytes.subarray(at, (at += length));
  return {
    byte,
    list,
    unsigned,
    signed,
    taken,
    name: () => new TextDecoder().decode(taken(unsigned())),
    i32: () => Number(signed(32)),
    f32: () => view.getFloat32((at += 4) - 4, true),
    f64: () => view.getFloat64((at += 8) - 8, true),
    get at() {
      return at;
    },
    set at(place) {
      at = place;
    },
    get ended() {
      return at >= bytes.length;
    },
  };
}

/** What `run` does for numeric instructions, loads and stores. */
const [UNARY, BINARY, LOAD, STORE] = [0x100, 0x101, 0x102, 0x103];

/**
 * The instructions of a function: `op`, its immediates `a` and `b`, and `code`,
 * what it is in the binary format. One that opens a block has the label that
 * branches to it go by, the type's counts of values, and the places of its
 * else and its end.
 * @param {Uint8Array<ArrayBuffer>} body
 * @param {Type[]} types
 * @returns {Body}
 */
export function decoded(body, types) {
  const read = reader(body);
  const { unsigned } = read;
  const locals = read.list(() => /** @type {const} */ ([unsigned(), read.byte()])).flatMap(([count, type]) => Array(count).fill(zero(type)));
  /** @type {Instruction[]} */
  const code = [];
  /** @type {Instruction[]} */
  const open = [];
  while (!read.ended) {
    let op = read.byte();
    if (op === 0xfc) op = 0xfc00 + unsigned();
    const one = /** @type {Instruction} */ ({ code: op, op, a: 0, b: 0 });
    if (op > 0x01 && op < 0x05) {
      const block = Number(read.signed(33));
      one.takes = block < 0 ? 0 : types[block].params.length;
      const gives = block < 0 ? +(block !== -0x40) : types[block].results.length;
      // Where a branch goes, and what it takes along.
      one.label = op === 0x03 ? { target: code.length + 1, arity: one.takes, loop: 1 } : /** @type {Label} */ ({ arity: gives, loop: 0 });
      open.push(one);
    } else if (op === 0x05) open[open.length - 1].b = code.length + 1;
    else if (op === 0x0b) {
      const block = open.pop();
      if (block) {
        block.a = code.length;
        if (!block.label.loop) block.label.target = code.length + 1;
        if (block.b) code[block.b - 1].a = code.length;
        else block.b = code.length;
      }
    } else if (op === 0x0e) one.a = [...read.list(unsigned), unsigned()];
    else if (op === 0x1c) read.list(read.byte);
    else if (op === 0x3f || op === 0x40 || op === 0xd0 || op === 0xfc0b) read.byte();
    else if (op === 0x41) one.a = read.i32();
    else if (op === 0x42) one.a = read.signed(64);
    else if (op === 0x43) one.a = read.f32();
    else if (op === 0x44) one.a = read.f64();
    else if (op === 0x11 || (op > 0x27 && op < 0x3f) || op === 0xfc08 || op === 0xfc0a || op === 0xfc0c || op === 0xfc0e) {
      one.a = unsigned();
      one.b = unsigned();
    } else if (op === 0x0c || op === 0x0d || op === 0x10 || (op > 0x1f && op < 0x27) || op === 0xd2 || op > 0xfc07) one.a = unsigned();
    const operation = /** @type {Function | undefined} */ (OPERATIONS[op]);
    if (operation) {
      one.a = operation;
      one.op = operation.length > 1 ? BINARY : UNARY;
    } else if (op > 0x27 && op < 0x3f) {
      one.a = ACCESS[op - 0x28];
      one.op = op < 0x36 ? LOAD : STORE;
    } else if (op > 0x40 && op < 0x45) one.op = 0x41;
    code.push(one);
  }
  return { locals, code };
}

/**
 * The sections that count, by their number.
 * @typedef {{
 *   1: Type[],
 *   2?: [from: string, name: string, kind: number, index: number][],
 *   3: number[],
 *   4?: number[][],
 *   5?: number[][],
 *   6?: Value[],
 *   7: [name: string, kind: number, index: number][],
 *   9?: [offset: number, elements: number[]][],
 *   10: Uint8Array<ArrayBuffer>[],
 *   11?: [offset: number, bytes: Uint8Array][],
 * }} Sections
 */

/** Reads a module's sections. */
export class Module {
  /** @param {Uint8Array<ArrayBuffer> | ArrayBuffer} bytes */
  constructor(bytes) {
    const read = reader((new Uint8Array(/** @type {Uint8Array<ArrayBuffer>} */ (bytes).buffer ?? bytes, /** @type {Uint8Array} */ (bytes).byteOffset ?? 0, bytes.byteLength)));
    read.at = 8;
    const limits = () => (read.byte() & 1 ? [read.unsigned(), read.unsigned()] : [read.unsigned()]);
    const constant = () => {
      const op = read.byte();
      const value = op === 0x41 ? read.i32() : op === 0x42 ? read.signed(64) : op === 0x43 ? read.f32() : op === 0x44 ? read.f64() : op === 0xd0 ? (read.byte(), null) : read.unsigned();
      read.byte();
      return value;
    };
    /** @type {Record<number, () => unknown>} */
    const sections = {
      1: () => (read.byte(), { params: read.list(read.byte), results: read.list(read.byte) }),
      2: () => [read.name(), read.name(), read.byte(), read.unsigned()],
      3: read.unsigned,
      4: () => (read.byte(), limits()),
      5: limits,
      6: () => (read.byte(), read.byte(), constant()),
      7: () => [read.name(), read.byte(), read.unsigned()],
      9: () => (read.unsigned(), [constant(), read.list(read.unsigned)]),
      10: () => read.taken(read.unsigned()),
      11: () => (read.unsigned(), [constant(), read.taken(read.unsigned())]),
    };
    while (!read.ended) {
      const id = read.byte();
      const length = read.unsigned();
      const end = read.at + length;
      if (sections[id]) /** @type {Record<number, unknown>} */ (/** @type {object} */ (this))[id] = read.list(sections[id]);
      read.at = end;
    }
  }
}

class Memory {
  bytes = new Uint8Array();
  /**
   * @param {number} pages
   * @param {number} [most]
   */
  constructor(pages, most = PAGE) {
    this.most = most;
    this.resize(pages);
  }
  /**
   * Gives how many pages there were; -1 where there cannot be as many.
   * @param {number} count
   */
  grow(count) {
    const before = /** @type {Uint8Array} */ (this.bytes).length / PAGE;
    try {
      if (before + count > this.most) return -1;
      this.resize(before + count);
      return before;
    } catch {
      return -1;
    }
  }
  /** @param {number} pages */
  resize(pages) {
    const bytes = new Uint8Array(pages * PAGE);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.view = new DataView(this.buffer);
  }
}

/** @augments {Array<Value>} */
class Table extends Array {
  /** @param {number} index */
  get(index) {
    return this[index];
  }
  /** @type {(index: number, value: Value) => void} */
  set(index, value) {
    this[index] = value;
  }
  /** @type {(count: number, value: Value) => number} */
  grow(count, value) {
    for (let n = 0; n < count; n++) this.push(value);
    return this.length - count;
  }
}

class Instance {
  /**
   * @param {Sections} module
   * @param {Imports} imports
   */
  constructor(module, imports) {
    const types = module[1];
    const [pages = 0, most] = module[5]?.[0] ?? [];
    const memory = /** @type {{ bytes: Uint8Array<ArrayBuffer>, view: Record<string, any>, resize(pages: number): void, grow(count: number): number }} */ (new Memory(pages, most));
    const tables = (module[4] ?? []).map(([length]) => {
      const table = new Table();
      table.grow(length, null);
      return table;
    });
    const globals = [...(module[6] ?? [])];
    /**
     * What JavaScript calls, with what `run` does.
     * @type {(inner: (values: Value[]) => unknown, type: Type) => Callable}
     */
    const callable = (inner, { params, results }) => {
      const outer = (/** @type {Value[]} */ ...values) => inner(params.map((type, n) => typed(type, values[n])));
      return Object.assign(outer, { inner, params, results });
    };
    const functions = (module[2] ?? []).map(([from, name, , index]) => {
      const type = types[index];
      return callable((values) => typed(type.results[0], imports[from][name](...values)), type);
    });
    module[3].forEach((index, n) => {
      const type = types[index];
      /** @type {Body | undefined} */
      let made;
      functions.push(callable((values) => run((made ??= decoded(module[10][n], types)), type.results.length, values), type));
    });
    for (const [offset, elements] of module[9] ?? []) elements.forEach((index, n) => (tables[0][offset + n] = functions[index]));
    for (const [offset, bytes] of module[11] ?? []) memory.bytes.set(bytes, offset);

    /** @type {Record<string, unknown>} */
    this.exports = {};
    for (const [name, kind, index] of module[7]) this.exports[name] = [functions[index], tables[index], memory, { value: globals[index] }][kind];

    /** @type {(body: Body, gives: number, local: Value[]) => Value | Value[]} */
    function run({ locals, code }, gives, local) {
      for (const value of locals) local.push(value);
      // Their types are what each instruction says: a module that was compiled is valid.
      /** @type {any[]} */
      const stack = [];
      // The open blocks, and how high the stack was before each.
      const labels = [{ target: code.length, arity: gives, loop: 0 }];
      const heights = [0];
      let pc = 0;
      const pop = () => stack.pop();
      /** @param {Instruction} block */
      const enter = ({ label, takes }) => {
        labels.push(label);
        heights.push(stack.length - takes);
      };
      /** @param {number} depth */
      const branch = (depth) => {
        const place = labels.length - 1 - depth;
        const { target, arity, loop } = labels[place];
        const over = stack.length - heights[place] - arity;
        if (over) stack.splice(heights[place], over);
        labels.length = heights.length = place + loop;
        pc = target;
      };
      /** @param {Callable} callee */
      const call = ({ inner, params, results }) => {
        const from = stack.length - params.length;
        const values = stack.slice(from);
        stack.length = from;
        const found = inner(values);
        if (results.length > 1) stack.push(...found);
        else if (results.length) stack.push(found);
      };
      while (pc < code.length) {
        const one = code[pc++];
        const { a, b } = one;
        switch (one.op) {
          case UNARY:
            stack.push(a(pop()));
            break;
          case BINARY: {
            const second = pop();
            stack.push(a(pop(), second));
            break;
          }
          case LOAD: {
            const found = memory.view[a]((pop() >>> 0) + b, true);
            stack.push(one.code > 0x2f ? BigInt(found) : found);
            break;
          }
          case STORE: {
            const value = pop();
            memory.view[a]((pop() >>> 0) + b, one.code > 0x3b ? Number(BigInt.asIntN(32, value)) : value, true);
            break;
          }
          case 0x00:
            throw new Error('unreachable');
          case 0x02:
          case 0x03:
            enter(one);
            break;
          case 0x04: {
            const yes = pop();
            enter(one);
            if (!yes) pc = b;
            break;
          }
          case 0x05:
            pc = a;
            break;
          case 0x0b:
            labels.pop();
            heights.pop();
            break;
          case 0x0c:
            branch(a);
            break;
          case 0x0d:
            if (pop()) branch(a);
            break;
          case 0x0e:
            branch(a[Math.min(pop() >>> 0, a.length - 1)]);
            break;
          case 0x0f:
            branch(labels.length - 1);
            break;
          case 0x10:
            call(functions[a]);
            break;
          case 0x11: {
            const found = /** @type {Callable} */ (tables[b][pop() >>> 0]);
            if (`${found?.params};${found?.results}` !== `${types[a].params};${types[a].results}`) throw new Error('indirect call');
            call(found);
            break;
          }
          case 0x1a:
            pop();
            break;
          case 0x1b:
          case 0x1c: {
            const [yes, other, one] = [pop(), pop(), pop()];
            stack.push(yes ? one : other);
            break;
          }
          case 0x20:
            stack.push(local[a]);
            break;
          case 0x21:
            local[a] = pop();
            break;
          case 0x22:
            local[a] = stack[stack.length - 1];
            break;
          case 0x23:
            stack.push(globals[a]);
            break;
          case 0x24:
            globals[a] = pop();
            break;
          case 0x25:
            stack.push(tables[a][pop() >>> 0]);
            break;
          case 0x26: {
            const value = pop();
            tables[a][pop() >>> 0] = value;
            break;
          }
          case 0x3f:
            stack.push(memory.bytes.length / PAGE);
            break;
          case 0x40:
            stack.push(memory.grow(pop() >>> 0));
            break;
          case 0x41:
            stack.push(a);
            break;
          case 0xd0:
            stack.push(null);
            break;
          case 0xd1:
            stack.push(+(pop() === null));
            break;
          case 0xfc0a: {
            const [length, from, to] = [pop() >>> 0, pop() >>> 0, pop() >>> 0];
            if (Math.max(from, to) + length > memory.bytes.length) throw new RangeError('memory.copy');
            memory.bytes.copyWithin(to, from, from + length);
            break;
          }
          case 0xfc0b: {
            const [length, value, to] = [pop() >>> 0, pop(), pop() >>> 0];
            if (to + length > memory.bytes.length) throw new RangeError('memory.fill');
            memory.bytes.fill(value, to, to + length);
            break;
          }
          case 0xfc0f: {
            const count = pop();
            stack.push(tables[a].grow(count, pop()));
            break;
          }
          case 0xfc10:
            stack.push(tables[a].length);
            break;
          case 0x01:
            break;
          default:
            throw new Error(`instruction ${one.code}`);
        }
      }
      return gives > 1 ? stack : stack[0];
    }
  }
}

/**
 * Gives an instance of a module.
 * @param {Module} module
 * @param {Imports} imports
 */
export const instantiate = async (module, imports) => new Instance(/** @type {Sections} */ (/** @type {object} */ (module)), imports);
