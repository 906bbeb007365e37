// SPDX-License-Identifier: Apache-2.0
// The package's own search on real embeddings, in Node.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { it } from 'node:test';
import { Index } from 'simile';
import { readNpy } from '../corpus/npy.mjs';
import { createNodeEncoder } from '../src/encoder/node.js';
import { demo } from './support/browser.mjs';

const shared = resolve(process.env.SIMILE_SHARED ?? demo('../../../shared'), 'data');
const isShared = existsSync(join(shared, 'use512-wordnet20k.npy'));

/** @param {import('node:test').TestContext} t @param {Float32Array} values @param {number} rows @param {import('simile').Codec} codec */
async function indexOf(t, values, rows, codec) {
  const index = await Index.create({ dims: values.length / rows, codec });
  t.after(() => index.dispose());
  await index.addMany(
    Array.from({ length: rows }, (_, row) => row),
    values,
  );
  return index;
}

/** Fraction of the hits in `exact` that `found` has too. @param {readonly (readonly import('simile').Hit[])[]} found @param {typeof found} exact */
function overlap(found, exact) {
  const shares = exact.map((hits, i) => {
    const ids = new Set(found[i].map(({ id }) => id));
    return hits.filter(({ id }) => ids.has(id)).length / hits.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

it('finds the defined word among the first ten as exact float32 does: 0.3240 of 1,000 definitions of another dictionary', async (t) => {
  if (!isShared) {
    console.error(`NOT TESTED: the shared data is not in ${shared}; set SIMILE_SHARED to the folder that holds data/`);
    return t.skip('the shared data is absent');
  }
  const gallery = await readNpy(join(shared, 'use512-wordnet20k.npy'));
  const queries = await readNpy(join(shared, 'use512-revdict1000.npy'));
  /** @type {{ rows: number[] }[]} */
  const right = JSON.parse(readFileSync(join(shared, 'revdict1000.json'), 'utf8'));
  const index = await indexOf(t, gallery.values, gallery.rows, 'planes');
  const found = await index.searchMany(queries.values, { k: 10 });
  const hits = right.filter(({ rows }, i) => found[i].some(({ id }) => rows.includes(Number(id)))).length;
  const recall = hits / right.length;
  t.diagnostic(`R@10 of the planes index: ${recall.toFixed(4)} (exact float32: 0.3240)`);
  assert.ok(Math.abs(recall - 0.324) <= 0.005, `R@10 is ${recall}`);
});

it('keeps 0.99 of what int8 finds among the first ten when each plane leaves what may still be among them', async (t) => {
  const { values, rows, columns } = await readNpy(demo('.cache/corpus-default/vectors.npy'));
  /** @type {{ query: string }[]} */
  const typed = JSON.parse(readFileSync(demo('test/queries.json'), 'utf8'));
  const encoder = await createNodeEncoder();
  const sets = { 'queries of visitors': await encoder.embed(typed.map(({ query }) => query)) };
  if (isShared)
    Object.assign(sets, { 'definitions of another dictionary': (await readNpy(join(shared, 'use512-revdict1000.npy'))).values });
  const planes = await indexOf(t, values, rows, 'planes');
  const int8 = await indexOf(t, values, rows, 'int8');
  for (const [name, queries] of Object.entries(sets)) {
    const cascade = await planes.searchMany(queries, { k: 10, recall: 0.99 });
    const recall = overlap(cascade, await int8.searchMany(queries, { k: 10 }));
    t.diagnostic(`recall@10 of the cascade against int8, ${queries.length / columns} ${name}: ${recall.toFixed(4)}`);
    assert.ok(recall >= 0.99, `recall@10 is ${recall} for ${name}`);
  }
});
