// SPDX-License-Identifier: Apache-2.0
// Explanations: shares add up to the cosine, and a residual says what they do not explain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cosineSimilarity, explain, explainDimensions, explainPair } from 'simile';
import { scale, someVectors, sumOf } from '../support/arbitrary.mjs';
import { refused } from '../support/expect.mjs';

const near = (actual, expected, what = '') =>
  assert.ok(Math.abs(actual - expected) <= 1e-6, `${what} ${actual}, not ${expected}`);
const total = (shares) => shares.reduce((a, b) => a + b, 0);
const mean = (rows) => scale(sumOf(rows), 1 / rows.length);
const largest = (rows) => rows[0].map((_, i) => Math.max(...rows.map((row) => row[i])));
/** In the precision of what was pooled: parts may cancel out. */
const steady = (pooled) => fc.pre(Math.hypot(...pooled) > 0.01);

test('parts and dimensions both add up to the cosine of the query with what was pooled', () => {
  fc.assert(
    fc.property(someVectors, fc.constantFrom('mean', 'max'), ([q, ...parts], pooling) => {
      fc.pre(parts.length > 0);
      const pooled = pooling === 'mean' ? mean(parts) : largest(parts);
      steady(pooled);
      const found = explain(q, parts, { pooling, score: 0.25 });
      near(found.sum, cosineSimilarity(q, pooled), pooling);
      near(total(found.parts), found.sum);
      near(total(found.dimensions), found.sum);
      assert.equal(found.parts.length, parts.length);
      assert.equal(found.residual, 0.25 - found.sum);
      assert.equal(explain(q, parts, { pooling }).residual, 0);
    }),
  );
});

test('the share of a part is what the score loses without it, scaled as before', () => {
  fc.assert(
    fc.property(someVectors, ([q, ...parts]) => {
      fc.pre(parts.length > 1);
      steady(mean(parts));
      const { parts: shares } = explain(q, parts);
      const whole = Math.hypot(...mean(parts));
      const alone = scale(parts[0], 1 / parts.length);
      near(shares[0], (cosineSimilarity(q, alone) * Math.hypot(...alone)) / whole);
      assert.deepEqual(explain(q, parts.toReversed()).parts.toReversed().length, shares.length);
      for (const [i, share] of explain(q, parts.toReversed()).parts.toReversed().entries()) near(share, shares[i]);
    }),
  );
});

test('pairs of parts add up to the cosine of the means, rows to the shares of the parts', () => {
  fc.assert(
    fc.property(someVectors, (rows) => {
      fc.pre(rows.length > 2);
      const [a, b] = [rows.slice(0, 2), rows.slice(2)];
      steady(mean(a));
      steady(mean(b));
      const { shares, sum } = explainPair(a, b);
      near(sum, cosineSimilarity(mean(a), mean(b)));
      const byPart = explain(mean(b), a).parts;
      for (const [i, row] of shares.entries()) near(total(row), byPart[i]);
    }),
  );
});

test('shares of dimensions are products, and zero vectors have none', () => {
  const { shares, sum } = explainDimensions([3, 4], [1, 0]);
  near(shares[0], 0.6);
  assert.equal(shares[1], 0);
  near(sum, 0.6);
  assert.deepEqual(explainDimensions([0, 0], [1, 1]), { shares: Float64Array.of(0, 0), sum: 0 });
  const cancelled = explain(
    [1, 1],
    [
      [1, 0],
      [-1, 0],
    ],
  );
  for (const share of [cancelled.sum, ...cancelled.parts, ...cancelled.dimensions]) assert.ok(share === 0);
});

test('of max pooling each dimension belongs to the part with the maximum, or to several', () => {
  const { parts } = explain(
    [1, 1],
    [
      [1, 2],
      [3, 2],
    ],
    { pooling: 'max' },
  );
  const scale = 1 / (Math.SQRT2 * Math.hypot(3, 2));
  near(parts[0], scale);
  near(parts[1], 4 * scale);
});

test('bad input is refused', async () => {
  await refused('dimension_mismatch', () => explain([1], [[1, 2]]));
  await refused('dimension_mismatch', () => explainPair([[1, 2]], [[1]]));
  await refused('dimension_mismatch', () => explainDimensions([1, 2], [1]));
  await refused('invalid_argument', () => explain([1, 1], []));
  await refused('invalid_argument', () => explain([], [[]]));
  await refused('invalid_argument', () => explain([1], [[1]], { pooling: 'min' }));
  await refused('invalid_argument', () => explain([1], [[1]], { score: '1' }));
  await refused('not_finite', () => explain([1], [[1]], { score: Number.NaN }));
  await refused('not_finite', () => explain([1, Number.NaN], [[1, 1]]));
  await refused('not_finite', () => explainPair([[1]], [[Number.POSITIVE_INFINITY]]));
});
