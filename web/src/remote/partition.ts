// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';
import { encodeIds, encodeText, type Id } from '../ids.js';
import { Index, type Similarity } from '../index.js';
import { count } from '../search.js';
import { type Progress, Slicer } from '../slices.js';
import { Xxh32 } from '../store/checksum.js';
import { checkNumbers, numberRules, readRows, type Vector } from '../vectors.js';
import type { Bits } from './codes.js';
import { encodeFile, encodeList, type RowCodec, rowCodecs, type Settings, similarities, storedCentre } from './format.js';
import { chained, type Lists, makeLists, unit } from './lists.js';
import { rankLists } from './rank.js';
import { Rotation } from './rotation.js';

/** Vectors and their ids, without an index. */
export interface PartitionSource {
  readonly ids: readonly Id[];
  /** As in `Index.addMany`. */
  readonly vectors: Vector | readonly Vector[];
  readonly dims: number;
  /** @defaultValue 'cosine' */
  readonly similarity?: Similarity;
  /** A text of your own that is saved with the vectors. */
  readonly metadata?: string;
}

export interface PartitionOptions {
  /**
   * How many lists, from 1. More are searched more selectively, and each adds `dims / 2` bytes to what `open` fetches.
   * @defaultValue twice the root of the number of vectors
   */
  readonly lists?: number;
  /**
   * Bits of each component in the lists, which all that is searched is fetched with.
   * @defaultValue 1 from 192 dims on, 2 from 64, else 4
   */
  readonly bits?: Bits;
  /**
   * How the vectors themselves are stored, of which only the candidates are fetched. `f32` scores exactly.
   * @defaultValue 'int8'
   */
  readonly rows?: RowCodec;
  /**
   * Which share of the 10 nearest the lists that a search looks into by default should hold, more than 0 and at most 1.
   * @defaultValue 0.98
   */
  readonly recall?: number;
  /**
   * Queries of the kind that will be asked, to find out how many lists that takes. Without them some of the vectors ask.
   */
  readonly queries?: Vector | readonly Vector[];
  /** From 0 to 2^32 - 1: other numbers give other, equally good files. @defaultValue 1 */
  readonly seed?: number;
  /** Called now and then, in vectors. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

const maxWord = 2 ** 32 - 1;
const sampleSize = 256;
const truths = 10;

/**
 * Makes a file for a static site, from which `RemoteIndex` fetches only what a query needs: vectors are sorted into lists of neighbours. Any
 * server that answers Range requests will do. The same input gives the same bytes everywhere.
 *
 * @throws {SimileError} `invalid_argument`, `dimension_mismatch`, `not_finite`, `zero_norm`, `duplicate_id`, `limit_exceeded` for an id of more than 65,530 bytes,
 *   `incomplete` while the index is still loading, `cancelled`
 */
export async function partition(
  source: Index | PartitionSource,
  options: PartitionOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const slicer = new Slicer(options.signal, 'partition');
  const { ids, rows, dims, similarity, metadata } = source instanceof Index ? ofIndex(source) : ofVectors(source);
  if (rows.length === 0) throw invalid('there are no vectors: an empty index cannot be partitioned');
  const lists = Math.min(rows.length, count('lists', options.lists ?? Math.ceil(2 * Math.sqrt(rows.length))));
  const { bits = dims >= 192 ? 1 : dims >= 64 ? 2 : 4, rows: rowCodec = 'int8', recall = 0.98, seed = 1 } = options;
  if (![1, 2, 4].includes(bits)) throw invalid(`bits must be 1, 2 or 4, not ${shown(bits)}`);
  if (!rowCodecs.includes(rowCodec)) throw invalid(`rows must be one of ${rowCodecs.join(', ')}, not ${shown(rowCodec)}`);
  if (!(typeof recall === 'number' && recall > 0 && recall <= 1))
    throw invalid(`recall must be more than 0 and at most 1, not ${shown(recall)}`);
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= maxWord))
    throw invalid(`seed must be an integer from 0 to 2^32 - 1, not ${shown(seed)}`);

  const total = rows.length;
  const tell = (share: number): void => options.onProgress?.({ loaded: Math.floor(share * total), total });
  const rotation = new Rotation(dims, seed);
  const rotate = async (vectors: readonly Float32Array[]): Promise<Float32Array[]> => {
    const rotated: Float32Array[] = [];
    for (const vector of vectors) {
      rotated.push(rotation.apply(similarity === 'cosine' ? unit(vector) : vector));
      await slicer.pause();
    }
    return rotated;
  };
  const vectors = await rotate(rows);
  const queries = options.queries === undefined ? undefined : await rotate(readAll(dims, options.queries));
  const found = await makeLists(vectors, { similarity, lists, seed, slicer, onShare: (share) => tell(0.7 * share) });
  const probes = await enoughProbes(vectors, found, { similarity, recall, queries, slicer });
  tell(0.8);

  const settings: Settings = { dims, similarity, bits, rowCodec, probes, seed, metadata };
  const drafts = found.centres.map((centre, i) => {
    const members = found.members[i] as number[];
    const points = members.map((row) => vectors[row] as Float32Array);
    const order = chained(points).map((at) => members[at] as number);
    return {
      centre,
      vectors: order.map((row) => vectors[row] as Float32Array),
      ids: order.map((row) => encodeIds([ids[row] as Id]).slice()),
    };
  });
  const parts: { chunk: Uint8Array; rows: Uint8Array }[] = [];
  for (const [i, draft] of drafts.entries()) {
    parts.push(encodeList(draft, settings, rowChecksum));
    await slicer.pause();
    tell(0.8 + (0.2 * (i + 1)) / drafts.length);
  }
  return encodeFile(drafts, parts, settings);
}

/** @internal */
export const rowChecksum = (row: Uint8Array): number => new Xxh32().update(row).digest();

interface Content {
  readonly ids: readonly Id[];
  readonly rows: readonly Float32Array[];
  readonly dims: number;
  readonly similarity: Similarity;
  readonly metadata: string;
}

function ofIndex(index: Index): Content {
  const { dims, similarity, metadata, level, levels } = index;
  if (level < levels) throw new SimileError('incomplete', `the index has ${level} of ${levels} planes: wait for complete`);
  const ids = index.ids();
  return { ids, rows: ids.map((id) => index.get(id) as Float32Array), dims, similarity, metadata };
}

function ofVectors(source: PartitionSource): Content {
  if (typeof source !== 'object' || source === null) throw invalid(`expected an Index or vectors with ids, not ${shown(source)}`);
  const { ids, vectors, similarity = 'cosine', metadata = '' } = source;
  const dims = count('dims', source.dims);
  if (!similarities.includes(similarity)) {
    throw invalid(`similarity must be one of ${similarities.join(', ')}, not ${shown(similarity)}`);
  }
  if (typeof metadata !== 'string') throw invalid(`metadata must be a string, not ${shown(metadata)}`);
  encodeText(metadata, 'metadata');
  if (!Array.isArray(ids)) throw invalid(`ids must be a list of ids, not ${shown(ids)}`);
  const rows = readAll(dims, vectors);
  if (rows.length !== ids.length)
    throw new SimileError('dimension_mismatch', `there are ${ids.length} ids and ${rows.length} vectors of ${dims} dims`);
  for (const [i, row] of rows.entries()) checkNumbers(row, i, dims, numberRules(similarity, similarity === 'cosine'));
  if (new Set(ids).size !== ids.length) {
    const seen = new Set<Id>();
    const twice = ids.find((id) => seen.has(id) || !seen.add(id));
    throw new SimileError('duplicate_id', `id ${shown(twice)} is there more than once`);
  }
  return { ids, rows, dims, similarity, metadata };
}

function readAll(dims: number, vectors: Vector | readonly Vector[]): Float32Array[] {
  const rows = readRows(dims, vectors);
  return Array.from({ length: rows.count }, (_, i) => {
    const row = new Float32Array(dims);
    rows.copy(i, row, 0);
    return row;
  });
}

/** How many lists hold the wanted share of the nearest rows of a sample. */
async function enoughProbes(
  vectors: readonly Float32Array[],
  { centres, members }: Lists,
  {
    similarity,
    recall,
    queries,
    slicer,
  }: Pick<Settings, 'similarity'> & {
    readonly recall: number;
    readonly queries: readonly Float32Array[] | undefined;
    readonly slicer: Slicer;
  },
): Promise<number> {
  const listOf = new Uint32Array(vectors.length);
  for (const [list, rows] of members.entries()) for (const row of rows) listOf[row] = list;
  const stored = centres.map(storedCentre);
  const step = Math.max(1, vectors.length / sampleSize);
  const own = Array.from({ length: Math.floor(vectors.length / step) }, (_, i) => Math.floor(i * step));
  const asked = queries ?? own.map((row) => vectors[row] as Float32Array);
  const index = await Index.create({
    dims: (vectors[0] as Float32Array).length,
    codec: 'int8',
    similarity,
    zeroVectors: 'allow',
  });
  try {
    await index.addMany([...vectors.keys()], vectors);
    const needed = new Uint32Array(centres.length);
    let all = 0;
    for (const [i, query] of asked.entries()) {
      const order = rankLists(query, stored, similarity);
      const place = new Uint32Array(order.length);
      for (const [at, list] of order.entries()) place[list] = at;
      const hits = (await index.search(query, { k: truths + 1 })).map(({ id }) => id as number);
      for (const row of hits.filter((hit) => queries || hit !== own[i]).slice(0, truths)) {
        const at = place[listOf[row] as number] as number;
        needed[at] = (needed[at] as number) + 1;
        all++;
      }
      await slicer.pause();
    }
    let held = 0;
    for (const [at, times] of needed.entries()) {
      held += times;
      if (held >= recall * all) return at + 1;
    }
    return centres.length;
  } finally {
    index.dispose();
  }
}
