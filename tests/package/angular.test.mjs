// Angular: the application builder of its CLI, as a dev server and as a build.
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBrowser, proves, serveFiles } from './support/browser.mjs';
import { fixture, version } from './support/fixture.mjs';
import { finish, node, serving } from './support/programs.mjs';

const WORKSPACE = {
  version: 1,
  cli: { analytics: false, cache: { enabled: false } },
  projects: {
    app: {
      projectType: 'application',
      root: '',
      sourceRoot: 'src',
      architect: {
        build: {
          builder: '@angular/build:application',
          options: { outputPath: 'dist', browser: 'src/main.ts', index: 'src/index.html', tsConfig: 'tsconfig.json' },
        },
        serve: { builder: '@angular/build:dev-server', options: { buildTarget: 'app:build' } },
      },
    },
  },
};
const COMPILER = {
  compilerOptions: {
    target: 'ES2022',
    module: 'preserve',
    moduleResolution: 'bundler',
    strict: true,
    skipLibCheck: false,
    allowJs: true,
    lib: ['ES2022', 'dom', 'dom.iterable'],
    types: [],
  },
  files: ['src/main.ts'],
};
const FILES = {
  'angular.json': JSON.stringify(WORKSPACE),
  'tsconfig.json': JSON.stringify(COMPILER),
  'src/index.html': '<!doctype html><html><head><base href="/"><link rel="icon" href="data:,"></head><body><app-root></app-root></body></html>',
  'src/main.ts': `
    import { Component, signal } from '@angular/core';
    import { bootstrapApplication } from '@angular/platform-browser';
    import { start } from '../app.js';

    @Component({ selector: 'app-root', template: '<p id="said">{{ said() }}</p>' })
    class Root {
      said = signal('');
      constructor() {
        start().then((said) => this.said.set(said));
      }
    }
    bootstrapApplication(Root);
  `,
};
const TIME = { timeout: 900_000 };

let application;
before(async () => {
  application = await fixture(FILES, { kind: 'angular', whole: true });
});
after(() => application?.remove());
withBrowser();

const title = (kind) => `Angular ${version('@angular/build', 'angular')}: ${kind}`;
const ng = (...rest) => [join(application.folder, 'node_modules/@angular/cli/bin/ng.js'), ...rest];
const options = () => ({ cwd: application.folder, env: { NG_CLI_ANALYTICS: 'false' } });

test(title('dev'), TIME, async () => {
  await serving(node('24'), ng('serve', '--host', '127.0.0.1', '--port', '0'), /(http:\/\/127\.0\.0\.1:[1-9]\d*)/, options(), async (url) => {
    await proves(`${url}/`);
  });
});

test(title('build'), TIME, async () => {
  await finish(node('24'), ng('build'), options());
  const files = await serveFiles(join(application.folder, 'dist/browser'));
  try {
    await proves(`${files.origin}/`);
  } finally {
    await files.stop();
  }
});
