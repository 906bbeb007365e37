// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';

/** A part of a text, such as a title, that counts as if it stood there `weight` times. */
export interface TextField {
  readonly text: string;
  /** An integer from 0 to 65,535; what weighs 0 is not searched. @defaultValue 1 */
  readonly weight?: number;
}

/** What is searched as one: a string, or fields. */
export type Text = string | readonly TextField[];

const maxWeight = 65_535;
const directBytes = 1 << 16; // up to which room for the longest possible UTF-8 is taken
const encoder = /* @__PURE__ */ new TextEncoder();

/** UTF-8, in which half of a surrogate pair becomes U+FFFD, of the same length in UTF-16. @throws {SimileError} `invalid_argument` @internal */
export function utf8(text: string, what: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`${what} must be a string, not ${shown(text)}`);
  return encoder.encode(text);
}

/** Texts as the module takes them. @internal */
export class Texts {
  /** Number of texts. */
  count = 0;
  /** Of UTF-8. */
  size = 0;
  #bytes = new Uint8Array(1 << 12);
  /** Bytes and weight of every field. */
  #fields: number[] = [];
  /** Fields of every text. */
  #rows: number[] = [];

  /** @throws {SimileError} `invalid_argument`, `out_of_range`; nothing has been taken then */
  add(text: Text): void {
    const { size } = this;
    const fields = this.#fields.length;
    try {
      if (typeof text === 'string') this.#field(text, 1);
      else this.#all(text);
    } catch (error) {
      this.size = size;
      this.#fields.length = fields;
      throw error;
    }
    this.#rows.push((this.#fields.length - fields) / 2);
    this.count++;
  }

  clear(): void {
    this.count = this.size = 0;
    this.#fields = [];
    this.#rows = [];
  }

  /** The bytes of all fields, their number, and the fields. */
  fields(): [Uint8Array, number, Uint32Array, number] {
    return [this.#bytes.subarray(0, this.size), this.size, Uint32Array.from(this.#fields), this.#fields.length / 2];
  }

  rows(): [Uint32Array, number] {
    return [Uint32Array.from(this.#rows), this.#rows.length];
  }

  #all(fields: readonly TextField[]): void {
    if (!Array.isArray(fields)) throw invalid(`a text must be a string or a list of fields, not ${shown(fields)}`);
    for (const field of fields as readonly unknown[]) {
      if (typeof field !== 'object' || field === null) throw invalid(`a field must be { text, weight }, not ${shown(field)}`);
      const { text, weight = 1 } = field as TextField;
      if (typeof weight !== 'number') throw invalid(`the weight of a field must be a number, not ${shown(weight)}`);
      if (!Number.isInteger(weight) || weight < 0 || weight > maxWeight)
        throw new SimileError('out_of_range', `the weight of a field must be an integer from 0 to ${maxWeight}, not ${weight}`);
      this.#field(text, weight);
    }
  }

  #field(text: string, weight: number): void {
    if (typeof text !== 'string') throw invalid(`a text must be a string, not ${shown(text)}`);
    const isShort = 3 * text.length <= directBytes;
    const encoded = isShort ? undefined : encoder.encode(text);
    this.#reserve(encoded?.length ?? 3 * text.length);
    const rest = this.#bytes.subarray(this.size);
    if (encoded) rest.set(encoded);
    const length = encoded?.length ?? encoder.encodeInto(text, rest).written;
    this.size += length;
    this.#fields.push(length, weight);
  }

  #reserve(more: number): void {
    if (this.size + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.size + more));
    larger.set(this.#bytes.subarray(0, this.size));
    this.#bytes = larger;
  }
}
