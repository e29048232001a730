import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from './cases.js';

for (const [name, run] of Object.entries(cases)) test(name, () => run(assert.deepEqual));
