// SPDX-License-Identifier: Apache-2.0
// The pages of web/docs: their programs run and print what they say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf, page, runPage } from '../support/markdown-program.mjs';

test('the tutorial prints what it says', async (t) => {
  const { promised, printed } = await runPage(t, 'tutorial.md');
  assert.equal(promised.length, 8);
  assert.deepEqual(printed, promised);
});

test('what the tutorial imports is there', async () => {
  const imports = blocksOf(page('tutorial.md')).flatMap(({ text }) =>
    Array.from(text.matchAll(/import \{([^}]*)\} from '(simile[^']*)'/g), ([, names, from]) => ({ names, from })),
  );
  assert.ok(imports.length >= 4);
  for (const { names, from } of imports) {
    const module = await import(from);
    for (const name of names.split(',')) assert.equal(typeof module[name.trim()], 'function', `${name} of ${from}`);
  }
});
