// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import { RowTable } from './rows.js';
import type { SingleIndex } from './single.js';

/** The workers that an index is spread over, and which of them has which item. @internal */
export class Shards {
  readonly each: readonly SingleIndex[];
  readonly table: RowTable;

  constructor(each: readonly SingleIndex[]) {
    this.each = each;
    this.table = new RowTable(each.length);
  }

  get count(): number {
    return this.each.length;
  }

  /** What is said of the whole is kept with this one. */
  get first(): SingleIndex {
    return this.at(0);
  }

  at(which: number): SingleIndex {
    return this.each[which] as SingleIndex;
  }

  /** The one that has it; any if none has. */
  having(id: Id): SingleIndex {
    return this.at(this.table.ownerOf(id) ?? 0);
  }

  /** A number for each worker. */
  zeros(): number[] {
    return this.each.map(() => 0);
  }

  /** The ids that are there, by worker. */
  byOwner(ids: readonly Id[]): Id[][] {
    const lists = this.each.map((): Id[] => []);
    for (const id of ids) {
      const owner = this.table.ownerOf(id);
      if (owner !== undefined) lists[owner]?.push(id);
    }
    return lists;
  }

  /** The error for what looks at all items together. */
  refusal(what: string): SimileError {
    return new SimileError(
      'not_supported',
      `${what} looks at all items together: it takes an index in one worker or one memory, this has ${this.count} workers without`,
    );
  }

  terminate(): void {
    for (const shard of this.each) shard.terminate();
  }
}

/** So many workers, or none: when one fails, the others are ended. @internal */
export async function allShards(workers: number, make: (which: number) => Promise<SingleIndex>): Promise<Shards> {
  const made = await Promise.allSettled(Array.from({ length: workers }, (_, i) => make(i)));
  const shards = new Shards(made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  const failed = made.find((result) => result.status === 'rejected');
  if (failed === undefined) return shards;
  shards.terminate();
  throw failed.reason;
}
