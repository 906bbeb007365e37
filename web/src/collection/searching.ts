// SPDX-License-Identifier: Apache-2.0
import { type FusionOptions, fuse } from '../fuse.js';
import type { Id } from '../ids.js';
import type { Index } from '../index.js';
import { type Moments, momentsOf } from '../scores.js';
import type { TextIndex, TextRange } from '../text/text.js';
import type { CheckedOptions, CollectionHit, FacetCount, Passage } from './query.js';
import { type DocRecord, type Records, type Row, RowBits } from './records.js';
import { type SchemaPlan, textOf, type Value } from './schema.js';

const sampleRows = 256; // that tell what scores are usual for a query

/** A found row, with what is known of it. @internal */
export interface Candidate {
  readonly row: Row;
  score: number;
  relevance?: number;
  vectorScore?: number;
  textScore?: number;
  level?: number;
}

/** What a search looks for, ready for the indexes. @internal */
export interface Sought {
  /** Undefined where it is not searched by meaning. */
  readonly vector: Float32Array | undefined;
  /** Undefined where it is not searched by words. */
  readonly text: string | undefined;
  /** Undefined for all. */
  readonly rows: RowBits | undefined;
  readonly options: CheckedOptions;
}

/** @internal */
export interface Indexes {
  readonly vectors: Index | undefined;
  readonly texts: TextIndex | undefined;
  readonly records: Records;
}

/** The best rows, best first, at least `depth` of them if there are so many. @internal */
export async function candidates({ vectors, texts, records }: Indexes, sought: Sought, depth: number): Promise<Candidate[]> {
  const { text, rows, options } = sought;
  if (rows?.count === 0 || records.rows.length === 0) return [];
  // A text none of whose words an embedder knows has no direction.
  const vector = vectors?.similarity === 'cosine' && sought.vector?.every((x) => x === 0) ? undefined : sought.vector;
  const known = new Map<Id, Candidate>();
  const of = (row: Row): Candidate => {
    let one = known.get(row.key);
    if (!one) {
      one = { row, score: 0 };
      known.set(row.key, one);
    }
    return one;
  };
  const byMeaning = async (only: RowBits | undefined, k: number): Promise<Candidate[]> => {
    if (!vectors || !vector) return [];
    const slice = only?.slice;
    const chosen = slice ? { ranges: [slice] } : only ? { rows: only.words } : {};
    const { minRelevance, normalize } = options;
    const hits = await vectors.search(vector, { k, minRelevance, normalize, ...chosen });
    return hits.map((hit) => {
      const one = of(records.row(hit.id) as Row);
      one.vectorScore = hit.score;
      one.level = hit.level;
      if (hit.relevance !== undefined) one.relevance = hit.relevance;
      return one;
    });
  };
  const byWords = (only: RowBits | undefined): Candidate[] => {
    if (!texts || text === undefined) return [];
    return texts.search(text, { k: depth, ...(only ? { rows: only.words } : {}) }).map(({ row, score }) => {
      const one = of(records.rows[row] as Row);
      one.textScore = score;
      return one;
    });
  };
  const words = byWords(rows);
  const meaning = await byMeaning(rows, depth);
  if (text === undefined || vector === undefined) {
    const list = vector === undefined ? words : meaning;
    for (const one of list) one.score = (vector === undefined ? one.textScore : one.vectorScore) as number;
    return list;
  }
  // What was found by words alone: its vector score has yet to be asked.
  const unknown = words.filter(({ vectorScore }) => vectorScore === undefined).map(({ row }) => row.at);
  const others = unknown.length > 0 ? await byMeaning(RowBits.of(records.rows.length, unknown), unknown.length) : [];
  const isKept = (one: Candidate): boolean => options.minRelevance === 0 || one.vectorScore !== undefined;
  const lists = [meaning, words.filter(isKept)] as const;
  if (options.fusion.method !== 'surprise' || !vectors || !texts) return fused(lists, options.fusion);
  const usual = await vectors.search(vector, { k: sampleRows, rows: spread(records.rows.length).words });
  const { mean, deviation } = momentsOf(usual.map(({ score }) => score));
  const chance = Math.sqrt(2 * Math.log(Math.max(2, records.rows.length)));
  const moments = [
    { mean, deviation: deviation * chance },
    { mean: 0, deviation: texts.scale(text) },
  ];
  return fused([[...meaning, ...others], lists[1]], options.fusion, moments);
}

/** Evenly spread rows, all if there are few. */
function spread(rows: number): RowBits {
  const n = Math.min(rows, sampleRows);
  return RowBits.of(
    rows,
    Array.from({ length: n }, (_, i) => Math.floor((i * rows) / n)),
  );
}

function fused(
  [meaning, words]: readonly [readonly Candidate[], readonly Candidate[]],
  { method, rankConstant, vectorWeight }: CheckedOptions['fusion'],
  moments: readonly Moments[] = [],
): Candidate[] {
  const lists = [
    meaning.map((one) => ({ id: one.row.key, score: one.vectorScore as number })),
    words.map((one) => ({ id: one.row.key, score: one.textScore as number })),
  ];
  const weights = [vectorWeight, 1 - vectorWeight];
  const byKey = new Map([...meaning, ...words].map((one) => [one.row.key, one]));
  const options: FusionOptions =
    method === 'rrf'
      ? { method, weights, rankConstant }
      : method === 'surprise'
        ? { method: 'zscore', weights, moments }
        : { method, weights };
  return fuse(lists, options).map(({ id, score }) => {
    const one = byKey.get(id) as Candidate;
    one.score = score;
    return one;
  });
}

/** The best row of each document. @internal */
export function bestOfEach(list: readonly Candidate[]): Candidate[] {
  const seen = new Set<DocRecord>();
  return list.filter(({ row }) => !seen.has(row.record) && seen.add(row.record));
}

/** At most `size` documents of each value. @internal */
export function grouped(list: readonly Candidate[], place: number, size: number): Candidate[] {
  const counts = new Map<Value, number>();
  return list.filter(({ row }) => {
    const values = row.record.labels[place] as readonly Value[];
    if (values.some((value) => (counts.get(value) ?? 0) >= size)) return false;
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return true;
  });
}

/** Maximal marginal relevance: scores as shares of their span, similarities as cosines. @internal */
export function diverse(list: readonly Candidate[], vectors: Index, diversity: number, n: number): Candidate[] {
  const [high, low] = [list[0]?.score ?? 0, list.at(-1)?.score ?? 0];
  const gain = list.map(({ score }) => (high > low ? (score - low) / (high - low) : 1));
  const units = list.map(({ row }) => unitOf(vectors.get(row.key) as Float32Array));
  const nearest = new Float64Array(list.length).fill(-1);
  const left = new Set(list.keys());
  const out: Candidate[] = [];
  while (out.length < n && left.size > 0) {
    let best = -1;
    let worth = Number.NEGATIVE_INFINITY;
    for (const i of left) {
      const value = (1 - diversity) * (gain[i] as number) - (out.length > 0 ? diversity * (nearest[i] as number) : 0);
      if (value > worth) [best, worth] = [i, value];
    }
    left.delete(best);
    out.push(list[best] as Candidate);
    for (const i of left) nearest[i] = Math.max(nearest[i] as number, dot(units[i] as Float32Array, units[best] as Float32Array));
  }
  return out;
}

function unitOf(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? vector.map((x) => x / length) : vector;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** @internal */
export function hitOf(
  one: Candidate,
  schema: SchemaPlan,
  texts: TextIndex | undefined,
  words: string | undefined,
): CollectionHit {
  const { row, score, relevance, vectorScore, textScore, level } = one;
  const { record, part } = row;
  const text = part && textOf(record.document, part.field);
  return {
    id: record.id,
    score,
    ...(relevance === undefined ? {} : { relevance }),
    ...(vectorScore === undefined ? {} : { vectorScore }),
    ...(textScore === undefined ? {} : { textScore }),
    ...(level === undefined ? {} : { level }),
    document: record.document,
    ...(part === undefined ? {} : { passage: { ...part, text: (text as string).slice(part.start, part.end) } satisfies Passage }),
    ranges: texts && words !== undefined ? rangesOf(row, schema, texts, words) : {},
  };
}

function rangesOf({ record, part }: Row, schema: SchemaPlan, texts: TextIndex, words: string): Record<string, TextRange[]> {
  const found: [string, TextRange[]][] = [];
  for (const { name } of schema.texts) {
    const text = textOf(record.document, name);
    const isCut = part?.field === name;
    const ranges = texts.highlight(words, isCut ? text.slice(part.start, part.end) : text);
    const offset = isCut ? part.start : 0;
    if (ranges.length > 0) found.push([name, ranges.map(({ start, end }) => ({ start: start + offset, end: end + offset }))]);
  }
  // Not by assignment: a field may be called __proto__.
  return Object.fromEntries(found);
}

/** @internal */
export function facetOf(records: Iterable<DocRecord>, place: number, isBoolean: boolean): FacetCount[] {
  const counts = new Map<Value, number>();
  for (const { labels } of records) for (const value of new Set(labels[place])) counts.set(value, (counts.get(value) ?? 0) + 1);
  const shown = Array.from(counts, ([value, count]) => ({ value: isBoolean ? value === 1 : value, count }));
  return shown.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
