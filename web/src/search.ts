// SPDX-License-Identifier: Apache-2.0
import type { Composition } from './compose.js';
import { invalid, SimileError, shown } from './errors.js';
import { decodeIds, type Id } from './ids.js';
import type { Progress } from './slices.js';
import { kindOf } from './vectors.js';

/** One found item. */
export interface Hit {
  readonly id: Id;
  /** Larger is closer; see `Similarity`. With `normalize` what the correction has left of it. */
  readonly score: number;
  /** How many planes the score has seen: `levels` of the index for the final score, less while it is still loading. */
  readonly level: number;
  /**
   * How relevant the hit is, in [0, 1]: where the index knows what its scores mean (`setRelevance`), or `minRelevance` asked.
   * Always told by the similarity, whatever `normalize` made of the ranks.
   */
  readonly relevance?: number;
}

export interface SearchOptions {
  /**
   * How many hits, from 1. More than `size` is the same as `size`.
   * @defaultValue 10, or with `minScore` all
   */
  readonly k?: number;
  /**
   * Only hits that score at least this, in the unit of the index's similarity (see `Similarity`; under `squared_l2` it is negative).
   * Without `k` these are all there are. Not NaN.
   */
  readonly minScore?: number;
  /**
   * Only hits that are at least so relevant, from 0 to 1; none at all is an answer. An index without a relevance model says how
   * far a score stands out of those of the whole index: the first such search looks at up to 1,024 items for it, and another one
   * when the index has doubled or halved since. That is not possible under `squared_l2`.
   * With `normalize` hits are chosen by their corrected ranks, and of these the relevant ones are kept.
   */
  readonly minRelevance?: number;
  /** Corrects ranks for hubs, by the bank of `calibrate`. Without a bank nothing changes. @defaultValue false */
  readonly normalize?: boolean;
  /** Makes another query of this one first, with what is to be like it, or not. Under cosine all parts count as directions. */
  readonly compose?: Composition;
  /** Only these items: their ids (unknown ones are ignored), or a function that is asked about every id. */
  readonly filter?: Iterable<Id> | ((id: Id) => boolean);
  /** Only items at rows, the positions of `ids()`, whose bit is set: bit `row % 32` of word `row / 32` of `ceil(size / 32)` words. */
  readonly rows?: Uint32Array;
  /**
   * Only items at these positions of `ids()`, each range from its first to before its second number: rising, without overlap, at most
   * `size`. The time of a search goes with their number, so keep items of one label together and search its window. With a
   * filter or `rows`, all must allow an item.
   */
  readonly ranges?: readonly (readonly [first: number, end: number])[];
  /**
   * For the codecs `planes`, `planes2` and `planes12`, more than 0 and at most 1: how sure a layer has to be that none of the k best
   * is lost before the next one looks at fewer candidates. More is slower; 1 looks at everything with all layers. It is a target of
   * each layer against the last one, not a promise.
   * @defaultValue 0.99
   */
  readonly recall?: number;
  /** Cancels with `cancelled`. A single search is too short to be cancelled once it has begun. */
  readonly signal?: AbortSignal;
}

export interface SearchManyOptions extends SearchOptions {
  /** Called after every slice, in queries. What it throws ends the search and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
}

const maxU32 = 2 ** 32 - 1;

/** @throws {SimileError} `invalid_argument` @internal */
export function count(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw invalid(`${name} must be an integer of at least 1, not ${shown(value)}`);
  return Math.min(value, maxU32);
}

/** Search options as the core takes them. @internal */
export interface Plan {
  readonly k: number;
  readonly rows: Uint32Array | undefined;
  readonly ranges: Uint32Array | undefined;
  readonly recall: number;
  readonly minScore: number;
  readonly minRelevance: number;
  /** 0: none, 1: the index's own, else the number of a fit. */
  readonly correction: number;
}

/** @param rows - one bit for each row that passes the filter @throws {SimileError} `invalid_argument` @internal */
export function planOf(options: SearchOptions, filtered: Uint32Array | undefined): Plan {
  const rows = bothOf(filtered, options.rows);
  const { k, minScore, minRelevance = 0, normalize = false, ranges, recall } = options;
  if (minScore !== undefined && (typeof minScore !== 'number' || Number.isNaN(minScore)))
    throw invalid(`minScore must be a number, not ${shown(minScore)}`);
  if (!(typeof minRelevance === 'number' && minRelevance >= 0 && minRelevance <= 1))
    throw invalid(`minRelevance must be from 0 to 1, not ${shown(minRelevance)}`);
  if (typeof normalize !== 'boolean') throw invalid(`normalize must be true or false, not ${shown(normalize)}`);
  if (recall !== undefined && !(typeof recall === 'number' && recall > 0 && recall <= 1))
    throw invalid(`recall must be more than 0 and at most 1, not ${shown(recall)}`);
  return {
    k: count('k', k === undefined ? (minScore === undefined ? 10 : maxU32) : k),
    rows,
    ranges: ranges === undefined ? undefined : rangeWords(ranges),
    recall: recall ?? 0,
    minScore: minScore ?? Number.NEGATIVE_INFINITY,
    minRelevance,
    correction: normalize ? 1 : 0,
  };
}

function bothOf(filtered: Uint32Array | undefined, rows: Uint32Array | undefined): Uint32Array | undefined {
  if (rows === undefined) return filtered;
  if (kindOf(rows) !== 'Uint32Array') throw invalid(`rows must be a Uint32Array, not ${shown(rows)}`);
  if (filtered && filtered.length !== rows.length)
    throw new SimileError('dimension_mismatch', `rows has ${rows.length} words, ${filtered.length} are needed`);
  return filtered?.map((word, i) => word & (rows[i] as number)) ?? rows;
}

/** The core refuses ranges that overlap or go beyond the end. */
function rangeWords(ranges: NonNullable<SearchOptions['ranges']>): Uint32Array {
  if (!Array.isArray(ranges)) throw invalid(`ranges must be a list of pairs, not ${shown(ranges)}`);
  for (const range of ranges) {
    const isPair = Array.isArray(range) && range.length === 2;
    if (!isPair || !range.every((end) => Number.isInteger(end) && end >= 0 && end <= maxU32))
      throw invalid(`a range must be two positions, such as [0, 100], not ${isPair ? range.map(shown) : shown(range)}`);
  }
  // To the core no ranges at all are all rows.
  return Uint32Array.from(ranges.length > 0 ? ranges.flat() : [0, 0]);
}

/** What the core found for one query. @internal */
export interface Found {
  readonly rows: Uint32Array;
  readonly hits: Hit[];
}

/**
 * For each query u32 level, u32 n, n times u32 row and f32 score, u32 m, m times f32 relevance, u32 size, the ids, zeros up to a
 * multiple of 4. @internal
 */
export function readFound(reply: Uint8Array, queries: number): Found[] {
  const view = new DataView(reply.buffer);
  let at = 0;
  const u32 = (): number => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  return Array.from({ length: queries }, () => {
    const level = u32();
    const n = u32();
    const pairs = at;
    at += 8 * n;
    const m = u32();
    const relevances = at;
    at += 4 * m;
    const size = u32();
    const ids = decodeIds(reply.subarray(at, at + size));
    at += Math.ceil(size / 4) * 4;
    const hits = ids.map((id, i): Hit => {
      const hit = { id, score: view.getFloat32(pairs + 8 * i + 4, true), level };
      return m > 0 ? { ...hit, relevance: view.getFloat32(relevances + 4 * i, true) } : hit;
    });
    return { rows: Uint32Array.from(hits, (_, i) => view.getUint32(pairs + 8 * i, true)), hits };
  });
}
