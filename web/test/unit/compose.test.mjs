// SPDX-License-Identifier: Apache-2.0
// Composed queries: what they do to cosines, by definition. The vectors of ../../conformance/compose hold their numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  analogy,
  composeQuery,
  cosineSimilarity,
  GalleryMoments,
  projectOut,
  queryOfSets,
  queryScoredPooling,
  slerp,
  threeCosAdd,
  threeCosMul,
  weightedSum,
} from 'simile';
import { factor, inner, scale, share, someVectors, sumOf, unit, vectors } from '../support/arbitrary.mjs';
import { refused } from '../support/expect.mjs';

const near = (actual, expected, tolerance = 1e-5) => {
  assert.equal(actual.length, expected.length);
  for (const [i, x] of Array.from(actual).entries())
    assert.ok(Math.abs(x - expected[i]) <= tolerance, `[${actual}], not [${expected}]`);
};
/** Sums that nearly cancel out have no stable direction. */
const steady = (sum) => fc.pre(Math.hypot(...sum) > 0.01);

test('a weighted sum is the direction of the sum of directions, whatever the lengths and the order', () => {
  fc.assert(
    fc.property(someVectors, factor, (rows, by) => {
      const weights = rows.map((_, i) => (i % 2 === 0 ? 1 : -0.5));
      const sum = sumOf(rows.map((row, i) => scale(unit(row), weights[i])));
      steady(sum);
      near(weightedSum(rows, weights), unit(sum));
      near(
        weightedSum(
          rows.map((row) => scale(row, by)),
          weights,
        ),
        unit(sum),
      );
      near(weightedSum(rows.toReversed(), weights.toReversed()), unit(sum));
    }),
  );
});

test('a weighted sum takes lists, matrices as tensors and one vector alike, and gives zeros for what cancels out', () => {
  const rows = [
    [3, 4],
    [0, 2],
  ];
  assert.deepEqual(weightedSum({ data: Float32Array.from(rows.flat()), dims: [2, 2] }), weightedSum(rows));
  near(weightedSum([3, 4]), [0.6, 0.8]);
  near(weightedSum([rows[0], scale(rows[0], -3)]), [0, 0], 0);
  const rounded = [0.1, 0.2, 0.7]; // as 32-bit floats the two do not cancel out to the last bit
  near(weightedSum([rounded, scale(rounded, -3)]), [0, 0, 0], 0);
});

test('a composed query adds, takes away and projects away, and keeps the length of the query', () => {
  fc.assert(
    fc.property(vectors(4), share, ([q, plus, minus, without], weight) => {
      const sum = sumOf([unit(q), scale(unit(plus), Math.fround(weight)), scale(unit(minus), -1)]);
      const away = unit(without);
      const left = sum.map((v, i) => v - inner(sum, away) * away[i]);
      steady(left);
      const found = composeQuery(q, { plus: [{ vector: plus, weight }], minus: [minus], without: [without] });
      near(found, scale(unit(left), Math.hypot(...q)), 1e-4);
      assert.ok(Math.abs(inner(found, away)) < 1e-4);
    }),
  );
});

test('a composition of nothing leaves a query as it is, and one that leaves nothing is refused', async () => {
  assert.deepEqual(composeQuery([0.1, 7], {}), Float32Array.of(0.1, 7));
  assert.deepEqual(composeQuery([0, 0], { plus: [] }), Float32Array.of(0, 0));
  near(composeQuery([0, 0], { plus: [[0, 3]] }), [0, 1]);
  await refused('zero_norm', () => composeQuery([1, 1], { minus: [[2, 2]] }));
  await refused('zero_norm', () => composeQuery([0.3, 0.1], { without: [[3, 1]] }));
});

test('what is projected away is orthogonal to every direction, and twice is once', () => {
  fc.assert(
    fc.property(someVectors, ([q, ...directions]) => {
      const rest = projectOut(q, [...directions, ...directions.map((x) => scale(x, 0.7)), new Array(q.length).fill(0)]);
      near(rest, projectOut(q, directions));
      for (const direction of directions) assert.ok(Math.abs(inner(rest, unit(direction))) < 1e-5, `${rest}`);
      near(projectOut(rest, directions), rest, 1e-5);
    }),
  );
  assert.deepEqual(projectOut([1, 2, 3], []), Float32Array.of(1, 2, 3));
  assert.deepEqual(projectOut([0.1, 0.2], [[0.3, 0.6]]), Float32Array.of(0, 0));
});

test('slerp leaves t of the angle behind, and backwards it is the other way', () => {
  fc.assert(
    fc.property(vectors(2), share, ([a, b], t) => {
      const angle = (x, y) => Math.acos(cosineSimilarity(x, y));
      fc.pre(angle(a, b) < 3 && angle(a, b) > 0.01);
      const between = slerp(a, b, t);
      assert.ok(Math.abs(angle(a, between) - t * angle(a, b)) < 1e-3);
      assert.ok(Math.abs(Math.hypot(...between) - 1) < 1e-6);
      near(slerp(b, a, 1 - t), between);
    }),
  );
});

test('slerp of a zero vector is the other one, and of opposite ones the nearer end', () => {
  near(slerp([0, 0], [0, 5], 0.2), [0, 1], 0);
  near(slerp([0, 0], [0, 0], 0.2), [0, 0], 0);
  near(slerp([1, 0], [-2, 0], 0.5), [1, 0], 0);
  near(slerp([1, 0], [-2, 0], 0.6), [-1, 0], 0);
});

test('an analogy is one vector whose cosines are those of 3CosAdd but for a factor', () => {
  fc.assert(
    fc.property(vectors(5), ([a, b, c, ...others]) => {
      const sum = sumOf([unit(b), scale(unit(a), -1), unit(c)]);
      steady(sum);
      const cosines = (x) => others.map((y) => cosineSimilarity(x, y));
      const expected = threeCosAdd(cosines(a), cosines(b), cosines(c));
      near(scale(cosines(analogy(a, b, c)), Math.hypot(...sum)), expected);
    }),
  );
});

test('3CosMul is a product of cosines brought to 0 .. 1', () => {
  near(threeCosMul([0, -1], [1, 0.5], [1, 0], 0.5), [1, 0.75], 1e-12);
  near(threeCosMul([-1], [9], [1]), [1000], 1e-9);
});

test('a query of sets scores the mean cosine with each set of all, less each of none', () => {
  fc.assert(
    fc.property(vectors(7), ([a, b, c, d, e, ...items]) => {
      const query = queryOfSets([[a, b], [c]], [[d, e]]);
      const mean = (set, x) => set.reduce((sum, y) => sum + cosineSimilarity(x, y), 0) / set.length;
      for (const x of items) {
        const expected = mean([a, b], x) + mean([c], x) - mean([d, e], x);
        near([query.length * cosineSimilarity(query.vector, x)], [expected]);
      }
    }),
  );
  assert.deepEqual(queryOfSets([[[1, 2]]], [[[2, 4]]]), { vector: Float32Array.of(0, 0), length: 0 });
});

test('pooling as the query sees it goes from the mean to the best part, whatever the lengths', () => {
  fc.assert(
    fc.property(someVectors, factor, ([q, ...parts], by) => {
      fc.pre(parts.length > 0);
      const cosines = parts.map((part) => cosineSimilarity(q, part));
      const { weights, cosine } = queryScoredPooling(q, parts, 0.05);
      assert.ok(Math.abs(weights.reduce((a, b) => a + b) - 1) < 1e-12);
      assert.equal(weights.indexOf(Math.max(...weights)), weights.indexOf(weights[cosines.indexOf(Math.max(...cosines))]));
      near(queryScoredPooling(scale(q, by), parts, 0.05).weights, weights);
      assert.ok(cosine >= -1 && cosine <= 1);
      near(
        queryScoredPooling(q, parts, 1e9).weights,
        parts.map(() => 1 / parts.length),
      );
    }),
  );
});

test('moments of a gallery are those of the scores of a scan', () => {
  fc.assert(
    fc.property(someVectors, ([q, ...gallery]) => {
      fc.pre(gallery.length > 0);
      const moments = new GalleryMoments(q.length);
      for (const row of gallery) moments.add(row);
      const scores = gallery.map((row) => inner(row.map(Math.fround), q.map(Math.fround)));
      const mean = scores.reduce((a, b) => a + b) / scores.length;
      const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / scores.length);
      const found = moments.of(q);
      near([found.mean, found.deviation], [mean, deviation], 1e-5 * (1 + Math.abs(mean)));
      assert.equal(moments.count, gallery.length);
    }),
  );
});

test('bad input is refused with what is wrong', async () => {
  const both = (code, work) => refused(code, work, String(work));
  await both('dimension_mismatch', () => weightedSum([[1, 0], [1]]));
  await both('dimension_mismatch', () => weightedSum([[1, 0]], [1, 2]));
  await both('dimension_mismatch', () => composeQuery([1, 0], { plus: [[1]] }));
  await both('dimension_mismatch', () => projectOut([1, 0], [[1, 0, 0]]));
  await both('dimension_mismatch', () => analogy([1, 0], [1], [1, 0]));
  await both('dimension_mismatch', () => threeCosAdd([1], [1], [1, 2]));
  await both('dimension_mismatch', () => queryOfSets([[[1, 0]]], [[[1]]]));
  await both('dimension_mismatch', () => new GalleryMoments(2).add([[1]]));
  for (const empty of [() => weightedSum([]), () => weightedSum([[]]), () => queryOfSets([]), () => queryOfSets([[]])])
    await both('invalid_argument', empty);
  await both('invalid_argument', () => slerp([1], [1], 1.5));
  await both('invalid_argument', () => slerp([1], [1], Number.NaN));
  await both('invalid_argument', () => slerp([], [], 0.5));
  await both('invalid_argument', () => queryScoredPooling([1], [], 1));
  await both('invalid_argument', () => queryScoredPooling([1], [[1]], 0));
  await both('invalid_argument', () => threeCosMul([1], [1], [1], 0));
  await both('invalid_argument', () => composeQuery([1], undefined));
  await both('invalid_argument', () => composeQuery([1], { plus: 'more' }));
  await both('invalid_argument', () => composeQuery([1], { plus: [{ vector: [1], weight: '2' }] }));
  await both('invalid_argument', () => composeQuery([1], { minus: [undefined] }));
  await both('invalid_argument', () => new GalleryMoments(0));
  await both('out_of_range', () => new GalleryMoments(2).mean(2));
  await both('not_finite', () => weightedSum([[1, Number.NaN]]));
  await both('not_finite', () => weightedSum([[1, 0]], [1e39]));
  await both('not_finite', () => projectOut([1e39, 0], []));
  await both('not_finite', () => queryScoredPooling([1], [[1]], Number.POSITIVE_INFINITY));
  await both('not_finite', () => threeCosMul([Number.NaN], [1], [1]));
});
