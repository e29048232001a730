// How the module gets into the bundle. `import packed from './engine.wasm'`
// gives base64 of raw deflate: brotli makes nothing of base64 of a module
// itself (84 kB where the module alone is 56), and all of what is compressed
// already.
import { readFile } from 'node:fs/promises';
import { deflateRawSync } from 'node:zlib';

export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: deflateRawSync(await readFile(path), { level: 9, memLevel: 9 }).toString('base64'),
      loader: 'text',
    }));
  },
};
