// SPDX-License-Identifier: Apache-2.0
import type { Engine } from './engine.js';
import { SimileError, shown } from './errors.js';
import { encodeIds, type Id } from './ids.js';
import type { Progress, Slicer } from './slices.js';
import { checkNumbers, type NumberRules, type Rows } from './vectors.js';

/** What a batch needs of an index. @internal */
export interface Target {
  readonly call: Engine['call'];
  readonly handle: number;
  readonly rules: NumberRules;
}

const sliceBytes = 1 << 18; // of 32-bit floats; below a millisecond of work

/** Vectors and their ids on the way into an index, all of them or none. @internal */
export class Batch {
  readonly #target: Target;
  readonly #ids: readonly Id[];
  readonly #rows: Rows;
  readonly #replaces: boolean;
  readonly #sliceRows: number;
  /** For each row 1 when its id is there already, in the index or earlier in the batch. */
  readonly #known: Uint8Array;
  /** The ids that are in the index because of this batch. */
  #added: Id[][] = [];
  #done = 0;

  constructor(target: Target, ids: readonly Id[], rows: Rows, replaces: boolean) {
    this.#target = target;
    this.#ids = ids;
    this.#rows = rows;
    this.#replaces = replaces;
    this.#sliceRows = Math.max(1, Math.floor(sliceBytes / (4 * rows.dims)));
    this.#known = new Uint8Array(rows.count);
  }

  async run(slicer: Slicer, onProgress: ((progress: Progress) => void) | undefined): Promise<void> {
    await this.#check(slicer);
    this.#reserve();
    try {
      await this.#add(0, slicer, onProgress);
      slicer.check();
    } catch (error) {
      this.#takeBack();
      throw error;
    }
    // Nothing can be refused any more, and what is replaced could not be taken back.
    await this.#add(1, slicer.withoutSignal(), onProgress);
  }

  *#slices(): Generator<[first: number, end: number]> {
    for (let first = 0; first < this.#rows.count; first += this.#sliceRows) {
      yield [first, Math.min(first + this.#sliceRows, this.#rows.count)];
    }
  }

  async #check(slicer: Slicer): Promise<void> {
    const seen = new Set<Id>();
    const { call, handle, rules } = this.#target;
    for (const [first, end] of this.#slices()) {
      const ids = this.#ids.slice(first, end);
      const bytes = encodeIds(ids);
      const known = call('has', handle, bytes, bytes.length);
      ids.forEach((id, i) => {
        if (seen.has(id)) known[i] = 1;
        seen.add(id);
      });
      const at = this.#replaces ? -1 : known.indexOf(1);
      if (at >= 0) throw new SimileError('duplicate_id', `id ${shown(ids[at])} is there already`);
      this.#known.set(known, first);
      checkNumbers(this.#copy(range(first, end)), first, this.#rows.dims, rules);
      await slicer.pause();
    }
  }

  /** Memory for all new rows at once: growing in steps would copy, and leave room unused. */
  #reserve(): void {
    const { call, handle } = this.#target;
    const size = new DataView(call('info', handle).buffer).getUint32(4, true);
    call('reserve', handle, size + this.#known.filter((known) => known === 0).length);
  }

  /** Adds the rows whose id is new (`known` 0) or replaces the others (`known` 1). */
  async #add(known: 0 | 1, slicer: Slicer, onProgress: ((progress: Progress) => void) | undefined): Promise<void> {
    const { call, handle } = this.#target;
    for (const [first, end] of this.#slices()) {
      const rows = range(first, end).filter((row) => this.#known[row] === known);
      if (rows.length === 0) continue;
      const ids = rows.map((row) => this.#ids[row] as Id);
      const bytes = encodeIds(ids);
      call('add', handle, bytes, bytes.length, this.#copy(rows), rows.length, this.#rows.dims, known);
      if (known === 0) this.#added.push(ids);
      this.#done += rows.length;
      onProgress?.({ loaded: this.#done, total: this.#rows.count });
      await slicer.pause();
    }
  }

  #takeBack(): void {
    const { call, handle } = this.#target;
    for (const ids of this.#added.reverse()) {
      const bytes = encodeIds(ids);
      call('remove', handle, bytes, bytes.length);
    }
  }

  #copy(rows: readonly number[]): Float32Array {
    const { dims } = this.#rows;
    const out = new Float32Array(rows.length * dims);
    rows.forEach((row, i) => {
      this.#rows.copy(row, out, i * dims);
    });
    return out;
  }
}

const range = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, i) => first + i);
