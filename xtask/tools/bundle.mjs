// Makes the JavaScript of the npm package: bundle.mjs STAGE PACKAGE
//
// STAGE holds the files of pkg-template/ beside engine.js, engine.wasm and
// their snippets; PACKAGE holds package.json already. Each JavaScript file that
// the exports of package.json name becomes one file. They import each other
// rather than carry a second copy, of the engine above all, and what the peer
// dependencies name is the application's own. fallback.js is loaded by
// index.js, and only where that cannot do without.
import { access, copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import { minify } from 'terser';
import { embed } from './embed.mjs';
import { glue } from './glue.mjs';
import { machine } from './machine.mjs';

const [stage, target] = process.argv.slice(2).map((path) => resolve(path));
const main = join(stage, 'index.js');
const fallback = join(stage, 'fallback.js');
const inJavaScript = join(stage, 'js.js');

// The first versions with all that the shell uses, AbortSignal's reason last; the module would run in older ones.
const engines = ['chrome100', 'firefox97', 'safari15.4', 'node18'];

/**
 * What "exports" says of a name: a file, or one for each condition.
 * @typedef {string | null | { [condition: string]: Exported }} Exported
 */

/**
 * The files that a value in "exports" leads to, whatever the conditions.
 * @param {Exported} value
 * @returns {string[]}
 */
function leaves(value) {
  if (typeof value === 'string') return [value];
  return value === null ? [] : Object.values(value).flatMap(leaves);
}

/**
 * Keeps the other entries files of their own in `entry`.
 * @param {string} entry
 * @returns {import('esbuild').Plugin}
 */
const sharing = (entry) => ({
  name: 'sharing',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir }) => {
      const found = resolve(resolveDir, path);
      if (kind === 'entry-point' || found === entry || !entries.includes(found)) return undefined;
      const there = relative(dirname(entry), found).split(sep).join('/');
      return { path: there.startsWith('.') ? there : `./${there}`, external: true };
    });
  },
});

/**
 * Puts the engine in JavaScript into an entry that is index.js otherwise.
 * @type {import('esbuild').Plugin}
 */
const sourced = {
  name: 'sourced',
  setup(build) {
    build.onResolve({ filter: /^\.\/source\.js$/ }, () => ({ path: join(stage, 'source-js.js') }));
  },
};

/** @type {Record<string, import('esbuild').Plugin[]>} */
const PLUGINS = { [main]: [embed, glue], [fallback]: [machine], [inJavaScript]: [sourced, embed, machine, glue] };

/**
 * What a file begins with that is for the tools of others, such as React's
 * 'use client': terser takes it for nothing.
 * @param {string} entry
 */
async function directive(entry) {
  return /^'use \w+';/.exec(await readFile(entry, 'utf8'))?.[0];
}

/** The classes that an application meets in stack traces, where they keep
 * their names. esbuild writes _ before those that name themselves. */
const NAMED = /^Token(?:Error|Manager)$/;
const UNDERSCORED = /\b_(Token(?:Error|Manager))\b/g;

/**
 * A source map with the names of the files in the stage, and without what is
 * no source: the texts of the modules.
 * @param {string} text
 */
function named(text) {
  /** @type {{ version: 3, names: string[], mappings: string, sources: string[], sourcesContent: (string | null)[] }} */
  const map = JSON.parse(text);
  /** @param {string} path */
  const isSource = (path) => !/\.wa(?:sm|t)$/.test(path);
  map.sourcesContent = map.sourcesContent.map((content, at) => (isSource(map.sources[at]) ? content : null));
  map.sources = map.sources.map((path) => `evertoken/${relative(stage, resolve(target, path)).split(sep).join('/')}`);
  return map;
}

/** @param {string} entry */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    plugins: PLUGINS[entry] ?? [sharing(entry)],
    external: entry === main ? ['./fallback.js'] : peers,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: engines,
    define: { VERSION: JSON.stringify(version) },
    minifyWhitespace: true,
    minifySyntax: true,
    // terser does it better, and knows which names stay.
    minifyIdentifiers: false,
    legalComments: 'none',
    sourcemap: 'external',
    outdir: target,
    logLevel: 'warning',
  });
  // Its names for what is local are 0.6 kB less of the default entry in brotli
  // than esbuild's.
  const [original, { text }] = outputFiles.sort((a, b) => b.path.localeCompare(a.path));
  const file = join(target, relative(stage, entry));
  const { code, map } = await minify(text.replace(UNDERSCORED, '$1'), {
    module: true,
    ecma: 2020,
    keep_classnames: NAMED,
    sourceMap: { content: named(original.text), filename: basename(file), url: `${basename(file)}.map`, includeSources: true, asObject: true },
    compress: {
      passes: 3,
      // A function within the one that calls it is parsed twice, and the text
      // of the module was, three times: half of what parsing costs the start.
      reduce_funcs: false,
    },
    format: {
      // Chrome compiles all of it in the background, while the page does
      // something else, rather than each function when it is first called.
      preamble: [entry === main ? '//# allFunctionsCalledOnLoad' : await directive(entry), banner].filter(Boolean).join('\n'),
      // A classic script on a page that names no charset is not read as utf8.
      ascii_only: true,
    },
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, /** @type {string} */ (code));
  await writeFile(`${file}.map`, JSON.stringify(map));
}

const { version, license, exports, peerDependencies = {} } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8'));
/** What bundlers keep of a file, whatever else they take out. */
const banner = `/*! evertoken ${version} | ${license} */`;
const peers = Object.keys(peerDependencies);
const exported = [...new Set(leaves(exports))];
const entries = exported.filter((file) => file.endsWith('.js')).map((file) => join(stage, file));
const outcomes = await Promise.allSettled([...entries, fallback].map(bundle));
// esbuild has said what is wrong, and where.
if (outcomes.some(({ status }) => status === 'rejected')) process.exit(1);

for (const file of await readdir(stage, { recursive: true })) {
  if (!file.endsWith('.d.ts') || file.startsWith('snippets')) continue;
  await mkdir(dirname(join(target, file)), { recursive: true });
  await copyFile(join(stage, file), join(target, file));
}

for (const file of exported.filter((file) => !file.includes('*'))) {
  await access(join(target, file)).catch(() => {
    console.error(`package.json exports ${file}, which is not in pkg-template/`);
    process.exitCode = 1;
  });
}
