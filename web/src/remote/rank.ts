// SPDX-License-Identifier: Apache-2.0
import type { Similarity } from '../index.js';
import { squaredNorm } from './format.js';

/** The inner product, summed in double. @internal */
export function innerProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The lists in the order in which a query looks into them: by the direction of the centre under cosine, else by its score. @internal */
export function rankLists(query: Float32Array, centres: readonly Float32Array[], similarity: Similarity): number[] {
  const scores = centres.map((centre) => {
    const product = innerProduct(query, centre);
    if (similarity === 'dot') return product;
    const squares = squaredNorm(centre);
    if (similarity === 'squared_l2') return 2 * product - squares;
    return squares === 0 ? 0 : product / Math.sqrt(squares);
  });
  return scores.map((_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}
