// The types where there is no DOM: under each runtime's own, or none at all,
// with TypeScript's current major and the two before it.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIBRARIES, install, run } from './support/install.mjs';

const sources = fileURLToPath(new URL('runtimes', import.meta.url));
const modules = fileURLToPath(new URL('../testing/node_modules', import.meta.url));

/** By the runtime where its types are, and whether they have fetch. */
const RUNTIMES = {
  'no types at all': { types: [] },
  '@types/node': { types: ['node'], typeRoots: ['@types'], fetch: true },
  '@types/bun': { types: ['bun'], typeRoots: ['@types'], fetch: true },
  '@cloudflare/workers-types': { types: ['workers-types'], typeRoots: ['@cloudflare'], fetch: true },
  'the DOM': { types: [], lib: ['dom', 'dom.iterable'], fetch: true },
};
const COMPILERS = { 7: join(LIBRARIES, 'typescript'), 6: join(modules, 'typescript-6'), 5: join(modules, 'typescript-5') };

let installed;
before(async () => {
  installed = await install();
  // Beside the package, and not the libraries that are adapted.
  assert.ok((await readdir(join(installed.folder, 'node_modules'))).includes('evertoken'));
});
after(() => installed?.remove());

for (const [major, compiler] of Object.entries(COMPILERS)) {
  for (const [runtime, { types, typeRoots = [], lib = [], fetch }] of Object.entries(RUNTIMES)) {
    test(`the types compile with ${runtime} and TypeScript ${major}`, { timeout: 120_000 }, async () => {
      const folder = join(installed.folder, `${runtime.replaceAll(/\W/g, '-')}-${major}`);
      await mkdir(folder);
      const files = ['anywhere.ts', ...(fetch ? ['fetch.ts'] : [])];
      for (const file of files) await copyFile(join(sources, file), join(folder, file));
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
        noEmit: true,
        target: 'es2022',
        module: 'nodenext',
        moduleResolution: 'nodenext',
        lib: ['es2022', ...lib],
        types,
        typeRoots: typeRoots.map((root) => join(modules, root)),
        // Those of the runtimes are theirs; ours are looked at here too.
        skipLibCheck: typeRoots.length > 0,
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      const version = await run(process.execPath, [join(compiler, 'bin/tsc'), '--version']);
      assert.match(version.stdout, new RegExp(`^Version ${major}\\.`));
      const said = await run(process.execPath, [join(compiler, 'bin/tsc'), '-p', folder, '--pretty', 'false']).then(
        ({ stdout }) => stdout,
        ({ stdout, message }) => stdout || message,
      );
      assert.equal(said, '');
    });
  }
}
