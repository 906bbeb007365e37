// SPDX-License-Identifier: Apache-2.0
import { SimileError } from './errors.js';
import { readNumbers, type Vector } from './vectors.js';

/**
 * Cosine of the angle between two vectors, in plain JavaScript and 64-bit arithmetic: needs no `init()` and no WebAssembly.
 *
 * @returns a number in [-1, 1], larger is closer; 0 when one of the vectors is zero or empty
 * @throws {SimileError} `dimension_mismatch` when their lengths differ, `not_finite` for NaN or infinity, `invalid_argument` for
 *   what is no vector
 * @example cosineSimilarity([1, 0], [1, 1]) // 0.7071…
 */
export function cosineSimilarity(a: Vector, b: Vector): number {
  const x = readNumbers(a, 'the first vector');
  const y = readNumbers(b, 'the second vector');
  if (x.length !== y.length) {
    throw new SimileError('dimension_mismatch', `the first vector has ${x.length} dims, the second ${y.length}`);
  }
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const p = x[i] as number;
    const q = y[i] as number;
    xy += p * q;
    xx += p * p;
    yy += q * q;
  }
  // Two roots, not one: the product of the squares overflows earlier.
  const norms = Math.sqrt(xx) * Math.sqrt(yy);
  if (norms === 0) return 0;
  const cosine = xy / norms;
  if (Number.isNaN(cosine)) throw new SimileError('not_finite', 'a component is NaN, infinite or too large');
  return Math.min(1, Math.max(-1, cosine));
}
