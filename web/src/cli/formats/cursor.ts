// SPDX-License-Identifier: Apache-2.0
import { truncated } from '../failure.js';

/** Numbers of a file one after the other, least byte first. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  #at = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** @throws {SimileError} `truncated_file` */
  take(count: number): Uint8Array {
    const at = this.#skip(count);
    return this.#bytes.subarray(at, at + count);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#skip(8), true);
  }

  /** A count, which is no longer exact from 2^53. */
  size(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  #skip(count: number): number {
    const at = this.#at;
    if (count > this.left)
      throw truncated(`${this.#name} has ${this.#bytes.length} bytes, and what begins at ${at} needs ${count} of them`);
    this.#at += count;
    return at;
  }
}
