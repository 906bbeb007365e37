// SPDX-License-Identifier: Apache-2.0
// Ways to make one list of what vectors and words find.
import { fuse } from 'simile';
import { vectorWeight } from './chosen.mjs';

const scaled = (list, zero, one) => list.map(({ id, score }) => ({ id, score: one > zero ? (score - zero) / (one - zero) : 0 }));
const weights = (share) => [share, 1 - share];
const named = (name, shares, run) =>
  shares.map((share) => ({ name: `${name}, vector ${share}`, run: (lists) => run(lists, weights(share)) }));
const some = [0.3, 0.5, 0.7];
const shares = [0.15, 0.2, 0.25, 0.3, 0.5];

/** Each is called with { vector, lexical } lists, best first, and what there is to scale their scores by. */
export const rules = [
  { name: 'vector only', run: ({ vector }) => vector },
  { name: 'lexical only', run: ({ lexical }) => lexical },
  { name: 'RRF, k 60', run: ({ vector, lexical }) => fuse([vector, lexical]) },
  ...named('RRF, k 10', some, ({ vector, lexical }, weights) =>
    fuse([vector, lexical], { method: 'rrf', rankConstant: 10, weights }),
  ),
  ...['relative_score', 'distribution'].flatMap((method) =>
    named(method, some, ({ vector, lexical }, weights) => fuse([vector, lexical], { method, weights })),
  ),
  ...named('share of best', some, ({ vector, lexical }, weights) =>
    fuse([scaled(vector, 0, vector[0]?.score), scaled(lexical, 0, lexical[0]?.score)], { method: 'linear', weights }),
  ),
  ...named('share of best from -1', [0.5], ({ vector, lexical }, weights) =>
    fuse([scaled(vector, -1, vector[0]?.score), scaled(lexical, 0, lexical[0]?.score)], { method: 'linear', weights }),
  ),
  ...[5, 10].map((factor) => ({
    name: `${factor} cosine + BM25`,
    run: ({ vector, lexical }) => fuse([vector, lexical], { method: 'linear', weights: [factor, 1] }),
  })),
  ...named('zscore', some, ({ vector, lexical, moments }, weights) =>
    fuse([vector, lexical], { method: 'zscore', moments, weights }),
  ),
  ...named('share of perfect', some, ({ vector, lexical, measured: [{ mean }, { deviation }] }, weights) =>
    fuse([scaled(vector, mean, 1), scaled(lexical, 0, deviation)], { method: 'linear', weights }),
  ),
  ...named('relative_score, completed', some, ({ completed, lexical }, weights) =>
    fuse([completed, lexical], { method: 'relative_score', weights }),
  ),
  ...named('surprise and coverage', shares, ({ vector, lexical, measured }, weights) =>
    fuse([vector, lexical], { method: 'zscore', moments: measured, weights }),
  ),
  ...named('surprise and coverage, completed', shares, ({ completed, lexical, measured }, weights) =>
    fuse([completed, lexical], { method: 'zscore', moments: measured, weights }),
  ),
];

export const chosen = `surprise and coverage, completed, vector ${vectorWeight}`;
export const rivals = [
  'vector only',
  'lexical only',
  'RRF, k 60',
  'RRF, k 10, vector 0.5',
  'relative_score, vector 0.5',
  'zscore, vector 0.3',
];
