// SPDX-License-Identifier: Apache-2.0
import { addDirection, cancelled, finiteRows, unit, type Vectors } from './directions.js';
import { invalid, shown } from './errors.js';

/** A query of sets as one vector. */
export interface SetQuery {
  /** Of unit length: search with it. Zeros when the sets cancel out. */
  readonly vector: Float32Array;
  /** The score of an item is this times its cosine with `vector`. 0 when the sets cancel out. */
  readonly length: number;
}

/**
 * A query of sets of sentences: an item scores the sum of its mean cosines with the sets of `all`, less those with the sets of `none`: "what belongs to all
 * of these and to none of those". It is linear, so it is one vector that any index can search with.
 *
 * @param all - sets of at least one vector each, whose lengths mean nothing
 * @param none - likewise; one set in all is enough
 * @throws {SimileError} `dimension_mismatch`, `invalid_argument` (no set, an empty set), `not_finite`
 * @see Liu, "SetCSE: Set Operations using Contrastive Learning of Sentence Embeddings", ICLR 2024
 * @example queryOfSets([[[1, 0], [0, 1]]], [[[0, 2]]]).vector // about [0.707, -0.707]
 */
export function queryOfSets(all: readonly Vectors[], none: readonly Vectors[] = []): SetQuery {
  for (const sets of [all, none]) if (!Array.isArray(sets)) throw invalid(`the sets must be a list, not ${shown(sets)}`);
  const signed = [...all.map((set) => ({ set, sign: 1 })), ...none.map((set) => ({ set, sign: -1 }))];
  if (signed.length === 0) throw invalid('a query of no sets');
  let sum: Float64Array | undefined;
  for (const { set, sign } of signed) {
    const members = finiteRows(set, 'member of a set', sum?.length);
    sum ??= new Float64Array(members[0]?.length ?? 0);
    for (const member of members) addDirection(sum, member, sign / members.length);
  }
  return unit(sum as Float64Array, cancelled * signed.length);
}
