// The examples of the README and the guide compile as they stand, in strict
// TypeScript. Those for other libraries are compiled with these, in
// tests/package.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blocks, vueScript } from './support/guide.mjs';
import { LIBRARIES, install, run } from './support/install.mjs';

/** Files that other examples import by these names. */
const PLACES = {
  'next-auth': 'next/auth.ts',
  'next-session': 'next/session.tsx',
  'next-layout': 'next/layout.tsx',
  'nuxt-auth': 'nuxt/utils/auth.ts',
  'nuxt-plugin': 'nuxt/plugins/session.ts',
  explain: 'guide/explain.ts',
  load: 'guide/posts.ts',
};
const RUNNERS = fileURLToPath(new URL('../testing/node_modules', import.meta.url));
/** The pages whose examples are run with the backends. */
const BACKENDS = ['strapi4', 'strapi5', 'strapi5-plugin', 'nestjs', 'express'];
/** The application's own module, and what is not installed here. */
const SURROUNDINGS = {
  'guide/tokens.ts': `
    import { InjectionToken } from '@angular/core';
    import type { TokenManager } from 'evertoken';
    export const TOKENS = new InjectionToken<TokenManager>('tokens');
  `,
  'guide/auth.ts': `
    import { createTokenManager } from 'evertoken';
    export const ready = createTokenManager({ preset: 'strapi4' });
    export const auth = await ready;
  `,
  'guide/around.d.ts': `
    declare module '*.vue' { const component: import('vue').Component; export default component }
    declare module '*.svelte' { const component: import('svelte').Component; export default component }
    declare module 'react-dom/client' {
      export function createRoot(container: Element): { render(children: import('react').ReactNode): void };
    }
    declare module 'axios-auth-refresh' {
      export default function create(instance: import('axios').AxiosInstance, refresh: (failed: import('axios').AxiosError) => Promise<void>): number;
    }
    declare module 'node:test' { export function test(name: string, run: () => Promise<void>): void; export function afterEach(run: () => void): void }
    declare module 'node:assert/strict' {
      const assert: { equal(a: unknown, b: unknown): void; deepEqual(a: unknown, b: unknown): void; rejects(promise: Promise<unknown>, error: object): Promise<void> };
      export default assert;
    }
    declare function defineNuxtPlugin(setup: (nuxtApp: { vueApp: import('vue').App; hook(name: 'app:mounted', run: () => void): void }) => void): unknown;
  `,
};

let installed;
before(async () => {
  installed = await install();
});
after(() => installed?.remove());

test('every example of the README and the guide compiles, strictly', { timeout: 120_000 }, async () => {
  const files = { ...SURROUNDINGS };
  for (const [name, { language, code, page }] of blocks) {
    if (['libraries.md', 'state.md'].includes(page) || language === 'svelte') continue;
    const text = language === 'vue' ? vueScript(code, name) : code;
    files[PLACES[name] ?? `guide/${name}.${language === 'vue' ? 'ts' : language}`] = `${text}\nexport {};`;
  }
  for (const page of BACKENDS) {
    const text = await readFile(new URL(`../../www/guide/${page}.md`, import.meta.url), 'utf8');
    const modules = [...text.matchAll(/^```ts\n(\/\/ session\.ts[^]*?)^```/gm)];
    assert.ok(modules.length > 0, `${page}.md has no module of a page`);
    modules.forEach(([, code], at) => (files[`backends/${page}-${at}.ts`] = code));
  }
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  for (const [, name, code] of readme.matchAll(/<!-- test: (\S+) -->\n```(?:js|ts)\n([^]*?)```/g)) {
    if (name !== 'jest') files[`guide/readme-${name}.ts`] = code;
  }
  const folder = join(installed.folder, 'samples');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    experimentalDecorators: true,
    noEmit: true,
    jsx: 'react-jsx',
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    module: 'esnext',
    moduleResolution: 'bundler',
    skipLibCheck: true,
    // What the guide's tests are written for, where it is installed.
    paths: {
      ...Object.fromEntries(['vitest', 'msw', 'msw/node', '@testing-library/react'].map((name) => [name, [join(RUNNERS, name)]])),
      '@playwright/test': [join(LIBRARIES, 'playwright-core')],
    },
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['**/*'] }));
  const { stdout } = await run(join(LIBRARIES, '.bin/tsc'), ['-p', folder, '--pretty', 'false'], { cwd: folder }).catch((error) => error);
  assert.equal(stdout, '');
  assert.ok(Object.keys(files).length > 40, `${Object.keys(files).length} examples`);
});
