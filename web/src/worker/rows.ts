// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../ids.js';

/** Which row an id would have in one index, and which worker holds it. Rows move as those of an index: the last one fills a gap. @internal */
export class RowTable {
  readonly ids: Id[] = [];
  /** Of each row. */
  readonly owners: number[] = [];
  readonly #rows = new Map<Id, number>();
  readonly #counts: number[];

  constructor(workers: number) {
    this.#counts = Array<number>(workers).fill(0);
  }

  get size(): number {
    return this.ids.length;
  }

  rowOf(id: Id): number | undefined {
    return this.#rows.get(id);
  }

  ownerOf(id: Id): number | undefined {
    const row = this.#rows.get(id);
    return row === undefined ? undefined : this.owners[row];
  }

  /** The worker that has the fewest items, the first of them. */
  next(planned: readonly number[]): number {
    let best = 0;
    const load = (i: number): number => (this.#counts[i] as number) + (planned[i] as number);
    for (let i = 1; i < this.#counts.length; i++) if (load(i) < load(best)) best = i;
    return best;
  }

  add(id: Id, owner: number): void {
    this.#rows.set(id, this.ids.length);
    this.ids.push(id);
    this.owners.push(owner);
    this.#counts[owner] = (this.#counts[owner] as number) + 1;
  }

  remove(id: Id): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const owner = this.owners[row] as number;
    this.#counts[owner] = (this.#counts[owner] as number) - 1;
    this.#rows.delete(id);
    const lastId = this.ids.pop() as Id;
    const lastOwner = this.owners.pop() as number;
    if (row === this.ids.length) return;
    this.ids[row] = lastId;
    this.owners[row] = lastOwner;
    this.#rows.set(lastId, row);
  }
}
