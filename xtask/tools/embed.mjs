// How the module gets into the bundle. `import packed from './engine.wasm'`
// gives a text: for each byte whether it is frequent, a 1 or a 0, then the
// module. The bytes that are frequent are a character each: their own where
// the alphabet has it, what is left of the alphabet, in order, for the others.
// Two characters are free then, and one of them before another stands for a
// byte that is not frequent. Brotli makes almost as little of that as of the module
// itself (0.7 % more), which it cannot do with base64 of it (a quarter more),
// nor with base64 of what is deflated already (an eighth more).
//
// `import unpacker from './unpack.wat'` gives the base64url of what reads it.
import { readFile } from 'node:fs/promises';
import binaryen from 'binaryen';

/** From ' ' to '~' without '"' and '\', which would have to be escaped, and
 * '<', which an inline script does not take as it is. What
 * pkg-template/unpack.wat reads is the same. */
const ALPHABET = [...Array(0x7f).keys()].slice(0x20).filter((code) => code !== 0x22 && code !== 0x3c && code !== 0x5c);
const SHIFTS = 2;
/** What of the unpacker's memory the text may take. */
const ROOM = 0x1_0000 - 0x500;

export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: JSON.stringify(packed(await readFile(path))),
      loader: 'json',
    }));
    build.onLoad({ filter: /\.wat$/ }, async ({ path }) => ({
      contents: JSON.stringify(assembled(await readFile(path, 'utf8'))),
      loader: 'json',
    }));
  },
};

function packed(bytes) {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]++;
  const all = [...counts.keys()];
  const order = [...all].sort((a, b) => counts[b] - counts[a] || a - b);
  const frequent = new Set(order.slice(0, ALPHABET.length - SHIFTS));
  const left = ALPHABET.filter((code) => !frequent.has(code));
  const characters = new Map();
  for (const byte of all) {
    if (frequent.has(byte)) characters.set(byte, String.fromCharCode(ALPHABET.includes(byte) ? byte : left.shift()));
  }
  all
    .filter((byte) => !frequent.has(byte))
    .forEach((byte, at) => {
      const [shift, rest] = [Math.floor(at / ALPHABET.length), at % ALPHABET.length];
      characters.set(byte, String.fromCharCode(left[shift], ALPHABET[rest]));
    });
  const text = [...bytes].map((byte) => characters.get(byte)).join('');
  if (text.length > ROOM) throw new Error(`embed.mjs: the module's text has ${text.length} characters, the unpacker has room for ${ROOM}`);
  return all.map((byte) => Number(frequent.has(byte))).join('') + text;
}

function assembled(text) {
  const module = binaryen.parseText(text);
  try {
    binaryen.setOptimizeLevel(2);
    binaryen.setShrinkLevel(2);
    module.optimize();
    return Buffer.from(module.emitBinary()).toString('base64url');
  } finally {
    module.dispose();
  }
}
