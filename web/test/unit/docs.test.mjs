// SPDX-License-Identifier: Apache-2.0
// The pages of web/docs: their programs run and print what they say.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { brokenLinks } from '../../docs/links.mjs';
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

const docs = new URL('../../docs/', import.meta.url);

test('the pages link to what is there', () => {
  const paths = readdirSync(docs, { recursive: true }).filter((path) => /^(recipes\/)?[a-z-]+\.md$/.test(path));
  const links = paths.flatMap((path) => Array.from(page(path).matchAll(/\]\(([^)#]+)/g), ([, link]) => [path, link]));
  assert.ok(paths.length >= 7 && links.length >= 15);
  for (const [path, link] of links) {
    const target = new URL(link, new URL(path, docs));
    assert.ok(target.href.startsWith(`${docs}api/`) || existsSync(target), `${path}: ${link}`);
  }
});

test('links that lead nowhere are found', () => {
  const pages = new Map([
    [
      'a.html',
      '<a href="b/c.html#x">1</a><a href="#y">2</a><a href="https://example.org/no">3</a><p id="z"></p><img src="no.png">',
    ],
    ['b/c.html', '<h2 id="x">x</h2><a href="../a.html#z">4</a><a href="../../up.html">5</a><a href="gone.html?q#x">6</a>'],
  ]);
  const found = brokenLinks(pages, (path) => pages.has(path)).map(({ page: from, link }) => `${from} ${link}`);
  assert.deepEqual(found, ['a.html #y', 'a.html no.png', 'b/c.html ../../up.html', 'b/c.html gone.html?q#x']);
});
