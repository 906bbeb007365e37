// SPDX-License-Identifier: Apache-2.0
import { composeQuery } from '../compose.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { CalibrateOptions } from '../fits.js';
import type { HubnessReport } from '../hubness.js';
import { encodeIds, type Id } from '../ids.js';
import type { AddOptions, Similarity } from '../index.js';
import type { IndexRelevance } from '../models.js';
import { type Hit, planOf } from '../search.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { checkNumbers, type Rows, readRows, readVector, type Vector } from '../vectors.js';
import { hostAlone } from './host.js';
import { RowTable } from './rows.js';
import { composedRows, listOf, SingleIndex, searchable } from './single.js';
import type {
  WorkerAddManyOptions,
  WorkerCreateOptions,
  WorkerIndex,
  WorkerLoadOptions,
  WorkerOptions,
  WorkerSearchManyOptions,
  WorkerSearchOptions,
} from './worker-index.js';

const sliceTime = 2; // milliseconds
const checkedRows = 128;
const copiedRows = 128;
const maxNorm = 2 ** 60;
/** Codecs that code again what they have decoded with a relative change of scores of at most 3e-5; those of fewer bits lose much. */
const recodable = /^(f32|f16|bf16|int8|planes\d*)$/;

/** A batch, told apart by worker; `rows` are those of the batch. */
interface Share {
  readonly ids: Id[];
  readonly rows: number[];
}

/** An index whose items are spread over workers. The page knows their order, and merges what the workers find. @internal */
export class ShardedIndex implements WorkerIndex {
  readonly complete: Promise<void> = Promise.resolve();
  readonly memory = 'separate';
  readonly #shards: readonly SingleIndex[];
  readonly #options: WorkerOptions;
  readonly #refusesZero: boolean;
  readonly #table: RowTable;
  /** Settles when all changes so far have ended. */
  #queue: Promise<void> = Promise.resolve();
  #isAdding = false;

  private constructor(shards: readonly SingleIndex[], options: WorkerOptions, zeroVectors: boolean) {
    this.#shards = shards;
    this.#options = options;
    this.#refusesZero = this.similarity === 'cosine' && !zeroVectors;
    this.#table = new RowTable(shards.length);
  }

  static async create(options: WorkerCreateOptions, workers: number): Promise<ShardedIndex> {
    const shards = await all(workers, () => SingleIndex.create(hostAlone(options), options));
    return new ShardedIndex(shards, options, options.zeroVectors === 'allow');
  }

  static async load(bytes: Uint8Array, options: WorkerLoadOptions, workers: number): Promise<ShardedIndex> {
    // Only the first one reports, and none may take the bytes from the others.
    const { onProgress, transfer: _transfer, ...quiet } = options;
    const first = onProgress === undefined ? quiet : { ...quiet, onProgress };
    const shards = await all(workers, (i) => SingleIndex.load(hostAlone(options), bytes, i === 0 ? first : quiet));
    // A file does not tell the page about zero vectors: the workers themselves refuse them.
    const index = new ShardedIndex(shards, options, true);
    const slicer = new Slicer(undefined, 'loading', sliceTime);
    try {
      for (const [row, id] of ((await shards[0]?.ids()) ?? []).entries()) {
        index.#table.add(id, row % workers);
        if (row % checkedRows === 0) await slicer.pause();
      }
      await Promise.all(shards.map((shard, i) => shard.keepShare(i, workers)));
      return index;
    } catch (error) {
      index.terminate();
      throw error;
    }
  }

  get workers(): number {
    return this.#shards.length;
  }
  get dims(): number {
    return this.#first.dims;
  }
  get similarity(): Similarity {
    return this.#first.similarity;
  }
  get codec(): WorkerIndex['codec'] {
    return this.#first.codec;
  }
  get size(): number {
    return this.#table.size;
  }
  get level(): number {
    return this.#first.level;
  }
  get levels(): number {
    return this.#first.levels;
  }
  get byteLength(): number {
    return this.#shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }
  get bankSize(): number {
    return this.#first.bankSize;
  }
  get metadata(): string {
    return this.#first.metadata;
  }
  get relevance(): IndexRelevance | undefined {
    return this.#first.relevance;
  }

  async add(id: Id, vector: Vector, options: AddOptions = {}): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#inTurn(async () => {
      const owner = this.#table.ownerOf(id);
      const target = owner ?? this.#table.next(this.#none());
      await this.#shard(target).add(id, numbers, options);
      if (owner === undefined) this.#table.add(id, target);
    });
  }

  async addMany(ids: readonly Id[], data: Vector | readonly Vector[], options: WorkerAddManyOptions = {}): Promise<void> {
    const list = listOf(ids, 'ids');
    const rows = readRows(this.dims, data);
    const { onDuplicate = 'refuse', signal, onProgress } = options;
    if (!['refuse', 'replace'].includes(onDuplicate))
      throw invalid(`onDuplicate must be one of refuse, replace, not ${shown(onDuplicate)}`);
    if (rows.count !== list.length)
      throw new SimileError('dimension_mismatch', `there are ${list.length} ids and ${rows.count} vectors of ${this.dims} dims`);
    await this.#inTurn(async () => {
      const { fresh, replaced, order } = await this.#sorted(list, rows, onDuplicate === 'replace', signal);
      const loaded = Array<number>(2 * this.workers).fill(0);
      const report = (which: number) => (progress: Progress) => {
        loaded[which] = progress.loaded;
        onProgress?.({ loaded: loaded.reduce((a, b) => a + b), total: list.length });
      };
      this.#isAdding = true;
      try {
        await this.#addFresh(fresh, rows, signal, report);
        const slicer = new Slicer(undefined, 'addMany', sliceTime);
        for (const [id, owner] of order) {
          this.#table.add(id, owner);
          if (this.#table.size % checkedRows === 0) await slicer.pause();
        }
        // Nothing can be refused any more, and what is replaced could not be taken back.
        await this.#send(replaced, rows, (i) => ({ onDuplicate: 'replace', onProgress: report(this.workers + i) }));
      } finally {
        this.#isAdding = false;
      }
    });
  }

  /** Checks all of a batch, and says which worker gets what; `order`: the new ids in the order of their rows. */
  async #sorted(list: readonly Id[], rows: Rows, replaces: boolean, signal: AbortSignal | undefined) {
    const fresh = this.#shards.map((): Share => ({ ids: [], rows: [] }));
    const replaced = this.#shards.map((): Share => ({ ids: [], rows: [] }));
    const order = new Map<Id, number>();
    const planned = this.#none();
    const rules = { refusesZero: this.#refusesZero, maxNorm: this.similarity === 'cosine' ? Number.POSITIVE_INFINITY : maxNorm };
    const slicer = new Slicer(signal, 'addMany', sliceTime);
    const push = (shares: readonly Share[], owner: number, id: Id, row: number): void => {
      shares[owner]?.ids.push(id);
      shares[owner]?.rows.push(row);
    };
    for (let first = 0; first < list.length; first += checkedRows) {
      const end = Math.min(first + checkedRows, list.length);
      encodeIds(list.slice(first, end));
      for (let row = first; row < end; row++) {
        const id = list[row] as Id;
        const known = this.#table.ownerOf(id) ?? order.get(id);
        if (known !== undefined) {
          if (!replaces) throw new SimileError('duplicate_id', `id ${shown(id)} is there already`);
          push(replaced, known, id, row);
        } else {
          const owner = this.#table.next(planned);
          planned[owner] = (planned[owner] as number) + 1;
          order.set(id, owner);
          push(fresh, owner, id, row);
        }
      }
      const some = new Float32Array((end - first) * rows.dims);
      for (let row = first; row < end; row++) rows.copy(row, some, (row - first) * rows.dims);
      checkNumbers(some, first, rows.dims, rules);
      await slicer.pause();
    }
    return { fresh, replaced, order };
  }

  /** All new items or none. */
  async #addFresh(
    fresh: readonly Share[],
    rows: Rows,
    signal: AbortSignal | undefined,
    report: (which: number) => (progress: Progress) => void,
  ): Promise<void> {
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    const isDone = fresh.map(() => false);
    const added = await Promise.allSettled(
      fresh.map(async (share, i) => {
        try {
          await this.#sendTo(i, share, rows, { signal: stop.signal, onProgress: report(i) });
          isDone[i] = true;
        } catch (error) {
          stop.abort(error);
          throw error;
        }
      }),
    );
    signal?.removeEventListener('abort', abort);
    const reasons = added.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (reasons.length === 0) {
      if (!signal?.aborted) return;
      reasons.push(new SimileError('cancelled', 'addMany was cancelled', { cause: signal.reason }));
    }
    await Promise.all(fresh.map(({ ids }, i) => (isDone[i] && ids.length > 0 ? this.#shard(i).deleteMany(ids) : 0)));
    // What the first failure has cancelled is not the reason.
    throw reasons.find((reason) => !(reason instanceof SimileError && reason.code === 'cancelled')) ?? reasons[0];
  }

  async #send(shares: readonly Share[], rows: Rows, options: (which: number) => WorkerAddManyOptions): Promise<void> {
    await Promise.all(shares.map((share, i) => this.#sendTo(i, share, rows, options(i))));
  }

  async #sendTo(which: number, { ids, rows: numbers }: Share, rows: Rows, options: WorkerAddManyOptions): Promise<void> {
    if (ids.length === 0) return;
    const own: Rows = {
      count: ids.length,
      dims: rows.dims,
      copy: (row, out, at) => rows.copy(numbers[row] as number, out, at),
    };
    await this.#shard(which).addRows(ids, own, options);
  }

  async update(id: Id, vector: Vector): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#inTurn(() => this.#shard(this.#table.ownerOf(id) ?? 0).update(id, numbers));
  }

  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  async deleteMany(ids: Iterable<Id>): Promise<number> {
    const list = [...new Set(listOf(ids, 'ids'))];
    encodeIds(list);
    return this.#inTurn(async () => {
      const known = list.filter((id) => this.#table.rowOf(id) !== undefined);
      await Promise.all(this.#byOwner(known).map((own, i) => (own.length > 0 ? this.#shard(i).deleteMany(own) : 0)));
      for (const id of known) this.#table.remove(id);
      return known.length;
    });
  }

  async has(id: Id): Promise<boolean> {
    encodeIds([id]);
    return this.#shard(this.#table.ownerOf(id) ?? 0).has(id);
  }

  async get(id: Id): Promise<Float32Array | undefined> {
    return this.#shard(this.#table.ownerOf(id) ?? 0).get(id);
  }

  async ids(): Promise<Id[]> {
    return [...this.#table.ids];
  }

  async search(query: Vector, options: WorkerSearchOptions = {}): Promise<readonly Hit[]> {
    const numbers = readVector(query, 'the query');
    checkSignal(options.signal, 'the search');
    const asked = options.compose === undefined ? numbers : composeQuery(numbers, options.compose);
    const plan = this.#plan(options);
    const found = await Promise.all(plan.each.map(({ shard, own }) => shard.search(asked, own)));
    return this.#merged(found, plan.k);
  }

  async searchMany(
    queries: Vector | readonly Vector[],
    options: WorkerSearchManyOptions = {},
  ): Promise<readonly (readonly Hit[])[]> {
    const rows = readRows(this.dims, queries);
    checkSignal(options.signal, 'the search');
    const flat = new Float32Array(rows.count * rows.dims);
    const asked = options.compose === undefined ? rows : composedRows(rows, options.compose);
    for (let row = 0; row < rows.count; row++) asked.copy(row, flat, row * rows.dims);
    const { onProgress } = options;
    return this.#inTurn(async () => {
      const plan = this.#plan(options);
      const loaded = plan.each.map(() => 0);
      const found = await Promise.all(
        plan.each.map(({ shard, own }, i) => {
          const report = ({ loaded: done }: Progress): void => {
            loaded[i] = done;
            onProgress?.({ loaded: Math.min(...loaded), total: rows.count });
          };
          return shard.searchMany(flat, onProgress === undefined ? own : { ...own, onProgress: report });
        }),
      );
      const slicer = new Slicer(options.signal, 'the search', sliceTime);
      const lists: Hit[][] = [];
      for (let row = 0; row < rows.count; row++) {
        lists.push(
          this.#merged(
            found.map((some) => some[row] ?? []),
            plan.k,
          ),
        );
        await slicer.pause();
      }
      return lists;
    });
  }

  async scores(query: Vector): Promise<Float32Array> {
    const numbers = readVector(query, 'the query');
    return this.#inTurn(async () => {
      const out = new Float32Array(this.size);
      await Promise.all(
        this.#shards.map(async (shard) => {
          const [ids, scores] = await Promise.all([shard.ids(), shard.scores(numbers)]);
          for (const [i, id] of ids.entries()) out[this.#table.rowOf(id) ?? 0] = scores[i] as number;
        }),
      );
      return out;
    });
  }

  async calibrate(bank: Vector | readonly Vector[], options: CalibrateOptions = {}): Promise<void> {
    if (options.dynamic) throw this.#needsAll('calibrate with dynamic');
    const rows = readRows(this.dims, bank);
    const flat = new Float32Array(rows.count * rows.dims);
    for (let row = 0; row < rows.count; row++) rows.copy(row, flat, row * rows.dims);
    const { onProgress, ...quiet } = options;
    const loaded = this.#none();
    await this.#inTurn(() =>
      Promise.all(
        this.#shards.map((shard, i) =>
          shard.calibrate(flat, {
            ...quiet,
            ...(onProgress && {
              onProgress: ({ loaded: done }: Progress): void => {
                loaded[i] = done;
                onProgress({ loaded: loaded.reduce((a, b) => a + b), total: this.size });
              },
            }),
          }),
        ),
      ),
    );
  }

  async hubness(): Promise<HubnessReport> {
    throw this.#needsAll('hubness');
  }

  async setRelevance(model: Parameters<WorkerIndex['setRelevance']>[0]): Promise<void> {
    if (model?.method === 'surprise') throw this.#needsAll('setRelevance with surprise');
    await this.#inTurn(() => Promise.all(this.#shards.map((shard) => shard.setRelevance(model))));
  }

  async setMetadata(text: string): Promise<void> {
    await this.#inTurn(() => this.#first.setMetadata(text));
  }

  async toBytes(): Promise<Uint8Array> {
    if (this.#isAdding) throw new SimileError('incomplete', 'addMany is still at work: wait for it before saving');
    if (!recodable.test(this.codec))
      throw new SimileError(
        'not_supported',
        `the shares of ${this.workers} workers make no file with ${this.codec}: take one worker`,
      );
    return this.#inTurn(async () => {
      // The first worker's file has all that is said of the whole, and how vectors are coded.
      const whole = await SingleIndex.load(hostAlone(this.#options), await this.#first.toBytes(), {
        transfer: true,
      });
      try {
        await whole.clear();
        const { ids } = this.#table;
        for (let first = 0; first < ids.length; first += copiedRows)
          await this.#copyRows(ids.slice(first, first + copiedRows), whole);
        return await whole.toBytes();
      } finally {
        whole.terminate();
      }
    });
  }

  async #copyRows(ids: readonly Id[], target: SingleIndex): Promise<void> {
    const { dims } = this;
    const out = new Float32Array(ids.length * dims);
    const at = new Map(ids.map((id, i) => [id, i * dims]));
    await Promise.all(
      this.#byOwner(ids).map(async (own, i) => {
        if (own.length === 0) return;
        const vectors = await this.#shard(i).getMany(own);
        for (const [j, id] of own.entries()) out.set(vectors.subarray(j * dims, (j + 1) * dims), at.get(id));
      }),
    );
    await target.addMany(ids, out, { transfer: true });
  }

  terminate(): void {
    for (const shard of this.#shards) shard.terminate();
  }

  dispose(): void {
    this.terminate();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }

  get #first(): SingleIndex {
    return this.#shard(0);
  }

  #shard(which: number): SingleIndex {
    return this.#shards[which] as SingleIndex;
  }

  #none(): number[] {
    return this.#shards.map(() => 0);
  }

  #needsAll(what: string): SimileError {
    return new SimileError(
      'not_supported',
      `${what} looks at all items together: it takes an index in one worker, this has ${this.workers}`,
    );
  }

  /** What each worker is asked for; those that can have no answer are not. */
  #plan(options: WorkerSearchManyOptions) {
    const { compose: _compose, ranges, filter, ...own } = searchable(options);
    const { k } = planOf({ ...own, ...(ranges && { ranges }) }, undefined);
    if (own.minRelevance && this.relevance === undefined) throw this.#needsAll('minRelevance without a model');
    const { signal } = options;
    const common = signal === undefined ? own : { ...own, signal };
    const allowed = ranges === undefined ? filter : this.#within(ranges, filter);
    if (allowed === undefined) return { k, each: this.#shards.map((shard) => ({ shard, own: common })) };
    encodeIds(allowed);
    const shares = this.#byOwner(allowed);
    const each = this.#shards.map((shard, i) => ({ shard, own: { ...common, filter: shares[i] as Id[] } }));
    // One worker is asked in any case, for it may find fault with the query.
    return { k, each: each.filter(({ own: { filter: share } }, i) => i === 0 || share.length > 0) };
  }

  #within(ranges: NonNullable<WorkerSearchOptions['ranges']>, filter: readonly Id[] | undefined): Id[] {
    let last = 0;
    for (const [first, end] of ranges) {
      if (first < last || end < first) throw invalid(`the range ${first} .. ${end} overlaps or follows one up to ${last}`);
      if (end > this.size) throw new SimileError('out_of_range', `the range ${first} .. ${end} goes beyond ${this.size} rows`);
      last = end;
    }
    const ids = ranges.flatMap(([first, end]) => this.#table.ids.slice(first, end));
    if (filter === undefined) return ids;
    const allowed = new Set(filter);
    return ids.filter((id) => allowed.has(id));
  }

  /** The ids that are there, by worker. */
  #byOwner(ids: readonly Id[]): Id[][] {
    const lists = this.#shards.map((): Id[] => []);
    for (const id of ids) {
      const owner = this.#table.ownerOf(id);
      if (owner !== undefined) lists[owner]?.push(id);
    }
    return lists;
  }

  /** Best first; equal scores in the order of rows. */
  #merged(found: readonly (readonly Hit[])[], k: number): Hit[] {
    const row = (hit: Hit): number => this.#table.rowOf(hit.id) ?? Number.MAX_SAFE_INTEGER;
    return found
      .flat()
      .sort((a, b) => b.score - a.score || row(a) - row(b))
      .slice(0, k);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}

/** So many workers, or none: when one fails, the others are ended. */
async function all(workers: number, make: (which: number) => Promise<SingleIndex>): Promise<SingleIndex[]> {
  const made = await Promise.allSettled(Array.from({ length: workers }, (_, i) => make(i)));
  const ready = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = made.find((result) => result.status === 'rejected');
  if (failed === undefined) return ready;
  for (const index of ready) index.terminate();
  throw failed.reason;
}
