// SPDX-License-Identifier: Apache-2.0

/** Bits for each component. */
export type Bits = 1 | 2 | 4;

/** The upper half of the best levels for a normal distribution; Max, Quantizing for Minimum Distortion, 1960, table I. */
const upper: Readonly<Record<Bits, readonly number[]>> = {
  1: [0.7979],
  2: [0.4528, 1.51],
  4: [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733],
};

const levelsOf = (bits: Bits): number[] => [...upper[bits].map((x) => -x).reverse(), ...upper[bits]];

/** Bytes of the codes of one vector. @internal */
export const codeBytes = (dims: number, bits: Bits): number => Math.ceil((dims * bits) / 8);

const dot = (a: Float32Array, b: Float32Array | Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/**
 * Codes of a rotated vector: the nearest of 2^bits levels for each component, the first in the lowest bits of a byte.
 * @param out - `codeBytes` bytes of zeros
 * @returns the factor of the levels that makes the inner product with the vector itself exact (EDEN, Vargaftik et al., ICML 2022);
 *   0 for a zero vector
 * @internal
 */
export function encode(x: Float32Array, bits: Bits, out: Uint8Array): number {
  const squares = dot(x, x);
  if (squares === 0) return 0;
  const levels = levelsOf(bits);
  const unit = Math.sqrt(x.length / squares);
  const perByte = 8 / bits;
  let along = 0;
  for (let i = 0; i < x.length; i++) {
    const value = (x[i] as number) * unit;
    let code = 0;
    while (code + 1 < levels.length && value > ((levels[code] as number) + (levels[code + 1] as number)) / 2) code++;
    const byte = Math.floor(i / perByte);
    out[byte] = (out[byte] as number) | (code << (bits * (i % perByte)));
    along += (x[i] as number) * (levels[code] as number);
  }
  return Math.fround(squares / along);
}

/** What {@link encode} has kept. @internal */
export function decode(codes: Uint8Array, bits: Bits, factor: number, dims: number): Float32Array {
  const levels = levelsOf(bits);
  const perByte = 8 / bits;
  const mask = levels.length - 1;
  return Float32Array.from({ length: dims }, (_, i) => {
    const byte = codes[Math.floor(i / perByte)] as number;
    return factor * (levels[(byte >> (bits * (i % perByte))) & mask] as number);
  });
}

/** Inner products of one query with the levels of many codes: a look-up and an addition for each byte. @internal */
export class Estimator {
  readonly #table: Float32Array;
  readonly #bytes: number;

  constructor(query: Float32Array, bits: Bits) {
    this.#bytes = codeBytes(query.length, bits);
    this.#table = new Float32Array(256 * this.#bytes);
    const levels = levelsOf(bits);
    const perByte = 8 / bits;
    for (let byte = 0; byte < this.#bytes; byte++) {
      const table = this.#table.subarray(256 * byte, 256 * byte + 256);
      for (let i = 0; i < perByte; i++) {
        const x = query[byte * perByte + i] ?? 0; // the last byte may have bits to spare
        for (let v = 0; v < 256; v++)
          table[v] = (table[v] as number) + x * (levels[(v >> (bits * i)) & (levels.length - 1)] as number);
      }
    }
  }

  /** @param at - where the codes of a vector begin */
  dot(codes: Uint8Array, at: number): number {
    let sum = 0;
    for (let byte = 0, cell = 0; byte < this.#bytes; byte++, cell += 256) {
      sum += this.#table[cell + (codes[at + byte] as number)] as number;
    }
    return sum;
  }
}

/** A vector in full, as it is told to the user. */
export interface FullCode {
  /** Bytes of a vector of so many dims. */
  bytes(dims: number): number;
  write(x: Float32Array, out: DataView, at: number): void;
  /** The inner product with a query. */
  dot(query: Float32Array, from: DataView, at: number): number;
}

const int8: FullCode = {
  bytes: (dims) => 4 + dims,
  write(x, out, at) {
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let along = 0;
    for (let i = 0; i < x.length; i++) {
      const code = largest === 0 ? 0 : Math.floor(((x[i] as number) * 127) / largest + 0.5);
      out.setInt8(at + 4 + i, code);
      along += (x[i] as number) * code;
    }
    // With this factor a vector's score with itself is exact.
    out.setFloat32(at, along === 0 ? 0 : dot(x, x) / along, true);
  },
  dot(query, from, at) {
    let sum = 0;
    for (let i = 0; i < query.length; i++) sum += (query[i] as number) * from.getInt8(at + 4 + i);
    return sum * from.getFloat32(at, true);
  },
};

const f32: FullCode = {
  bytes: (dims) => 4 * dims,
  write(x, out, at) {
    for (let i = 0; i < x.length; i++) out.setFloat32(at + 4 * i, x[i] as number, true);
  },
  dot(query, from, at) {
    let sum = 0;
    for (let i = 0; i < query.length; i++) sum += (query[i] as number) * from.getFloat32(at + 4 * i, true);
    return sum;
  },
};

/** @internal */
export const fullCodes = { int8, f32 } as const;
