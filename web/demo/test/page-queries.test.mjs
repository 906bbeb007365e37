// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { readNpy } from '../corpus/npy.mjs';
import { createNodeEncoder } from '../src/encoder/node.js';
import { answered, ask, demo, open, ready, startBrowser, TestServer } from './support/browser.mjs';

/** @type {{ query: string, accept: string[] }[]} */
const queries = JSON.parse(readFileSync(demo('test/queries.json'), 'utf8'));
/** @type {{ words: string[][] }} */
const { words } = JSON.parse(readFileSync(demo('.cache/corpus-default/entries.json'), 'utf8'));
const depth = 10;

/** Rows of the largest inner products in float32, without any index. @param {Float32Array} gallery @param {Float32Array} query */
function exactTop(gallery, query) {
  const scores = Float32Array.from({ length: gallery.length / query.length }, (_, row) => {
    let sum = 0;
    for (let i = 0, at = row * query.length; i < query.length; i++, at++) sum += gallery[at] * query[i];
    return sum;
  });
  return Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, depth);
}

async function exactHits() {
  const { values, columns } = await readNpy(demo('.cache/corpus-default/vectors.npy'));
  const encoder = await createNodeEncoder();
  const vectors = await encoder.embed(queries.map(({ query }) => query));
  return queries.filter(({ accept }, i) =>
    exactTop(values, vectors.subarray(i * columns, (i + 1) * columns)).some((row) =>
      words[row].some((word) => accept.includes(word)),
    ),
  ).length;
}

const browser = await startBrowser();
const server = await TestServer.start();

it('finds an accepted word among the first ten for as many queries of visitors as exact search does, within 2 points', async (t) => {
  assert.ok(queries.length >= 32);
  const page = await open(t, browser, server.url);
  await ready(page);
  const missed = [];
  for (const { query, accept } of queries) {
    await ask(page, query);
    const shown = await page
      .locator('[role=option]')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector('.word')?.textContent ?? '',
          ...(row.querySelector('.synonyms')?.textContent?.split(', ') ?? []),
        ]),
      );
    assert.ok(shown.length <= depth);
    if (!shown.flat().some((word) => accept.includes(word)))
      missed.push(
        `${query} (found ${shown
          .slice(0, 4)
          .map(([word]) => word)
          .join(', ')})`,
      );
  }
  const rate = (100 * (queries.length - missed.length)) / queries.length;
  const exact = (100 * (await exactHits())) / queries.length;
  t.diagnostic(
    `top-10 hit rate of ${queries.length} queries in Chromium: ${rate.toFixed(1)} %; exact float32 search: ${exact.toFixed(1)} %`,
  );
  for (const line of missed) t.diagnostic(`missed: ${line}`);
  assert.ok(rate >= exact - 2, `${rate} % is more than 2 points below ${exact} %`);
  assert.ok(exact >= 60, 'the corpus and the encoder themselves have become worse');
});

it('answers every example on the page with a right word at the top', async (t) => {
  const words = {
    'a person who studies insects': 'entomologist',
    'afraid of heights': 'acrophobia',
    'an animal that eats only plants': 'herbivore',
    'sleeping through the winter': 'hibernate',
    'a place where wine is made': 'winery',
    'someone who tells jokes on stage': 'comedian',
    'waiter - man + woman': 'waitress',
  };
  const page = await open(t, browser, server.url);
  await ready(page);
  assert.deepEqual(await page.locator('#examples button').allTextContents(), Object.keys(words));
  for (const [example, word] of Object.entries(words)) {
    await page.locator('#query').fill('');
    await page.locator('#examples button', { hasText: example }).click();
    await answered(page, example);
    assert.equal(await page.locator('.word').first().textContent(), word);
  }
});
