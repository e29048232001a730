// How the module gets into the bundle. `import wasm from './engine.wasm'` gives
// whatever this step makes of the file: here a Uint8Array, from base64 in the
// text. Nothing else knows.
import { readFile } from 'node:fs/promises';

export const embed = {
  name: 'embed',
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: await readFile(path),
      loader: 'binary',
    }));
  },
};
