// SPDX-License-Identifier: Apache-2.0
// Random inputs for fast-check.
import fc from 'fast-check';

/** Evenly spread, unlike fc.double, which is nearly always close to 0. */
const between = (min, max) => fc.integer({ min: 0, max: 1000 }).map((step) => min + (step * (max - min)) / 1000);
/** From -8 to 8, exact as a 32-bit float: what cancels out in the test does so in the package. */
const component = fc.integer({ min: -512, max: 512 }).map((n) => n / 64);

/** An array of n vectors of the same 2 to 9 dims, none of them near zero. */
export const vectors = (n) =>
  fc
    .integer({ min: 2, max: 9 })
    .chain((dims) => fc.array(fc.array(component, { minLength: dims, maxLength: dims }), { minLength: n, maxLength: n }))
    .filter((rows) => rows.every((row) => Math.hypot(...row) > 0.1));

/** Some vectors of the same dims. */
export const someVectors = fc.integer({ min: 1, max: 6 }).chain(vectors);

export const factor = between(0.01, 100);
export const share = between(0, 1);

/** Ids of every kind, also words that plain objects have. */
export const id = fc.oneof(
  fc.nat(9),
  fc.constantFrom('__proto__', 'constructor', 'toString', '1', '', 'a'),
  fc.string({ maxLength: 2, unit: 'grapheme' }),
);
const score = fc.oneof(fc.integer({ min: -4, max: 4 }), between(-4, 4));

/** Hits of different items, best first. */
export const hits = fc
  .uniqueArray(fc.record({ id, score }), { selector: (hit) => hit.id, maxLength: 8 })
  .map((list) => list.sort((a, b) => b.score - a.score));

export const scale = (x, by) => x.map((v) => v * by);
export const unit = (x) => scale(x, 1 / Math.hypot(...x) || 0);
export const inner = (x, y) => x.reduce((sum, v, i) => sum + v * y[i], 0);
/** Of rows with numbers, component by component. */
export const sumOf = (rows) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0));
