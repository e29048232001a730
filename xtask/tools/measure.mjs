// Prints the sizes of the given files, one a line: name, raw, gzip at level 9
// and brotli at quality 11, with tabs between.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

for (const file of process.argv.slice(2)) {
  const bytes = readFileSync(file);
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  console.log([file, bytes.length, gzipSync(bytes, { level: 9 }).length, brotli.length].join('\t'));
}
