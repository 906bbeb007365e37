// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { decodeIds, type Id } from '../ids.js';
import type { Similarity } from '../index.js';
import { type Chunk, Chunks, type Memory } from './chunks.js';
import { codeBytes, Estimator, fullCodes } from './codes.js';
import { checksumOf, decodeList, type Head, type ListChunk, type ListPlace, squaredNorm } from './format.js';
import { rowChecksum } from './partition.js';
import type { RangeFile } from './ranges.js';
import { innerProduct, rankLists } from './rank.js';
import { Rotation } from './rotation.js';

/** One found item. */
export interface RemoteHit {
  readonly id: Id;
  /** Larger is closer; see `Similarity`. */
  readonly score: number;
}

/** @internal */
export interface RemotePlan {
  readonly k: number;
  readonly probes: number;
  readonly candidates: number;
  readonly minScore: number;
  readonly signal: AbortSignal | undefined;
}

/** A row that may be among the nearest. */
interface Candidate {
  readonly estimate: number;
  readonly list: number;
  readonly row: number;
}

/** @internal */
export const listKey = (list: ListPlace): string => `l${list.checksum}`;
const rowKey = (list: ListPlace, row: number): string => `r${list.checksum}/${row}`;

/** The list that a chunk belongs to, by its checksum. @internal */
export const listOfKey = (key: string): string => key.slice(1, 17);

const listChunk = (list: ListPlace): Chunk => ({
  key: listKey(list),
  start: list.start,
  end: list.end,
  isWhole: (bytes) => checksumOf(bytes) === list.checksum,
});

const rowChunk = (list: ListPlace, { places, checksums }: ListChunk, row: number): Chunk => ({
  key: rowKey(list, row),
  start: places[row] as number,
  end: places[row + 1] as number,
  isWhole: (bytes) => rowChecksum(bytes) === checksums[row],
});

/** One state of the file on the server. A search stays with the one that it began with, so that two are never mixed. @internal */
export class Edition {
  readonly head: Head;
  readonly file: RangeFile;
  readonly #chunks: Chunks;
  readonly #centres: readonly Float32Array[];
  readonly #rotation: Rotation;

  constructor(head: Head, file: RangeFile, memory: Memory, onArrival: () => void) {
    this.head = head;
    this.file = file;
    this.#chunks = new Chunks(file, memory, onArrival);
    this.#centres = head.lists.map((_, i) => head.centre(i));
    this.#rotation = new Rotation(head.dims, head.seed);
  }

  async search(numbers: Float32Array, plan: RemotePlan): Promise<RemoteHit[]> {
    const query = this.#rotation.apply(numbers);
    const order = this.#order(query).slice(0, plan.probes);
    const chunks = await this.lists(order, plan.signal);
    const candidates = this.#candidates(query, order, chunks, plan.candidates);
    return this.#scored(query, candidates, chunks, plan);
  }

  /** The lists that a search for this would look into. */
  async prefetch(numbers: Float32Array, probes: number, signal: AbortSignal | undefined): Promise<void> {
    await this.lists(this.#order(this.#rotation.apply(numbers)).slice(0, probes), signal);
  }

  /** What these lists say, by their numbers. */
  async lists(numbers: readonly number[], signal: AbortSignal | undefined): Promise<Map<number, ListChunk>> {
    const { lists } = this.head;
    const found = new Map<number, ListChunk>();
    const numberOf = new Map<Chunk, number>(numbers.map((number) => [listChunk(lists[number] as ListPlace), number]));
    await this.#get([...numberOf.keys()], signal, 'lists', (chunk, bytes) => {
      const number = numberOf.get(chunk) as number;
      found.set(number, decodeList(bytes, this.head, lists[number] as ListPlace));
    });
    return found;
  }

  /** Every row of some lists. */
  async rows(chunks: ReadonlyMap<number, ListChunk>, signal: AbortSignal | undefined): Promise<void> {
    const wanted = [...chunks].flatMap(([number, chunk]) => {
      const list = this.head.lists[number] as ListPlace;
      return Array.from({ length: list.count }, (_, row) => rowChunk(list, chunk, row));
    });
    await this.#get(wanted, signal, 'rows', () => {});
  }

  /** Lists that happen to be in the first bytes of the file. */
  keepSurplus(bytes: Uint8Array, memory: Memory): void {
    for (const list of this.head.lists) {
      if (list.end > bytes.length) return;
      const chunk = listChunk(list);
      const own = bytes.slice(list.start, list.end);
      if (chunk.isWhole(own)) memory.set(chunk.key, own);
    }
  }

  #order(query: Float32Array): number[] {
    return rankLists(query, this.#centres, this.head.similarity);
  }

  async #get(
    chunks: readonly Chunk[],
    signal: AbortSignal | undefined,
    what: string,
    onChunk: (chunk: Chunk, bytes: Uint8Array) => void,
  ): Promise<void> {
    let had = 0;
    try {
      await this.#chunks.get(chunks, signal, (chunk, bytes) => {
        onChunk(chunk, bytes);
        had++;
      });
    } catch (error) {
      if (!(error instanceof SimileError) || error.code !== 'io_failure') throw error;
      throw new SimileError('io_failure', `${error.message}; there were ${had} of ${chunks.length} ${what}`, { cause: error });
    }
  }

  /** The rows with the best estimates. */
  #candidates(query: Float32Array, order: readonly number[], chunks: ReadonlyMap<number, ListChunk>, most: number): Candidate[] {
    const { dims, bits, similarity } = this.head;
    const estimator = new Estimator(query, bits);
    const width = codeBytes(dims, bits);
    let best: Candidate[] = [];
    let least = Number.NEGATIVE_INFINITY;
    const cut = (): void => {
      best.sort((a, b) => b.estimate - a.estimate || a.list - b.list || a.row - b.row);
      best = best.slice(0, most);
      if (best.length === most) least = (best.at(-1) as Candidate).estimate;
    };
    for (const list of order) {
      const { factors, squares, codes } = chunks.get(list) as ListChunk;
      const base = innerProduct(query, this.#centres[list] as Float32Array);
      for (let row = 0; row < factors.length; row++) {
        const product = base + (factors[row] as number) * estimator.dot(codes, width * row);
        const estimate = similarity === 'squared_l2' ? 2 * product - (squares[row] as number) : product;
        if (estimate >= least) best.push({ estimate, list, row });
        if (best.length >= 4 * most) cut();
      }
    }
    cut();
    return best;
  }

  async #scored(
    query: Float32Array,
    candidates: readonly Candidate[],
    chunks: ReadonlyMap<number, ListChunk>,
    { k, minScore, signal }: RemotePlan,
  ): Promise<RemoteHit[]> {
    const { lists, rowCodec, dims, similarity } = this.head;
    const code = fullCodes[rowCodec];
    const own = squaredNorm(query);
    const found: (RemoteHit & Candidate)[] = [];
    const candidateOf = new Map<Chunk, Candidate>(
      candidates.map((candidate) => {
        const { list, row } = candidate;
        return [rowChunk(lists[list] as ListPlace, chunks.get(list) as ListChunk, row), candidate];
      }),
    );
    await this.#get([...candidateOf.keys()], signal, 'candidates', (chunk, bytes) => {
      const candidate = candidateOf.get(chunk) as Candidate;
      const product = code.dot(query, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
      const squares = chunks.get(candidate.list)?.squares[candidate.row] ?? 0;
      const [id] = decodeIds(bytes.subarray(code.bytes(dims)));
      if (id === undefined) throw new SimileError('corrupt_file', 'a row of the file has no id');
      found.push({ ...candidate, id, score: scoreOf(similarity, product, own, squares) });
    });
    return found
      .filter(({ score }) => score >= minScore)
      .sort((a, b) => b.score - a.score || a.list - b.list || a.row - b.row)
      .slice(0, k)
      .map(({ id, score }) => ({ id, score }));
  }
}

function scoreOf(similarity: Similarity, product: number, own: number, squares: number): number {
  if (similarity === 'cosine') return Math.fround(Math.max(-1, Math.min(1, product)));
  return Math.fround(similarity === 'dot' ? product : -Math.max(0, own - 2 * product + squares));
}
