// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError } from '../errors.js';
import { encodeIds, type Id } from '../ids.js';
import { type Hit, planOf } from '../search.js';
import { searchable } from './sending.js';
import type { Shards } from './shards.js';
import type { SingleIndex } from './single.js';
import type { WorkerSearchManyOptions, WorkerSearchOptions } from './worker-index.js';

/** What each worker is asked for; those that can have no answer are not. @internal */
export interface ShardedPlan {
  readonly k: number;
  readonly each: readonly { readonly shard: SingleIndex; readonly own: WorkerSearchManyOptions }[];
}

/** @throws {SimileError} `invalid_argument`, `out_of_range`, `not_supported` @internal */
export function shardedPlan(shards: Shards, options: WorkerSearchManyOptions): ShardedPlan {
  const { compose: _compose, ranges, filter, ...own } = searchable(options);
  const { k } = planOf({ ...own, ...(ranges && { ranges }) }, undefined);
  if (own.minRelevance && shards.first.relevance === undefined) throw shards.refusal('minRelevance without a model');
  const { signal } = options;
  const common = signal === undefined ? own : { ...own, signal };
  const allowed = ranges === undefined ? filter : within(shards, ranges, filter);
  if (allowed === undefined) return { k, each: shards.each.map((shard) => ({ shard, own: common })) };
  encodeIds(allowed);
  const shares = shards.byOwner(allowed);
  const each = shards.each.map((shard, i) => ({ shard, own: { ...common, filter: shares[i] as Id[] } }));
  // One worker is asked in any case, for it may find fault with the query.
  return { k, each: each.filter(({ own: { filter: share } }, i) => i === 0 || share.length > 0) };
}

/** The ids of the rows in the ranges that the filter lets through. */
function within({ table }: Shards, ranges: NonNullable<WorkerSearchOptions['ranges']>, filter: readonly Id[] | undefined): Id[] {
  let last = 0;
  for (const [first, end] of ranges) {
    if (first < last || end < first) throw invalid(`the range ${first} .. ${end} overlaps or follows one up to ${last}`);
    if (end > table.size) throw new SimileError('out_of_range', `the range ${first} .. ${end} goes beyond ${table.size} rows`);
    last = end;
  }
  const ids = ranges.flatMap(([first, end]) => table.ids.slice(first, end));
  if (filter === undefined) return ids;
  const allowed = new Set(filter);
  return ids.filter((id) => allowed.has(id));
}

/** What all workers found for one query, best first; equal scores in the order of rows. @internal */
export function merged({ table }: Shards, found: readonly (readonly Hit[])[], k: number): Hit[] {
  const row = (hit: Hit): number => table.rowOf(hit.id) ?? Number.MAX_SAFE_INTEGER;
  return found
    .flat()
    .sort((a, b) => b.score - a.score || row(a) - row(b))
    .slice(0, k);
}
