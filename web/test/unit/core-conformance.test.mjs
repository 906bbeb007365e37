// SPDX-License-Identifier: Apache-2.0
// Every conformance vector of the repository through the C++ core as each build of WebAssembly has it, also of what the package does not expose.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'conformance');
const builds = { wasm: [], 'wasm-relaxed': ['--experimental-wasm-relaxed-simd'] };

/** The last line of what the runner says; it fails the test when a case fails. */
function summary(build, ...paths) {
  const args = [...builds[build], join(root, 'build', build, 'simile_conformance.cjs'), ...paths];
  try {
    return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n').at(-1);
  } catch (error) {
    return `${error.stdout}${error.stderr}`;
  }
}

const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')).cases?.length ?? 0])
  .filter(([, cases]) => cases > 0);

for (const build of Object.keys(builds)) {
  test(`the core passes all conformance vectors (${build})`, () => {
    const cases = files.reduce((sum, [, count]) => sum + count, 0);
    assert.ok(cases >= 400, `${cases} cases`);
    assert.equal(summary(build, folder), `${cases} passed, 0 failed`);
    console.log(`${build}: ${cases} cases of ${files.length} files`);
  });

  test(`and its runner notices what is wrong (${build})`, () => {
    assert.match(summary(build, join(root, 'native_tests/conformance/wrong')), /1 passed, 6 failed\n$/);
  });
}
