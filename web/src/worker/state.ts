// SPDX-License-Identifier: Apache-2.0
import type { Id } from '../ids.js';
import type { IndexState, Kept } from './wire.js';

/** What every form of an index in workers says of itself, from what its workers said last. @internal */
export abstract class WorkerState {
  protected abstract get known(): IndexState;
  protected abstract get kept(): Kept;
  abstract deleteMany(ids: Iterable<Id>): Promise<number>;
  abstract terminate(): void;

  get dims(): number {
    return this.known.dims;
  }
  get similarity(): IndexState['similarity'] {
    return this.known.similarity;
  }
  get codec(): IndexState['codec'] {
    return this.known.codec;
  }
  get size(): number {
    return this.known.size;
  }
  get level(): number {
    return this.known.level;
  }
  get levels(): number {
    return this.known.levels;
  }
  get byteLength(): number {
    return this.known.byteLength;
  }
  get bankSize(): number {
    return this.known.bankSize;
  }
  get metadata(): string {
    return this.kept.metadata;
  }
  get relevance(): Kept['relevance'] {
    return this.kept.relevance;
  }

  async delete(id: Id): Promise<boolean> {
    return (await this.deleteMany([id])) === 1;
  }

  dispose(): void {
    this.terminate();
  }

  [Symbol.dispose](): void {
    this.terminate();
  }
}
