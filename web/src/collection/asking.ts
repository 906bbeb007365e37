// SPDX-License-Identifier: Apache-2.0
import { composeQuery, weightedSum } from '../compose.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Id } from '../ids.js';
import { readVector, type Vector } from '../vectors.js';
import type { Contents } from './contents.js';
import type { Embedding } from './embedding.js';
import type { CheckedOptions, CollectionQuery, CollectionSearchOptions } from './query.js';
import type { DocRecord, RowBits } from './records.js';
import type { Sought } from './searching.js';
import { type Predicate, predicateOf } from './where.js';

/** A query and its options, as far as they can be told before the collection is looked into. @internal */
export interface Asked {
  readonly query: CollectionQuery;
  readonly options: CheckedOptions;
  readonly mode: 'vector' | 'lexical' | 'hybrid';
  readonly tests: readonly Predicate[];
}

/** @throws {SimileError} `invalid_argument` @internal */
export function askedOf(
  contents: Contents,
  embedding: Embedding | undefined,
  query: CollectionQuery,
  given: CollectionSearchOptions,
  options: CheckedOptions,
): Asked {
  const { schema } = contents;
  const mode = modeOf(contents, embedding?.isThere ?? false, query, given.mode, options);
  const tests = [query.where, given.where].filter((where) => where !== undefined).map((where) => predicateOf(where, schema));
  for (const field of options.facets) schema.placeOf(field, 'facets');
  if (options.group) schema.placeOf(options.group.field, 'group');
  return { query, options, mode, tests };
}

function modeOf(
  { texts, vectors }: Contents,
  canEmbed: boolean,
  { text, vector, like, not }: CollectionQuery,
  mode: CollectionSearchOptions['mode'],
  { minRelevance }: CheckedOptions,
): Asked['mode'] {
  const hasWords = texts !== undefined && text !== undefined;
  const hasVector = vectors !== undefined && (vector !== undefined || like !== undefined || (text !== undefined && canEmbed));
  const chosen = mode ?? (hasWords && hasVector ? 'hybrid' : hasVector ? 'vector' : 'lexical');
  if (chosen !== 'vector' && !hasWords)
    throw invalid(`${chosen} search needs a text${texts ? '' : ', and the schema a field of type text'}`);
  if (chosen !== 'lexical' && !hasVector) throw invalid(`${chosen} search needs a vector, or a text and an embedder`);
  if (chosen === 'lexical' && minRelevance > 0) throw invalid('minRelevance is told by vectors: lexical search has none');
  if (chosen === 'lexical' && not !== undefined && typeof not !== 'string')
    throw invalid('not must be a text in lexical search, which knows no vectors');
  return chosen;
}

/** The vectors of the query's text and of what it is not, where they have to be made. @internal */
export interface MadeVectors {
  readonly text?: Float32Array | undefined;
  readonly not?: Float32Array | undefined;
}

/** @throws {SimileError} as `Embedding.of` @internal */
export async function madeVectors(
  { query: { text, not }, mode }: Asked,
  embedding: Embedding | undefined,
  signal: AbortSignal | undefined,
): Promise<MadeVectors> {
  if (mode === 'lexical' || !embedding) return {};
  const isMade = text !== undefined && embedding.isThere;
  const wanted = [...(isMade ? [text] : []), ...(typeof not === 'string' ? [not] : [])];
  if (wanted.length === 0) return {};
  const made = await embedding.of(wanted, 'query', signal);
  const dims = made.length / wanted.length;
  const at = (i: number): Float32Array => made.subarray(i * dims, (i + 1) * dims);
  return { text: isMade ? at(0) : undefined, not: typeof not === 'string' ? at(isMade ? 1 : 0) : undefined };
}

/** What the collection, as it is now, is searched for. @throws {SimileError} `unknown_id`, `zero_norm`, and as `readVector` @internal */
export function soughtOf(contents: Contents, { query, options, mode, tests }: Asked, made: MadeVectors): Sought {
  const text = mode === 'vector' ? undefined : query.text;
  return {
    vector: mode === 'lexical' ? undefined : queryVector(contents, query, made),
    text,
    rows: allowed(contents, tests, query, text),
    options,
    words: query.text,
  };
}

/** Everything that the query says, as one vector. */
function queryVector(contents: Contents, { vector, like, not }: CollectionQuery, made: MadeVectors): Float32Array {
  const given = vector === undefined ? undefined : readVector(vector, 'the vector of the query');
  if (given?.every((x) => x === 0) && contents.vectors?.similarity === 'cosine')
    throw new SimileError('zero_norm', 'the vector of the query is zero, which has no direction to compare by cosine');
  const parts = [made.text, given].filter((part) => part !== undefined);
  if (like !== undefined) parts.push(meaningOf(contents, like));
  const sum = parts.length === 1 ? (parts[0] as Float32Array) : weightedSum(parts);
  const without = made.not ?? (not === undefined ? undefined : readVector(not as Vector, 'the vector of not'));
  return without ? composeQuery(sum, { without: [without] }) : sum;
}

/** The mean direction of a document's passages. */
const meaningOf = (contents: Contents, id: Id): Float32Array =>
  weightedSum(known(contents, id).rows.map(({ key }) => contents.vectors?.get(key) as Float32Array));

/** The rows that may be found; undefined for all. */
function allowed(
  contents: Contents,
  tests: readonly Predicate[],
  { like, not }: CollectionQuery,
  words: string | undefined,
): RowBits | undefined {
  const { records, texts } = contents;
  const without = new Set<DocRecord>();
  if (like !== undefined) without.add(known(contents, like));
  if (words !== undefined && typeof not === 'string' && texts)
    for (const { row } of texts.search(not, { k: Math.max(1, records.rows.length) }))
      without.add((records.rows[row] as { record: DocRecord }).record);
  if (tests.length === 0 && without.size === 0) return undefined;
  return records.bits((record) => !without.has(record) && tests.every((test) => test(record.labels)));
}

function known({ records }: Contents, id: Id): DocRecord {
  const record = records.get(id);
  if (!record) throw new SimileError('unknown_id', `id ${shown(id)} is not in the collection`);
  return record;
}
