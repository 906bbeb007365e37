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

const recipes = ['static-site', 'notes-app', 'product-search', 'rag'];
const siteProgram = new URL('../support/site-program.mjs', import.meta.url);
const around = {
  'static-site': { before: `import { closeSite } from '${siteProgram}';`, after: 'closeSite();' },
};

for (const name of recipes)
  test(`the recipe ${name} prints what it says`, async (t) => {
    const { promised, printed } = await runPage(t, `recipes/${name}.md`, { embedder: true, ...around[name] });
    assert.ok(promised.length >= 2 && promised.some((text) => text !== ''), 'it prints something');
    assert.deepEqual(printed, promised);
  });

test('what the pages import is there', async () => {
  const pages = ['tutorial.md', ...recipes.map((name) => `recipes/${name}.md`)];
  const imports = pages.flatMap((name) =>
    blocksOf(page(name)).flatMap(({ text }) =>
      Array.from(text.matchAll(/import \{([^}]*)\} from '(simile[^']*)'/g), ([, names, from]) => ({ names, from })),
    ),
  );
  assert.ok(imports.length >= 10);
  for (const { names, from } of imports) {
    const module = await import(from);
    for (const name of names.split(',')) assert.equal(typeof module[name.trim()], 'function', `${name} of ${from}`);
  }
});
