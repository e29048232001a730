// The types of the packed package, as applications compile them, and what
// tools say of the package as a whole.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { LIBRARIES, install, run } from './support/install.mjs';

const types = fileURLToPath(new URL('types', import.meta.url));
const program = (name) => join(LIBRARIES, '.bin', name);
let installed;

before(async () => {
  installed = await install();
});
after(() => installed?.remove());

/** What a program says, whether or not it succeeds. */
const said = (name, parameters) =>
  run(program(name), parameters, { cwd: installed.folder }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );

/** Compiles files of `types` in a folder of their own. */
async function compiles(name, files, options) {
  const folder = join(installed.folder, name);
  await mkdir(folder);
  for (const file of files) await copyFile(join(types, file), join(folder, file));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    // Whoever writes `using` names the library that declares it.
    lib: ['es2022', 'dom', 'dom.iterable', 'esnext.disposable'],
    types: [],
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  assert.deepEqual(await said('tsc', ['-p', folder, '--pretty', 'false']), { code: 0, text: '' });
  return folder;
}

for (const [resolution, module] of [['node16', 'node16'], ['nodenext', 'nodenext'], ['bundler', 'esnext']]) {
  test(`the types compile under strict with moduleResolution ${resolution}`, { timeout: 120_000 }, async () => {
    await compiles(resolution, await readdir(types), { module, moduleResolution: resolution });
  });
}

/** Where the types of a package are that is installed by another name. */
async function paths(name, alias) {
  const folder = join(LIBRARIES, alias);
  const { exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const typed = Object.entries(exports).filter(([, { types }]) => types);
  return Object.fromEntries(typed.map(([subpath, { types }]) => [join(name, subpath), [join(folder, types.default ?? types)]]));
}

for (const [title, file, aliases] of [
  ['Angular 21', 'angular.ts', { '@angular/core': 'angular-core-21', '@angular/common': 'angular-common-21' }],
  ['Angular 20', 'angular.ts', { '@angular/core': 'angular-core-20', '@angular/common': 'angular-common-20' }],
  ['React 18', 'react.tsx', { react: 'types-react-18' }],
  ['Svelte 4', 'svelte.ts', { svelte: 'svelte-4' }],
  ['Vue 3.2', 'vue.ts', { vue: 'vue-3.2' }],
]) {
  test(`the types compile with ${title}`, { timeout: 120_000 }, async () => {
    const found = await Promise.all(Object.entries(aliases).map(([name, alias]) => paths(name, alias)));
    const folder = await compiles(title, [file], { module: 'esnext', moduleResolution: 'bundler', paths: Object.assign({}, ...found) });
    // A path that leads nowhere is passed over for the version of today.
    const { text } = await said('tsc', ['-p', folder, '--listFilesOnly']);
    for (const [name, alias] of Object.entries(aliases)) {
      assert.ok(text.includes(`/node_modules/${alias}/`), `${alias} was read`);
      assert.ok(!text.includes(`/node_modules/${name}/`), `${name} was not`);
    }
  });
}

test('no declaration has an any', async () => {
  const folder = join(installed.folder, 'node_modules/evertoken');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.d.ts'))) {
    const code = (await readFile(join(folder, file), 'utf8')).replaceAll(/\/\*\*[^]*?\*\/|\/\/.*/g, '');
    assert.doesNotMatch(code, /\bany\b/, file);
  }
});

test('every option says what it is, its unit, and its default', async () => {
  const types = await readFile(join(installed.folder, 'node_modules/evertoken/index.d.ts'), 'utf8');
  let count = 0;
  for (const name of ['Options', 'Endpoint']) {
    const body = new RegExp(`interface ${name} \\{([^]*?)\n\\}`).exec(types)[1];
    for (const [, comment, option] of body.matchAll(/(\/\*\*(?:(?!\/\*\*)[^])*?\*\/)?\s*\b(\w+)\?:/g)) {
      count++;
      assert.match(comment ?? '', /default/i, `${name}.${option}: ${comment}`);
      const unit = { Ms: /milliseconds/i, Seconds: /seconds/i }[/Ms$|Seconds$/.exec(option)?.[0]];
      if (unit) assert.match(comment, unit, `${name}.${option}`);
    }
  }
  assert.ok(count > 30, `${count} options were looked at`);
});

test('publint has nothing to say', { timeout: 120_000 }, async () => {
  const { code, text } = await said('publint', ['--strict', installed.tarball]);
  assert.equal(code, 0, text);
  assert.match(text, /All good!/);
});

test('are the types wrong? No', { timeout: 120_000 }, async () => {
  // An ES module: require() of one is for later versions of Node.js.
  const { code, text } = await said('attw', [installed.tarball, '--profile', 'esm-only', '--no-color']);
  assert.equal(code, 0, text);
});

test('each subpath for applications is below 1.5 kB with brotli, the sign-in by redirect 3 kB, and carries neither the engine nor a library', async () => {
  const folder = join(installed.folder, 'node_modules/evertoken');
  const { exports, peerDependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const subpaths = Object.values(exports).filter((entry) => entry.default && !['./index.js', './js.js', './testing.js'].includes(entry.default));
  assert.equal(subpaths.length, 9);
  for (const { default: file } of subpaths) {
    const code = await readFile(join(folder, file));
    const most = file === './oauth.js' ? 3000 : 1500;
    assert.ok(brotliCompressSync(code).length < most, `${file}: ${brotliCompressSync(code).length} bytes`);
    const imported = [...code.toString().matchAll(/(?:from|import)\s*"([^"]+)"/g)].map(([, name]) => name);
    const own = ['./index.js', './socket.js'];
    for (const name of imported) {
      const known = own.includes(name) || Object.keys(peerDependencies).some((peer) => name === peer || name.startsWith(`${peer}/`));
      assert.ok(known, `${file} imports ${name}`);
    }
  }
});
