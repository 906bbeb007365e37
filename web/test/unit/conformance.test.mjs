// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runConformance } from '../conformance.mjs';
import { operations } from '../support/operations.mjs';

const vectors = fileURLToPath(new URL('../../../conformance', import.meta.url));

/** Files of operations that the package exposes; core-conformance.test.mjs runs all of them. */
const exposed = readdirSync(vectors, { recursive: true })
  .filter((name) => name.endsWith('.json'))
  .map((name) => join(vectors, name))
  .map((path) => ({ path, op: JSON.parse(readFileSync(path, 'utf8')).op ?? '' }))
  .filter(({ op }) => Object.hasOwn(operations, op));

test('the package passes the conformance vectors of the repository', async () => {
  const lines = [];
  const { passed, failed } = await runConformance(
    exposed.map(({ path }) => path),
    (line) => lines.push(line),
  );
  assert.equal(failed, 0, lines.join('\n'));
  assert.deepEqual(new Set(exposed.map(({ op }) => op)), new Set(Object.keys(operations)));
  assert.ok(passed >= 100, `${passed} passed`);
});

const dot = (cases, more = {}) => ({ format: 1, op: 'similarity/dot', tolerance: { rel: 1e-6 }, cases, ...more });
const input = { type: 'f32', x: [1, 2], y: [3, 4] };

/** A file of its own for each fault that the runner has to see. */
const wrong = {
  'a wrong number': dot([{ name: 'x', in: input, out: { dot: 11.001 } }]),
  'an unknown operation': dot([{ name: 'x', in: input, out: { dot: 11 } }], { op: 'similarity/psychic' }),
  'a name that every object has': dot([{ name: 'x', in: input, out: { dot: 11 } }], { op: 'constructor' }),
  'an unknown format': dot([{ name: 'x', in: input, out: { dot: 11 } }], { format: 2 }),
  'a field that is not compared': dot([{ name: 'x', in: input, out: { dot: 11, angle: 1 } }]),
  'no field at all': dot([{ name: 'x', in: input, out: {} }]),
  'an error that does not come': dot([{ name: 'x', in: input, error: 'dimension_mismatch' }]),
  'another error': dot([{ name: 'x', in: { ...input, y: [1] }, error: 'not_finite' }]),
  'an error where a result is due': dot([{ name: 'x', in: { ...input, y: [1] }, out: { dot: 11 } }]),
};

test('the runner sees every kind of fault, and counts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'simile-conformance-'));
  const right = dot([
    { name: 'plain', in: input, out: { dot: 11 } },
    { name: 'its own tolerance', in: input, tolerance: { abs: 1 }, out: { dot: 11.9 } },
    { name: 'infinite', in: { ...input, y: ['inf', 1] }, out: { dot: 'inf' } },
  ]);
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'deep', 'right.json'), JSON.stringify(right));
  assert.deepEqual(await runConformance([folder], () => {}), { passed: 3, failed: 0 });
  const files = { ...wrong, 'no JSON': '{' };
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    const lines = [];
    assert.deepEqual(await runConformance([file], (line) => lines.push(line)), { passed: 0, failed: 1 }, name);
    assert.equal(lines.at(-1), '0 passed, 1 failed');
  }
  assert.deepEqual(await runConformance([join(folder, 'not-there.json')], () => {}), { passed: 0, failed: 1 });
  rmSync(folder, { recursive: true });
});
