// How the module gets into the bundle. `import packed from './engine.wasm'`
// gives { alphabet, text }: a character for each byte, the frequent bytes as
// ASCII. Brotli makes almost as little of that as of the module itself, which
// it cannot do with base64 of it (a quarter more), nor with base64 of what is
// deflated already (an eighth more).
import { readFile } from 'node:fs/promises';

/** Characters that stand in a string literal as they are, the short ones first. */
function* characters() {
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    if (!'"\'`\\$<'.includes(character)) yield character;
  }
  for (let code = 0xa1; ; code++) if (code !== 0xad) yield String.fromCharCode(code);
}

export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
      const bytes = await readFile(path);
      const counts = new Uint32Array(256);
      for (const byte of bytes) counts[byte]++;
      const order = [...counts.keys()].sort((a, b) => counts[b] - counts[a] || a - b);
      const names = characters();
      const named = new Map(order.map((byte) => [byte, names.next().value]));
      const alphabet = [...Array(256).keys()].map((byte) => named.get(byte)).join('');
      const text = [...bytes].map((byte) => named.get(byte)).join('');
      return { contents: JSON.stringify({ alphabet, text }), loader: 'json' };
    });
  },
};
