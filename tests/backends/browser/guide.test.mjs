// What a guide says of the server is what the server here is made of.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf } from './guide.mjs';

const BACKENDS = join(import.meta.dirname, '..');
const FILE = /^[\w/-]+(?:\.[\w-]+)*\/[\w.-]+\.(?:js|ts)$/;

const SYSTEMS = (await readdir(BACKENDS, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && existsSync(join(BACKENDS, entry.name, 'start.mjs')))
  .map(({ name }) => name);

/** The lines that say something, without their indentation. */
const lines = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('//'));

for (const name of SYSTEMS) {
  test(`the guide of ${name} is there, and its page names the preset`, async () => {
    const pages = (await blocksOf(name)).filter(({ title }) => title?.startsWith('session.ts'));
    assert.equal(pages[0]?.title, 'session.ts');
    assert.equal(new Set(pages.map(({ title }) => title)).size, pages.length, 'each title is there once');
    const tests = await readFile(join(import.meta.dirname, `${name}.test.mjs`), 'utf8');
    for (const { title, text } of pages) {
      assert.ok(text.includes(`preset: '${name}'`), title);
      if (title !== 'session.ts') assert.ok(tests.includes(`'${title}'`), `no test runs "${title}"`);
    }
  });

  test(`the guide of ${name} shows the server's own lines`, async () => {
    const shown = (await blocksOf(name)).filter(({ title }) => title !== null && FILE.test(title));
    assert.ok(name === 'strapi5' || shown.length > 0);
    for (const { title, text } of shown) {
      const source = new Set(lines(await readFile(join(BACKENDS, name, 'app', title), 'utf8')));
      for (const line of lines(text)) assert.ok(source.has(line), `${title} has no line "${line}"`);
    }
  });
}
