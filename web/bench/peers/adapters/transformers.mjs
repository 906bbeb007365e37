// SPDX-License-Identifier: Apache-2.0
// Transformers.js makes vectors and has no index; its cos_sim for every row is what its examples do.
import { k } from '../contest.mjs';
import { rawRows } from './loop.mjs';

export const contests = {
  'transformers.js, cos_sim': rawRows(async () => {
    const { cos_sim } = await import('../node_modules/@huggingface/transformers/src/utils/maths.js');
    return (values, dims, query) => {
      const scores = Array.from({ length: values.length / dims }, (_, row) => ({
        row,
        score: cos_sim(query, values.subarray(row * dims, (row + 1) * dims)),
      }));
      return scores
        .sort((a, b) => b.score - a.score)
        .slice(0, k)
        .map(({ row }) => row);
    };
  }),
};
