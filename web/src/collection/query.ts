// SPDX-License-Identifier: Apache-2.0
import { invalid, shown } from '../errors.js';
import type { Id } from '../ids.js';
import type { TextRange } from '../text/text.js';
import { kindOf, readVector, type Vector } from '../vectors.js';
import type { AnyDoc, Doc } from './schema.js';
import type { Where } from './where.js';

/** What is looked for; several of them together are added up. */
export interface CollectionQuery {
  /** Searched by meaning, by words, or both. */
  readonly text?: string;
  /** A vector of your own: added to that of the text, where there is an embedder. */
  readonly vector?: Vector;
  /** The id of a document to which others are to be similar; it is not among the results itself. */
  readonly like?: Id;
  /** What results are not to be about: projected away from the query's meaning; by words, documents with one of them are left out. Under `lexical` a text. */
  readonly not?: string | Vector;
  readonly where?: Where;
}

/** How the two lists of hybrid search become one. */
export interface HybridFusion {
  /**
   * - `surprise`: how far a vector score stands out of those of usual rows, beside what chance brings among so many, and the share of
   *   the query's words that a text has. Both mean the same for every query, whatever else its list holds.
   * - `relative_score`, `distribution`, `rrf`: see `fuse`
   *
   * docs/hybrid.md has the measurement behind the default. @defaultValue 'surprise'
   */
  readonly method?: 'surprise' | 'rrf' | 'relative_score' | 'distribution';
  /** Of `rrf`. @defaultValue 60 */
  readonly rankConstant?: number;
  /** How much meaning counts, from 0 to 1; words count the rest. @defaultValue 0.25 with `surprise`, else 0.5 */
  readonly vectorWeight?: number;
}

/** Options of `Collection.search`. */
export interface CollectionSearchOptions {
  /**
   * - `vector`: by meaning
   * - `lexical`: by words (BM25)
   * - `hybrid`: both lists, fused
   *
   * @defaultValue what the collection and the query have: 'hybrid' if both
   */
  readonly mode?: 'vector' | 'lexical' | 'hybrid';
  /** How many hits, from 1. @defaultValue 10 */
  readonly limit?: number;
  /** How many of the best to pass over, for pages. @defaultValue 0 */
  readonly offset?: number;
  /** Only documents for which this is true. With that of the query, both must be. */
  readonly where?: Where;
  /** Fields whose values are to be counted, over the documents that pass `where` and, under `lexical`, have a word of the query. */
  readonly facets?: readonly string[];
  /**
   * Only hits at least so relevant, from 0 to 1, told by their vectors; none is an answer. See `SearchOptions.minRelevance`. Not under
   * `lexical`, whose scores mean nothing by themselves.
   */
  readonly minRelevance?: number;
  /** Corrects ranks for hubs, by the bank of `collection.vectors.calibrate`. @defaultValue false */
  readonly normalize?: boolean;
  /** At most `size` hits for each value of a field; documents without a value are left alone. */
  readonly group?: string | { readonly field: string; readonly size?: number };
  /**
   * From 0 to 1: how much a result counts for being unlike those before it (maximal marginal relevance; Carbonell and Goldstein, SIGIR
   * 1998). @defaultValue 0
   */
  readonly diversity?: number;
  readonly fusion?: HybridFusion;
  /** Whether `ranges` are looked for. @defaultValue true */
  readonly highlight?: boolean;
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** Part of a document's text that was found for itself. */
export interface Passage extends TextRange {
  readonly field: string;
  /** `document[field].slice(start, end)` */
  readonly text: string;
}

/** One found document. */
export interface CollectionHit<D extends AnyDoc = Doc> {
  readonly id: Id;
  /** Larger is better: of the index, of BM25, or fused. Not comparable between modes. */
  readonly score: number;
  /** In [0, 1], where the vectors' scores have a meaning; see `Hit.relevance`. */
  readonly relevance?: number;
  /** The similarity of the best passage, where it was found by meaning. */
  readonly vectorScore?: number;
  /** The BM25 score of the best passage, where it was found by words. */
  readonly textScore?: number;
  /** How many planes the vector's score has seen; see `Hit.level`. */
  readonly level?: number;
  /** As it was added, without its vector. Frozen. */
  readonly document: Omit<D, 'vector'>;
  /** The best passage of a document that was cut. */
  readonly passage?: Passage;
  /** By text field, where words of the query stand in it (of a cut field: in the passage). UTF-16 positions, for marks; no HTML. */
  readonly ranges: Readonly<Record<string, readonly TextRange[]>>;
}

/** A value of a field, and how many documents have it. */
export interface FacetCount {
  readonly value: string | number | boolean;
  readonly count: number;
}

/** The answer of `Collection.search`. */
export interface CollectionResult<D extends AnyDoc = Doc> {
  readonly hits: readonly CollectionHit<D>[];
  /** Whether a larger `limit` would find more. */
  readonly hasMore: boolean;
  /** By field, the most frequent values first. */
  readonly facets: Readonly<Record<string, readonly FacetCount[]>>;
  /** Milliseconds, embedding included. */
  readonly elapsed: number;
}

/** Options that were checked. @internal */
export interface CheckedOptions {
  readonly limit: number;
  readonly offset: number;
  readonly facets: readonly string[];
  readonly minRelevance: number;
  readonly normalize: boolean;
  readonly group: { readonly field: string; readonly size: number } | undefined;
  readonly diversity: number;
  readonly fusion: Required<HybridFusion>;
  readonly highlight: boolean;
}

const fusions: readonly unknown[] = ['surprise', 'rrf', 'relative_score', 'distribution'];
const modes: readonly unknown[] = ['vector', 'lexical', 'hybrid', undefined];

/** @throws {SimileError} `invalid_argument` @internal */
export function checkOptions(options: CollectionSearchOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) throw invalid(`the options must be an object, not ${shown(options)}`);
  const {
    mode,
    limit = 10,
    offset = 0,
    facets = [],
    minRelevance = 0,
    normalize = false,
    group,
    diversity = 0,
    highlight = true,
  } = options;
  if (!modes.includes(mode)) throw invalid(`mode must be one of vector, lexical, hybrid, not ${shown(mode)}`);
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalid(`limit must be an integer of at least 1, not ${shown(limit)}`);
  if (!Number.isSafeInteger(offset) || offset < 0) throw invalid(`offset must be an integer of at least 0, not ${shown(offset)}`);
  if (!Array.isArray(facets)) throw invalid(`facets must be a list of fields, not ${shown(facets)}`);
  share('minRelevance', minRelevance);
  share('diversity', diversity);
  for (const [name, value] of Object.entries({ normalize, highlight }))
    if (typeof value !== 'boolean') throw invalid(`${name} must be true or false, not ${shown(value)}`);
  const { method = 'surprise', rankConstant = 60 } = options.fusion ?? {};
  const { vectorWeight = method === 'surprise' ? 0.25 : 0.5 } = options.fusion ?? {};
  if (!fusions.includes(method)) throw invalid(`the method of fusion must be one of ${fusions.join(', ')}, not ${shown(method)}`);
  share('vectorWeight', vectorWeight);
  const grouped = typeof group === 'string' ? { field: group, size: 1 } : group && { field: group.field, size: group.size ?? 1 };
  if (grouped && (!Number.isSafeInteger(grouped.size) || grouped.size < 1))
    throw invalid(`the size of a group must be an integer of at least 1, not ${shown(grouped.size)}`);
  return {
    limit,
    offset,
    facets,
    minRelevance,
    normalize,
    group: grouped,
    diversity,
    fusion: { method, rankConstant, vectorWeight },
    highlight,
  };
}

function share(name: string, value: unknown): void {
  if (!(typeof value === 'number' && value >= 0 && value <= 1)) throw invalid(`${name} must be from 0 to 1, not ${shown(value)}`);
}

/** @throws {SimileError} `invalid_argument` @internal */
export function queryOf(query: unknown): CollectionQuery {
  if (typeof query === 'string') return { text: query };
  const isVector =
    Array.isArray(query) ||
    /^Float\d/.test(kindOf(query)) ||
    (typeof query === 'object' && query !== null && 'data' in query && 'dims' in query);
  if (isVector) return { vector: readVector(query as Vector, 'the query') };
  if (typeof query !== 'object' || query === null)
    throw invalid(`the query must be a string, a vector or an object, not ${shown(query)}`);
  const { text, vector, like } = query as CollectionQuery;
  if (text !== undefined && typeof text !== 'string') throw invalid(`the text of a query must be a string, not ${shown(text)}`);
  if (text === undefined && vector === undefined && like === undefined)
    throw invalid('a query needs a text, a vector or an id that it is like');
  return query as CollectionQuery;
}
