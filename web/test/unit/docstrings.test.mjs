// SPDX-License-Identifier: Apache-2.0
// The examples of the docstrings that end in what they give, as in "@example f(1) // 2" or "about 2".
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as simile from 'simile';

const folder = new URL('../../src/', import.meta.url);
const examples = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/@example ([a-zA-Z]+\(.*?\)[^/]*?) +\/\/ (.*)$/gm)].map(
      ([, code, says]) => ({
        name,
        code,
        says,
      }),
    ),
  );

const evaluate = (code) => new Function(...Object.keys(simile), `return ${code}`)(...Object.values(simile));
/** Numbers, lists of them, words and objects at the end of a text, after what leads up to them. */
const promised = (says) => evaluate(says.replace('…', '').match(/(\[[^\]]*\]|\{.*\}|'.*'|-?\d[\d.]*)/)[1]);
const plain = (value) => (ArrayBuffer.isView(value) ? [...value] : value);

for (const { name, code, says } of examples) {
  test(`${name}: ${code}`, async () => {
    const [actual, expected] = [plain(await evaluate(code)), promised(says)];
    const isNumeric = [actual, expected].every((x) => [x].flat().every((v) => typeof v === 'number'));
    if (!isNumeric) return assert.deepEqual(actual, expected);
    const tolerance = /about|…/.test(says) ? 0.005 : 1e-6;
    assert.equal([actual].flat().length, [expected].flat().length);
    for (const [i, x] of [actual].flat().entries())
      assert.ok(Math.abs(x - [expected].flat()[i]) <= tolerance, `${actual}, not ${expected}`);
  });
}

test('the plain functions have examples', () => assert.ok(examples.length >= 18, `${examples.length} examples`));
