// How the module gets into the bundle. `import packed from './engine.wasm'`
// gives { frequent, text }: a character for each byte. Bytes that are frequent
// are ASCII, of which `frequent` says a 1, and the others what comes after;
// both keep their order. Brotli makes almost as little of that as of the module
// itself, which it cannot do with base64 of it (a quarter more), nor with
// base64 of what is deflated already (an eighth more).
import { readFile } from 'node:fs/promises';

/** From '#' to '~' without '<', which an inline script does not take as it is.
 * What pkg-template/index.js reads is the same. */
const PLAIN = [...Array(0x7f).keys()].slice(0x23).filter((code) => code !== 0x3c);
const OTHER = 0x80;

export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
      const bytes = await readFile(path);
      const counts = new Uint32Array(256);
      for (const byte of bytes) counts[byte]++;
      const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
      const frequent = new Set(order.slice(0, PLAIN.length));
      const codes = { plain: PLAIN.values(), other: OTHER };
      const codeOf = [...counts.keys()].map((byte) => (frequent.has(byte) ? codes.plain.next().value : codes.other++));
      const text = [...bytes].map((byte) => String.fromCharCode(codeOf[byte])).join('');
      return { contents: JSON.stringify({ frequent: [...counts.keys()].map((byte) => Number(frequent.has(byte))).join(''), text }), loader: 'json' };
    });
  },
};
