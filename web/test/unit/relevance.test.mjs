// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { relevanceOf } from 'simile';
import { refused } from '../support/expect.mjs';

const anywhere = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }); // nearly always close to 0
const finite = fc.oneof(
  anywhere,
  fc.integer({ min: -300, max: 300 }).map((n) => n / 100),
);
const positive = finite.map(Math.abs);
const rising = (values) => [...new Set(values)].sort((x, y) => x - y);

/** Steps of rising scores and values. */
const steps = fc.array(fc.tuple(finite, fc.double({ noNaN: true, min: 0, max: 1 })), { maxLength: 12 }).map((pairs) => {
  const scores = rising(pairs.flatMap(([score]) => [score, score + 1]));
  const values = rising(pairs.map(([, value]) => value));
  return values.slice(0, scores.length >> 1).map((value, i) => [scores[2 * i], scores[2 * i + 1], value]);
});
const models = fc.oneof(
  fc.record({ method: fc.constant('sigmoid'), scale: positive, offset: finite }),
  fc.record({ method: fc.constant('platt'), a: positive.map((a) => -a), b: finite }),
  fc.record({ method: fc.constant('beta'), a: positive, b: positive, c: finite }),
  fc.record({ method: fc.constant('isotonic'), steps }),
);

test('a relevance is 0 to 1 and never falls as the score rises', () => {
  fc.assert(
    fc.property(models, finite, finite, (model, s, t) => {
      const [low, high] = [relevanceOf(model, Math.min(s, t)), relevanceOf(model, Math.max(s, t))];
      assert.ok(low >= 0 && high <= 1 && low <= high + 1e-15, `${low} ${high}`);
    }),
    { numRuns: 500 },
  );
});

test('a relevance is what the formula says, without overflow', () => {
  assert.equal(relevanceOf({ method: 'sigmoid', scale: 10, offset: -5 }, 0.5), 0.5);
  assert.ok(Math.abs(relevanceOf({ method: 'sigmoid', scale: 118.2, offset: -12.7 }, 0.1) - 0.2931777789064326) < 1e-12);
  assert.equal(relevanceOf({ method: 'platt', a: -1e300, b: 0 }, 1e10), 1);
  assert.equal(relevanceOf({ method: 'platt', a: -1e300, b: 0 }, -1e10), 0);
  assert.ok(Math.abs(relevanceOf({ method: 'beta', a: 1, b: 1, c: 0 }, 0.2) - 0.6) < 1e-12);
  assert.ok(relevanceOf({ method: 'beta', a: 2, b: 3, c: 0 }, -7) < 1e-20);
});

test('an isotonic relevance is constant on a step, straight between two, and 0 without any', () => {
  const model = {
    method: 'isotonic',
    steps: [
      [1, 2, 0.25],
      [3, 3, 1],
    ],
  };
  const at = (score) => relevanceOf(model, score);
  assert.deepEqual([0, 1, 1.5, 2, 2.5, 3, 4].map(at), [0.25, 0.25, 0.25, 0.25, 0.625, 1, 1]);
  assert.equal(relevanceOf({ method: 'isotonic', steps: [] }, 1), 0);
});

test('what is no model and no score is refused', async () => {
  const sigmoid = { method: 'sigmoid', scale: 1, offset: 0 };
  await refused('not_finite', () => relevanceOf(sigmoid, Number.NaN));
  await refused('not_finite', () => relevanceOf({ ...sigmoid, scale: Number.POSITIVE_INFINITY }, 0));
  await refused('invalid_argument', () => relevanceOf(sigmoid, '1'));
  for (const model of [undefined, null, 'platt', {}, { method: 'toString' }, { method: 'platt', a: 1 }])
    await refused('invalid_argument', () => relevanceOf(model, 0));
  await refused('invalid_argument', () => relevanceOf({ method: 'beta', a: -1, b: 1, c: 0 }, 0));
  const wrong = [
    [0, 1],
    [[1, 0, 0.5]],
    [[0, 0, 2]],
    [[0, 0, -1]],
    [
      [0, 1, 0.5],
      [1, 2, 0.6],
    ],
    [
      [0, 0, 0.5],
      [1, 1, 0.4],
    ],
  ];
  for (const list of [{}, ...wrong]) await refused('invalid_argument', () => relevanceOf({ method: 'isotonic', steps: list }, 0));
  await refused('not_finite', () => relevanceOf({ method: 'isotonic', steps: [[0, Number.NaN, 1]] }, 0));
});
