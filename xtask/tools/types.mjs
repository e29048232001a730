// Checks the types of the project's JavaScript: types.mjs [ROOT]
//
// As tsc would with tsconfig.json and tsconfig.node.json, and beside that
// * checks a file that has its types beside it: tsc takes the types for it;
// * finds what the adapters import where their tests have it installed;
// * finds /pkg/, from where a server serves the package to the page.
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(process.argv[2] ?? join(here, '../..'));
/** Where to look for packages that are not installed here. */
const ADAPTERS = join(root, 'tests/adapters/package.json');

/** @param {string} folder */
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.includes('node_modules'))
    .map((file) => join(folder, file));

/**
 * What is wrong in the files of a configuration.
 * @param {string} config
 * @param {string[]} [more] Files that the configuration leaves out.
 */
function diagnose(config, more = []) {
  const { config: json, error } = ts.readConfigFile(join(here, config), ts.sys.readFile);
  if (error) return [error];
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(json, ts.sys, join(root, 'xtask/tools'), undefined, join(root, 'xtask/tools', config));
  const host = ts.createCompilerHost(options);
  const cache = ts.createModuleResolutionCache(root, host.getCanonicalFileName, options);
  host.resolveModuleNameLiterals = (literals, file, redirect, options, source) =>
    literals.map((literal) => {
      const name = literal.text.replace(/^\/pkg\//, `${root}/pkg-template/`);
      const mode = source && ts.getModeForUsageLocation(source, literal, options);
      const from = (/** @type {string} */ place) => ts.resolveModuleName(name, place, options, host, cache, redirect, mode);
      const found = from(file);
      return found.resolvedModule || name.startsWith('.') ? found : from(ADAPTERS);
    });
  const rootNames = [...new Set([...fileNames, ...more])];
  const program = ts.createProgram({ rootNames, options, host });
  return [...errors, ...ts.getPreEmitDiagnostics(program)];
}

const found = [...diagnose('tsconfig.json', filesOf(join(root, 'pkg-template'))), ...diagnose('tsconfig.node.json')];
if (found.length > 0) {
  console.error(ts.formatDiagnostics(found, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' }));
  process.exitCode = 1;
}
