// SPDX-License-Identifier: Apache-2.0
import { type FusionOptions, fuse } from '../fuse.js';
import type { Id } from '../ids.js';
import type { Index } from '../index.js';
import { type Moments, momentsOf } from '../scores.js';
import type { TextIndex, TextRange } from '../text/text.js';
import type { Contents } from './contents.js';
import type { CheckedOptions, CollectionHit, CollectionResult, FacetCount, Passage } from './query.js';
import { type DocRecord, type Row, RowBits } from './records.js';
import { type SchemaPlan, textOf, type Value } from './schema.js';

const minDepth = 50;
const sampleRows = 256; // that tell what scores are usual for a query

/** A found row, with what is known of it. */
interface Candidate {
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
  /** To be marked in what is found. */
  readonly words: string | undefined;
}

/**
 * The answer, best first.
 * @throws {SimileError} as `Index.search` and `TextIndex.search`
 * @internal
 */
export async function found(contents: Contents, sought: Sought): Promise<Omit<CollectionResult, 'elapsed'>> {
  const { vectors, texts, records, schema } = contents;
  const { options } = sought;
  const wanted = options.offset + options.limit + 1;
  const place = options.group && schema.placeOf(options.group.field, 'group');
  const all = sought.rows?.count ?? records.rows.length;
  let list: Candidate[] = [];
  // Several passages of a document, or documents of a group, may take places: then more are asked for.
  for (let depth = Math.max(minDepth, 2 * wanted); ; depth *= 4) {
    const rows = await candidates(contents, sought, depth);
    list = bestOfEach(rows);
    if (options.group && place !== undefined) list = grouped(list, place, options.group.size);
    if (list.length >= wanted || depth >= all || rows.length < depth) break;
  }
  if (options.diversity > 0 && vectors)
    list = diverse(list.slice(0, Math.max(2 * minDepth, 2 * wanted)), vectors, options.diversity, wanted);
  const words = options.highlight ? sought.words : undefined;
  const page = list.slice(options.offset, options.offset + options.limit);
  return {
    hits: page.map((one) => hitOf(one, schema, texts, words)),
    hasMore: list.length >= wanted,
    facets: Object.fromEntries(options.facets.map((field) => [field, facetOf(contents, field, sought)])),
  };
}

/** The best rows, best first, at least `depth` of them if there are so many. */
async function candidates({ vectors, texts, records }: Contents, sought: Sought, depth: number): Promise<Candidate[]> {
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

/** The best row of each document. */
function bestOfEach(list: readonly Candidate[]): Candidate[] {
  const seen = new Set<DocRecord>();
  return list.filter(({ row }) => !seen.has(row.record) && seen.add(row.record));
}

/** At most `size` documents of each value. */
function grouped(list: readonly Candidate[], place: number, size: number): Candidate[] {
  const counts = new Map<Value, number>();
  return list.filter(({ row }) => {
    const values = row.record.labels[place] as readonly Value[];
    if (values.some((value) => (counts.get(value) ?? 0) >= size)) return false;
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return true;
  });
}

/** Maximal marginal relevance: scores as shares of their span, similarities as cosines. */
function diverse(list: readonly Candidate[], vectors: Index, diversity: number, n: number): Candidate[] {
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

function hitOf(one: Candidate, schema: SchemaPlan, texts: TextIndex | undefined, words: string | undefined): CollectionHit {
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

function facetOf(
  { records: { rows: known }, texts, schema }: Contents,
  field: string,
  { rows, text, vector }: Sought,
): FacetCount[] {
  const place = schema.placeOf(field, 'facets');
  const isBoolean = schema.typeOf(field) === 'boolean';
  const hits = vector === undefined && text !== undefined ? texts?.search(text, { k: Math.max(1, known.length) }) : undefined;
  const asked = hits ? hits.map(({ row }) => known[row] as Row) : known;
  const counted = new Set(asked.filter(({ at }) => rows?.has(at) ?? true).map(({ record }) => record));
  const counts = new Map<Value, number>();
  for (const { labels } of counted) for (const value of new Set(labels[place])) counts.set(value, (counts.get(value) ?? 0) + 1);
  const shown = Array.from(counts, ([value, count]) => ({ value: isBoolean ? value === 1 : value, count }));
  return shown.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}
