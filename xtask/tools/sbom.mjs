// Writes the bill of materials: sbom.mjs METADATA LOCK POLICY OUT
//
// CycloneDX 1.6 (ECMA-424). METADATA is what `cargo metadata` says for
// wasm32, LOCK the package-lock.json of the programs that take part in the
// build, POLICY the deny.toml that says what licences a part of it may have.
// Crates whose code is in the module are required; macros, and
// programs, are excluded: they only helped to make it. There is no date and
// no random number in it, so that the same sources give the same bill.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/**
 * What is read of the two programs' answers.
 * @typedef {{ id: string, name: string, version: string, source: string | null, license: string | null, repository: string | null, description: string | null, targets: { kind: string[] }[] }} Crate
 * @typedef {{ id: string, deps: { pkg: string, dep_kinds: { kind: string | null }[] }[] }} Node
 * @typedef {{ version: string, license: string, integrity: string }} Locked
 */

const [metadataFile, lockFile, policyFile, out] = process.argv.slice(2);
/** @type {{ packages: Crate[], resolve: { nodes: Node[] } }} */
const { packages, resolve } = JSON.parse(await readFile(metadataFile, 'utf8'));
/** @type {{ packages: Record<string, Locked> }} */
const lock = JSON.parse(await readFile(lockFile, 'utf8'));

// The part of TOML that JSON has as well.
/** @type {string[]} */
const licences = JSON.parse(/^allow = (\[.*\])$/m.exec(await readFile(policyFile, 'utf8'))?.[1] ?? '');

/**
 * @template T
 * @param {T | undefined} found
 * @param {string} what
 */
function present(found, what) {
  if (found === undefined) throw new Error(`cargo's metadata has no ${what}`);
  return found;
}

const byId = new Map(packages.map((found) => [found.id, found]));
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
const root = present(
  packages.find(({ name, source }) => name === 'evertoken' && source === null),
  'evertoken',
);
/** @param {string} id */
const crateOf = (id) => present(byId.get(id), id);
/** @param {Crate} crate */
const purl = ({ name, version }) => `pkg:cargo/${name}@${version}`;
/** @param {Crate} crate */
const isMacro = ({ targets }) => targets.some(({ kind }) => kind.includes('proc-macro'));

/**
 * The crates that a crate is compiled with; for `root` without its tests'.
 * @param {string} id
 */
const needs = (id) =>
  present(nodes.get(id), id).deps.filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind !== 'dev'));

/**
 * Each crate that takes part, and whether its code is in the module.
 * @type {Map<string, boolean>}
 */
const inModule = new Map();
/** @type {(id: string, shipped: boolean) => void} */
function visit(id, shipped) {
  if (inModule.get(id) || inModule.get(id) === shipped) return;
  inModule.set(id, shipped);
  for (const { pkg, dep_kinds: kinds } of needs(id)) {
    const normal = kinds.some(({ kind }) => kind === null);
    visit(pkg, shipped && normal && !isMacro(crateOf(pkg)));
  }
}
visit(root.id, true);
inModule.delete(root.id);

const crates = [...inModule].map(([id, shipped]) => {
  const crate = crateOf(id);
  return {
    type: 'library',
    'bom-ref': purl(crate),
    name: crate.name,
    version: crate.version,
    scope: shipped ? 'required' : 'excluded',
    licenses: [{ expression: (crate.license ?? '').replaceAll('/', ' OR ').replaceAll(/ +/g, ' ') }],
    purl: purl(crate),
    externalReferences: crate.repository ? [{ type: 'vcs', url: crate.repository }] : [],
  };
});

const programs = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, { version, license, integrity }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const url = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    const [algorithm, hash] = integrity.split(/-(.*)/);
    return {
      type: 'application',
      'bom-ref': url,
      name,
      version,
      scope: 'excluded',
      hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(hash, 'base64').toString('hex') }],
      licenses: [{ expression: license }],
      purl: url,
    };
  });

const components = [...crates, ...programs].sort((a, b) => (a.purl < b.purl ? -1 : 1));
for (const { purl, licenses } of components) {
  const [{ expression }] = licenses;
  const accepted = expression.replaceAll(/[()]/g, '').split(' AND ').every((part) => part.split(' OR ').some((name) => licences.includes(name)));
  if (!accepted) {
    console.error(`${purl}: its licence "${expression}" is none of ${licences.join(', ')}`);
    process.exitCode = 1;
  }
}

/** @param {string} id */
const direct = (id) => needs(id).map(({ pkg }) => purl(crateOf(pkg))).sort();
const dependencies = [root.id, ...inModule.keys()]
  .map((id) => ({ ref: purl(crateOf(id)), dependsOn: direct(id) }))
  .sort((a, b) => (a.ref < b.ref ? -1 : 1));

const product = {
  type: 'library',
  'bom-ref': purl(root),
  name: root.name,
  version: root.version,
  description: root.description,
  licenses: [{ expression: root.license }],
  purl: purl(root),
  externalReferences: [{ type: 'distribution', url: `https://www.npmjs.com/package/${root.name}` }],
};
// RFC 9562 section 5.8: a name-based number of our own making.
const digest = createHash('sha256').update(JSON.stringify([product, components, dependencies])).digest('hex');
const uuid = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
const bom = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  serialNumber: `urn:uuid:${uuid}`,
  version: 1,
  metadata: { component: product },
  components,
  dependencies,
};
await writeFile(out, `${JSON.stringify(bom, null, 2)}\n`);
const shipped = crates.filter(({ scope }) => scope === 'required').length;
console.log(`${shipped} crates in the module, ${crates.length - shipped} that helped to make it, ${programs.length} programs from npm; ${out}`);
