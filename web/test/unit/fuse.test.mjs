// SPDX-License-Identifier: Apache-2.0
// Fused lists: properties and edges. The vectors of ../../conformance/score hold their numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuse, galleryCdf, hybridScore, momentsOf, saturated, softmax, weiCom, zScore } from 'simile';
import { factor, hits } from '../support/arbitrary.mjs';
import { refused } from '../support/expect.mjs';

const lists = fc.array(hits, { maxLength: 4 });
const methods = ['rrf', 'linear', 'relative_score', 'distribution', 'zscore'];
/** With moments where they are needed. */
const options = (method, given, more = {}) => ({
  method,
  ...(method === 'zscore' && { moments: given.map((_, i) => ({ mean: 0.1 * i, deviation: 0.5 })) }),
  ...more,
});
const asMap = (fused) => new Map(fused.map(({ id, score }) => [id, score]));
const closeMaps = (a, b, scale = 1) => {
  assert.deepEqual(new Set(a.keys()), new Set(b.keys()));
  for (const [id, score] of a)
    assert.ok(Math.abs(score * scale - b.get(id)) <= 1e-5 * (1 + Math.abs(score * scale)), `${String(id)}`);
};

for (const method of methods) {
  test(`${method}: every item once, best first, ties as they first appear`, () => {
    fc.assert(
      fc.property(lists, (given) => {
        const order = [...new Set(given.flat().map(({ id }) => id))];
        const fused = fuse(given, options(method, given));
        assert.deepEqual(new Set(fused.map(({ id }) => id)), new Set(order));
        assert.equal(fused.length, order.length);
        for (const [i, { id, score }] of fused.slice(1).entries()) {
          const before = fused[i];
          assert.ok(before.score > score || (before.score === score && order.indexOf(before.id) < order.indexOf(id)));
        }
        assert.deepEqual(fuse(given, options(method, given, { k: 2 })), fused.slice(0, 2));
      }),
    );
  });

  test(`${method}: the order of lists, empty lists and lists of weight 0 change nothing; weights scale`, () => {
    fc.assert(
      fc.property(lists, factor, (given, by) => {
        const weights = given.map((_, i) => i + 1);
        const plain = options(method, given, { weights });
        const expected = asMap(fuse(given, plain));
        const turned = { ...plain, weights: weights.toReversed(), ...(plain.moments && { moments: plain.moments.toReversed() }) };
        closeMaps(expected, asMap(fuse(given.toReversed(), turned)));
        const more = [...given, [], given[0] ?? []];
        closeMaps(expected, asMap(fuse(more, options(method, more, { weights: [...weights, 1, 0] }))));
        closeMaps(expected, asMap(fuse(given, { ...plain, weights: weights.map((w) => w * by) })), by);
      }),
    );
  });
}

test('relative scores and distributions do not depend on the scale of a list', () => {
  fc.assert(
    fc.property(hits, hits, (a, b) => {
      const larger = b.map(({ id, score }) => ({ id, score: score * 4 }));
      for (const method of ['relative_score', 'distribution'])
        closeMaps(asMap(fuse([a, b], { method })), asMap(fuse([a, larger], { method })));
    }),
  );
});

test('a distribution maps three deviations below and above the mean to 0 and 1', () => {
  const list = [7, 5, 3].map((score) => ({ id: score, score })); // mean 5, deviation 2
  const found = fuse([list], { method: 'distribution' }).map(({ score }) => score);
  assert.deepEqual(found, [2 / 3, 1 / 2, 1 / 3].map(Math.fround));
});

test('by rank needs no scores, and an item counts with its first rank', () => {
  const fused = fuse([[{ id: 'a' }, { id: 'b' }, { id: 'a' }], [{ id: 'b' }]], { method: 'rrf', rankConstant: 0 });
  assert.deepEqual(fused, [
    { id: 'b', score: 1.5 },
    { id: 'a', score: 1 },
  ]);
  assert.equal(fuse([[{ id: 'a' }]])[0].score, Math.fround(1 / 61));
});

test('by score an item counts with its best score', () => {
  const list = [
    { id: 1, score: 0.5 },
    { id: 1, score: 2 },
    { id: 1, score: 1.5 },
    { id: '1', score: 1 },
  ];
  assert.deepEqual(fuse([list], { method: 'linear' }), [
    { id: 1, score: 2 },
    { id: '1', score: 1 },
  ]);
});

test('flat lists give 1 by relative score and 0.5 by distribution', () => {
  const flat = [
    { id: 'x', score: 0.1 },
    { id: 'y', score: 0.1 },
  ];
  const scoresBy = (method) => fuse([flat], { method }).map(({ score }) => score);
  assert.deepEqual(scoresBy('relative_score'), [1, 1]);
  assert.deepEqual(scoresBy('distribution'), [0.5, 0.5]);
});

test('boosts raise what a list has and add nothing to it', () => {
  const found = [
    { id: 'near', score: 0.9 },
    { id: 'host', score: 0.75 },
  ];
  const boosts = [
    { weight: 0.25, match: (id) => ['host', 'elsewhere'].includes(id) },
    { weight: 2, match: (id) => (id === 'near' ? 0.5 : 0) },
  ];
  assert.deepEqual(fuse([found], { method: 'linear', boosts: boosts.slice(0, 1) }), [
    { id: 'host', score: 1 },
    { id: 'near', score: Math.fround(0.9) },
  ]);
  assert.equal(fuse([found], { method: 'linear', boosts })[0].id, 'near');
});

test('what is no list, weight, id or score is refused', async () => {
  const one = [[{ id: 'a', score: 1 }]];
  const bad = (code, lists, options) => refused(code, () => fuse(lists, options), JSON.stringify(options));
  await bad('dimension_mismatch', one, { method: 'rrf', weights: [1, 2] });
  await bad('dimension_mismatch', one, { method: 'zscore', moments: [] });
  await bad('not_finite', one, { method: 'rrf', weights: [Number.NaN] });
  await bad('not_finite', [[{ id: 'a', score: 1e39 }]], { method: 'linear' });
  await bad('not_finite', one, { method: 'linear', boosts: [{ weight: 1, match: () => Number.NaN }] });
  await bad('not_finite', one, { method: 'zscore', moments: [{ mean: 0, deviation: Number.NaN }] });
  for (const method of ['best', undefined, 'constructor']) await bad('invalid_argument', one, { method });
  for (const lists of [undefined, 'a', [undefined], [{ id: 'a' }]]) await bad('invalid_argument', lists, { method: 'rrf' });
  for (const id of [-1, 0.5, Number.NaN, null, {}]) await bad('invalid_argument', [[{ id, score: 1 }]], { method: 'linear' });
  for (const k of [0, 1.5, '1']) await bad('invalid_argument', one, { method: 'rrf', k });
  await bad('invalid_argument', one, { method: 'rrf', rankConstant: -1 });
  await bad('invalid_argument', [[{ id: 'a' }]], { method: 'linear' });
  await bad('invalid_argument', one, { method: 'zscore' });
  await bad('invalid_argument', one, { method: 'zscore', moments: [{ mean: 0, deviation: -1 }] });
  await bad('invalid_argument', one, { method: 'linear', boosts: [{ weight: 1, match: 'a' }] });
});

test('shares of a normal gallery are right, also far out', () => {
  // P(Z < z) from tables of higher precision.
  const known = [
    [0, 0.5],
    [1, 0.8413447460685429],
    [2, 0.9772498680518208],
    [3, 0.9986501019683699],
    [-3, 0.0013498980316300946],
    [-5, 2.866515718791939e-7],
  ];
  for (const [z, expected] of known) {
    const scores = galleryOf(z);
    const at = galleryCdf(scores)[0];
    assert.ok(Math.abs(at - expected) <= 1e-6 * expected, `${z}: ${at}`);
  }
  assert.deepEqual(galleryCdf([2, 2]), Float64Array.of(0.5, 0.5));
  assert.deepEqual(galleryCdf([]), new Float64Array(0));
});

/** Scores with mean 0 and deviation 1, the first of which is z. */
function galleryOf(z) {
  const others = 40;
  const mean = -z / others;
  const spread = Math.sqrt((others - z * z - others * mean * mean) / others);
  return [z, ...Array.from({ length: others }, (_, i) => mean + (i % 2 === 0 ? spread : -spread))];
}

test('scores: moments, z-scores, weights of picture and words, hybrid parts, probabilities', async () => {
  assert.deepEqual(momentsOf([1, 2, 3]), { mean: 2, deviation: 1 });
  assert.deepEqual(momentsOf([0.3, 0.3, 0.3]).deviation, 0);
  assert.equal(zScore(3, { mean: 2, deviation: 0.5 }), 2);
  assert.equal(zScore(3, { mean: 2, deviation: 0 }), 0);
  assert.deepEqual(weiCom([0.1, 0.9, 0.5], [3, 1, 2], 0), galleryCdf([0.1, 0.9, 0.5]));
  assert.deepEqual(weiCom([0.1, 0.9, 0.5], [3, 1, 2], 1), galleryCdf([3, 1, 2]));
  assert.ok(Math.abs(hybridScore({ cosines: [0.61, 0.72], bm25: 4.2, host: 1 }) - 2.08) < 1e-6);
  assert.equal(hybridScore({ cosines: [] }), 0);
  assert.equal(saturated(6, 2), 0.75);
  const list = softmax([0.9, 0.8, 0.8], 0.1, 1);
  assert.ok(Math.abs(list[0] - 1 / (1 + 3 * Math.exp(-1))) < 1e-6);
  assert.deepEqual(softmax([1e30, -1e30], 0.01), Float64Array.of(1, 0));
  await refused('dimension_mismatch', () => weiCom([1], [1, 2]));
  await refused('invalid_argument', () => weiCom([1], [1], 2));
  await refused('invalid_argument', () => saturated(-1, 1));
  await refused('invalid_argument', () => softmax([1], 0));
  await refused('invalid_argument', () => softmax([1], 1, -1));
  await refused('not_finite', () => hybridScore({ cosines: [Number.NaN] }));
  await refused('not_finite', () => momentsOf([1, Number.POSITIVE_INFINITY]));
});
