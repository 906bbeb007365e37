// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as simile from 'simile';
import { determinism } from '../determinism.mjs';

const { expected } = JSON.parse(readFileSync(new URL('../../../conformance/determinism.json', import.meta.url), 'utf8'));

test('files and results have the bits of the native program', async () => {
  assert.deepEqual(await determinism(simile), expected);
});

test('so have those of the relaxed build', () => {
  const script = `import * as simile from 'simile';
    import { determinism } from './test/determinism.mjs';
    console.log(JSON.stringify([(await simile.init()).simd, await determinism(simile)]));`;
  const web = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['--experimental-wasm-relaxed-simd', '--input-type=module', '-e', script];
  assert.deepEqual(JSON.parse(execFileSync(process.execPath, args, { cwd: web, encoding: 'utf8' })), ['relaxed', expected]);
});
