// SPDX-License-Identifier: Apache-2.0
import { SimileError, shown } from '../errors.js';
import { encodeIds, type Id } from '../ids.js';
import { type Progress, Slicer } from '../slices.js';
import { checkNumbers, type NumberRules, type Rows } from '../vectors.js';
import type { Shards } from './shards.js';
import type { WorkerAddManyOptions } from './worker-index.js';

const sliceTime = 2; // milliseconds
const checkedRows = 128;

/** What one worker gets of a batch; `rows` are those of the batch. */
interface Share {
  readonly ids: Id[];
  readonly rows: number[];
}

/** Vectors and their ids on the way into an index that is spread over workers: all new ones or none. @internal */
export class ShardedBatch {
  readonly #shards: Shards;
  readonly #ids: readonly Id[];
  readonly #rows: Rows;
  readonly #options: WorkerAddManyOptions;
  readonly #fresh: readonly Share[];
  readonly #replaced: readonly Share[];
  /** The new ids, in the order of their rows, and which worker gets them. */
  readonly #order = new Map<Id, number>();
  readonly #planned: number[];
  /** By every worker, of new items and of those that are replaced. */
  readonly #loaded: number[];

  constructor(shards: Shards, ids: readonly Id[], rows: Rows, options: WorkerAddManyOptions) {
    this.#shards = shards;
    this.#ids = ids;
    this.#rows = rows;
    this.#options = options;
    this.#fresh = shards.each.map((): Share => ({ ids: [], rows: [] }));
    this.#replaced = shards.each.map((): Share => ({ ids: [], rows: [] }));
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
    const { table } = this.#shards;
    const slicer = new Slicer(undefined, 'addMany', sliceTime);
    for (const [id, owner] of this.#order) {
      table.add(id, owner);
      if (table.size % checkedRows === 0) await slicer.pause();
    }
    // Nothing can be refused any more, and what is replaced could not be taken back.
    await Promise.all(
      this.#replaced.map((share, i) =>
        this.#send(i, share, { onDuplicate: 'replace', ...this.#reporting(this.#shards.count + i) }),
      ),
    );
  }

  #assign(id: Id, row: number): void {
    const { table } = this.#shards;
    const known = table.ownerOf(id) ?? this.#order.get(id);
    if (known !== undefined && this.#options.onDuplicate !== 'replace')
      throw new SimileError('duplicate_id', `id ${shown(id)} is there already`);
    const owner = known ?? table.next(this.#planned);
    const share = (known === undefined ? this.#fresh : this.#replaced)[owner] as Share;
    share.ids.push(id);
    share.rows.push(row);
    if (known !== undefined) return;
    this.#planned[owner] = (this.#planned[owner] as number) + 1;
    this.#order.set(id, owner);
  }

  /** All new items or none. */
  async #addFresh(): Promise<void> {
    const { signal } = this.#options;
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    const added = await Promise.allSettled(
      this.#fresh.map((share, i) =>
        this.#send(i, share, { signal: stop.signal, ...this.#reporting(i) }).catch((error: unknown) => {
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
      this.#fresh.map(({ ids }, i) => (isAdded[i] && ids.length > 0 ? this.#shards.at(i).deleteMany(ids) : undefined)),
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

  async #send(which: number, { ids, rows: numbers }: Share, options: WorkerAddManyOptions): Promise<void> {
    if (ids.length === 0) return;
    const rows: Rows = {
      count: ids.length,
      dims: this.#rows.dims,
      copy: (row, out, at) => this.#rows.copy(numbers[row] as number, out, at),
    };
    await this.#shards.at(which).addRows(ids, rows, options);
  }
}
