// SPDX-License-Identifier: Apache-2.0
import { composeQuery } from '../compose.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { CalibrateOptions } from '../fits.js';
import type { HubnessReport } from '../hubness.js';
import { encodeIds, type Id } from '../ids.js';
import type { AddOptions } from '../index.js';
import type { Hit } from '../search.js';
import { checkSignal, type Progress, Slicer } from '../slices.js';
import { Turns } from '../turns.js';
import { numberRules, readRows, readVector, type Vector } from '../vectors.js';
import { assembled } from './assembly.js';
import { hostAlone } from './host.js';
import { batchOf, composedRows, flatOf, listOf } from './sending.js';
import { ShardedBatch } from './sharded-batch.js';
import { merged, shardedPlan } from './sharded-search.js';
import { allShards, type Shards } from './shards.js';
import { SingleIndex } from './single.js';
import { WorkerState } from './state.js';
import type { IndexState, Kept } from './wire.js';
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
const listedRows = 128;

/** An index whose items are spread over workers. The page knows their order, and merges what the workers find. @internal */
export class ShardedIndex extends WorkerState implements WorkerIndex {
  readonly complete: Promise<void> = Promise.resolve();
  readonly memory = 'separate';
  readonly #shards: Shards;
  readonly #options: WorkerOptions;
  readonly #refusesZero: boolean;
  /** Of changes, and of what they must not come between. */
  readonly #turns = new Turns();
  #isAdding = false;

  private constructor(shards: Shards, options: WorkerOptions, zeroVectors: boolean) {
    super();
    this.#shards = shards;
    this.#options = options;
    this.#refusesZero = this.similarity === 'cosine' && !zeroVectors;
  }

  static async create(options: WorkerCreateOptions, workers: number): Promise<ShardedIndex> {
    const shards = await allShards(workers, () => SingleIndex.create(hostAlone(options), options));
    return new ShardedIndex(shards, options, options.zeroVectors === 'allow');
  }

  static async load(bytes: Uint8Array, options: WorkerLoadOptions, workers: number): Promise<ShardedIndex> {
    // Only the first one reports, and none may take the bytes from the others.
    const { onProgress, transfer: _transfer, ...quiet } = options;
    const first = onProgress === undefined ? quiet : { ...quiet, onProgress };
    const shards = await allShards(workers, (i) => SingleIndex.load(hostAlone(options), bytes, i === 0 ? first : quiet));
    try {
      const slicer = new Slicer(undefined, 'loading', sliceTime);
      for (const [row, id] of (await shards.first.ids()).entries()) {
        shards.table.add(id, row % workers);
        if (row % listedRows === 0) await slicer.pause();
      }
      await Promise.all(shards.each.map((shard, i) => shard.keepShare(i, workers)));
      // A file does not tell the page about zero vectors: the workers themselves refuse them.
      return new ShardedIndex(shards, options, true);
    } catch (error) {
      shards.terminate();
      throw error;
    }
  }

  protected get known(): IndexState {
    const { each, first, table } = this.#shards;
    const { dims, similarity, codec, level, levels, bankSize } = first;
    const byteLength = each.reduce((sum, shard) => sum + shard.byteLength, 0);
    return { dims, similarity, codec, level, levels, bankSize, byteLength, size: table.size };
  }

  protected get kept(): Kept {
    return this.#shards.first;
  }

  get workers(): number {
    return this.#shards.count;
  }

  async add(id: Id, vector: Vector, options: AddOptions = {}): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#turns.take(async () => {
      const { table } = this.#shards;
      const owner = table.ownerOf(id);
      const target = owner ?? table.next(this.#shards.zeros());
      await this.#shards.at(target).add(id, numbers, options);
      if (owner === undefined) table.add(id, target);
    });
  }

  async addMany(ids: readonly Id[], data: Vector | readonly Vector[], options: WorkerAddManyOptions = {}): Promise<void> {
    const { list, rows } = batchOf(ids, this.dims, data);
    const { onDuplicate = 'refuse' } = options;
    if (!['refuse', 'replace'].includes(onDuplicate))
      throw invalid(`onDuplicate must be one of refuse, replace, not ${shown(onDuplicate)}`);
    await this.#turns.take(async () => {
      const batch = new ShardedBatch(this.#shards, list, rows, options);
      await batch.check(numberRules(this.similarity, this.#refusesZero));
      this.#isAdding = true;
      try {
        await batch.run();
      } finally {
        this.#isAdding = false;
      }
    });
  }

  async update(id: Id, vector: Vector): Promise<void> {
    const numbers = readVector(vector, 'the vector');
    await this.#turns.take(() => this.#shards.having(id).update(id, numbers));
  }

  async deleteMany(ids: Iterable<Id>): Promise<number> {
    const list = [...new Set(listOf(ids, 'ids'))];
    encodeIds(list);
    return this.#turns.take(async () => {
      const { each, table } = this.#shards;
      const known = list.filter((id) => table.rowOf(id) !== undefined);
      const shares = this.#shards.byOwner(known);
      await Promise.all(each.map((shard, i) => (shares[i]?.length ? shard.deleteMany(shares[i]) : 0)));
      for (const id of known) table.remove(id);
      return known.length;
    });
  }

  async has(id: Id): Promise<boolean> {
    encodeIds([id]);
    return this.#shards.having(id).has(id);
  }

  async get(id: Id): Promise<Float32Array | undefined> {
    return this.#shards.having(id).get(id);
  }

  async ids(): Promise<Id[]> {
    return [...this.#shards.table.ids];
  }

  async search(query: Vector, options: WorkerSearchOptions = {}): Promise<readonly Hit[]> {
    const numbers = readVector(query, 'the query');
    checkSignal(options.signal, 'the search');
    const asked = options.compose === undefined ? numbers : composeQuery(numbers, options.compose);
    const { k, each } = shardedPlan(this.#shards, options);
    const found = await Promise.all(each.map(({ shard, own }) => shard.search(asked, own)));
    return merged(this.#shards, found, k);
  }

  async searchMany(
    queries: Vector | readonly Vector[],
    options: WorkerSearchManyOptions = {},
  ): Promise<readonly (readonly Hit[])[]> {
    const rows = readRows(this.dims, queries);
    checkSignal(options.signal, 'the search');
    const { compose, signal, onProgress } = options;
    const flat = flatOf(compose === undefined ? rows : composedRows(rows, compose));
    return this.#turns.take(async () => {
      const { k, each } = shardedPlan(this.#shards, options);
      const loaded = each.map(() => 0);
      const report = (which: number) => (progress: Progress) => {
        loaded[which] = progress.loaded;
        onProgress?.({ loaded: Math.min(...loaded), total: rows.count });
      };
      const found = await Promise.all(
        each.map(({ shard, own }, i) =>
          shard.searchMany(flat, onProgress === undefined ? own : { ...own, onProgress: report(i) }),
        ),
      );
      const slicer = new Slicer(signal, 'the search', sliceTime);
      const lists: Hit[][] = [];
      for (let row = 0; row < rows.count; row++) {
        const ofRow = found.map((some) => some[row] ?? []);
        lists.push(merged(this.#shards, ofRow, k));
        await slicer.pause();
      }
      return lists;
    });
  }

  async scores(query: Vector): Promise<Float32Array> {
    const numbers = readVector(query, 'the query');
    return this.#turns.take(async () => {
      const { each, table } = this.#shards;
      const out = new Float32Array(table.size);
      await Promise.all(
        each.map(async (shard) => {
          const [ids, scores] = await Promise.all([shard.ids(), shard.scores(numbers)]);
          for (const [i, id] of ids.entries()) out[table.rowOf(id) ?? 0] = scores[i] as number;
        }),
      );
      return out;
    });
  }

  async calibrate(bank: Vector | readonly Vector[], options: CalibrateOptions = {}): Promise<void> {
    if (options.dynamic) throw this.#shards.refusal('calibrate with dynamic');
    const flat = flatOf(readRows(this.dims, bank));
    const { onProgress, ...quiet } = options;
    const loaded = this.#shards.zeros();
    const report = (which: number) => (progress: Progress) => {
      loaded[which] = progress.loaded;
      onProgress?.({ loaded: loaded.reduce((a, b) => a + b), total: this.size });
    };
    await this.#turns.take(() =>
      Promise.all(
        this.#shards.each.map((shard, i) =>
          shard.calibrate(flat, onProgress === undefined ? quiet : { ...quiet, onProgress: report(i) }),
        ),
      ),
    );
  }

  async hubness(): Promise<HubnessReport> {
    throw this.#shards.refusal('hubness');
  }

  async setRelevance(model: Parameters<WorkerIndex['setRelevance']>[0]): Promise<void> {
    if (model?.method === 'surprise') throw this.#shards.refusal('setRelevance with surprise');
    await this.#turns.take(() => Promise.all(this.#shards.each.map((shard) => shard.setRelevance(model))));
  }

  async setMetadata(text: string): Promise<void> {
    await this.#turns.take(() => this.#shards.first.setMetadata(text));
  }

  async toBytes(): Promise<Uint8Array> {
    if (this.#isAdding) throw new SimileError('incomplete', 'addMany is still at work: wait for it before saving');
    return this.#turns.take(() => assembled(this.#shards, this.#options));
  }

  terminate(): void {
    this.#shards.terminate();
  }
}
