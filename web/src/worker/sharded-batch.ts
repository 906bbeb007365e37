// SPDX-License-Identifier: Apache-2.0
import { SimileError, shown } from '../errors.js';
import { encodeIds, type Id } from '../ids.js';
import { type Progress, Slicer } from '../slices.js';
import { checkNumbers, type NumberRules, type Rows } from '../vectors.js';
import type { Shards } from './shards.js';
import type { WorkerAddManyOptions } from './worker-index.js';

const sliceTime = 2; // milliseconds
const checkedRows = 128;

/** Vectors and their ids on the way into an index that is spread over workers: all new ones or none. @internal */
export class ShardedBatch {
  readonly #shards: Shards;
  readonly #ids: readonly Id[];
  readonly #rows: Rows;
  readonly #options: WorkerAddManyOptions;
  /** Which worker gets each row. In numbers alone, for lists of ids would be moved about by the garbage collector. */
  readonly #owners: Uint8Array;
  /** For each row 1 when its id is there already, in the index or earlier in the batch. */
  readonly #known: Uint8Array;
  /** Who gets the ids that are new. */
  readonly #fresh = new Map<Id, number>();
  readonly #planned: number[];
  /** By every worker, of new items and of those that are replaced. */
  readonly #loaded: number[];

  constructor(shards: Shards, ids: readonly Id[], rows: Rows, options: WorkerAddManyOptions) {
    this.#shards = shards;
    this.#ids = ids;
    this.#rows = rows;
    this.#options = options;
    this.#owners = new Uint8Array(ids.length);
    this.#known = new Uint8Array(ids.length);
    this.#planned = shards.zeros();
    this.#loaded = [...shards.zeros(), ...shards.zeros()];
  }

  /** Looks at all of it before anything is sent. @throws {SimileError} as `addMany` */
  async check(rules: NumberRules): Promise<void> {
    const { dims } = this.#rows;
    const slicer = new Slicer(this.#options.signal, 'addMany', sliceTime);
    // One for all slices: garbage of the size of the batch would hold the page up.
    const some = new Float32Array(checkedRows * dims);
    for (let first = 0; first < this.#ids.length; first += checkedRows) {
      const end = Math.min(first + checkedRows, this.#ids.length);
      encodeIds(this.#ids.slice(first, end));
      for (let row = first; row < end; row++) this.#assign(this.#ids[row] as Id, row);
      for (let row = first; row < end; row++) this.#rows.copy(row, some, (row - first) * dims);
      checkNumbers(some.subarray(0, (end - first) * dims), first, dims, rules);
      await slicer.pause();
    }
  }

  async run(): Promise<void> {
    await this.#addFresh();
    const slicer = new Slicer(undefined, 'addMany', sliceTime);
    for (let row = 0; row < this.#ids.length; row++) {
      if (this.#known[row] === 0) this.#shards.table.add(this.#ids[row] as Id, this.#owners[row] as number);
      if (row % checkedRows === 0) await slicer.pause();
    }
    // Nothing can be refused any more, and what is replaced could not be taken back.
    const { each, count } = this.#shards;
    await Promise.all(each.map((_, i) => this.#send(i, 1, { onDuplicate: 'replace', ...this.#reporting(count + i) })));
  }

  #assign(id: Id, row: number): void {
    const { table } = this.#shards;
    const known = table.ownerOf(id) ?? this.#fresh.get(id);
    if (known !== undefined && this.#options.onDuplicate !== 'replace')
      throw new SimileError('duplicate_id', `id ${shown(id)} is there already`);
    const owner = known ?? table.next(this.#planned);
    this.#owners[row] = owner;
    this.#known[row] = known === undefined ? 0 : 1;
    if (known !== undefined) return;
    this.#planned[owner] = (this.#planned[owner] as number) + 1;
    this.#fresh.set(id, owner);
  }

  /** The rows of one worker whose ids are new (0), or are there already (1). */
  #rowsOf(which: number, known: 0 | 1): Uint32Array {
    const rows = new Uint32Array(this.#ids.length);
    let count = 0;
    for (let row = 0; row < this.#ids.length; row++)
      if (this.#owners[row] === which && this.#known[row] === known) rows[count++] = row;
    return rows.subarray(0, count);
  }

  /** All new items or none. */
  async #addFresh(): Promise<void> {
    const { signal } = this.#options;
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    const added = await Promise.allSettled(
      this.#shards.each.map((_, i) =>
        this.#send(i, 0, { signal: stop.signal, ...this.#reporting(i) }).catch((error: unknown) => {
          stop.abort(error);
          throw error;
        }),
      ),
    );
    signal?.removeEventListener('abort', abort);
    const reasons = added.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (reasons.length === 0) {
      if (!signal?.aborted) return;
      reasons.push(new SimileError('cancelled', 'addMany was cancelled', { cause: signal.reason }));
    }
    await this.#takeBack(added.map(({ status }) => status === 'fulfilled'));
    // What the first failure has cancelled is not the reason.
    throw reasons.find((reason) => !(reason instanceof SimileError && reason.code === 'cancelled')) ?? reasons[0];
  }

  async #takeBack(isAdded: readonly boolean[]): Promise<void> {
    await Promise.all(
      this.#shards.each.map((shard, i) =>
        isAdded[i] ? shard.deleteMany(Array.from(this.#rowsOf(i, 0), (row) => this.#ids[row] as Id)) : 0,
      ),
    );
  }

  #reporting(which: number): Required<Pick<WorkerAddManyOptions, 'onProgress'>> {
    return {
      onProgress: ({ loaded }: Progress) => {
        this.#loaded[which] = loaded;
        this.#options.onProgress?.({ loaded: this.#loaded.reduce((a, b) => a + b), total: this.#ids.length });
      },
    };
  }

  async #send(which: number, known: 0 | 1, options: WorkerAddManyOptions): Promise<void> {
    const own = this.#rowsOf(which, known);
    if (own.length === 0) return;
    const rows: Rows = {
      count: own.length,
      dims: this.#rows.dims,
      copy: (row, out, at) => this.#rows.copy(own[row] as number, out, at),
    };
    const ids = { slice: (first?: number, end?: number) => Array.from(own.subarray(first, end), (row) => this.#ids[row] as Id) };
    await this.#shards.at(which).addRows(ids, rows, options);
  }
}
