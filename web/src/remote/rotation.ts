// SPDX-License-Identifier: Apache-2.0

const rounds = 3;

/** Numbers from 0 to 2^32 - 1 that follow from a seed: a counter through the finalizer of MurmurHash3 (Appleby). @internal */
export function randomWords(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}

/**
 * A random rotation in d log d steps: three times random signs and Hadamard transforms of the first and of the last 2^m components. It
 * spreads what a few components hold over all of them, so that few bits each are enough. Only sums, and products by powers of the same
 * number: the same bits on every platform. @internal
 */
export class Rotation {
  readonly #dims: number;
  readonly #width: number;
  readonly #signs: Int8Array;

  constructor(dims: number, seed: number) {
    this.#dims = dims;
    this.#width = 1 << (31 - Math.clz32(dims));
    const random = randomWords(seed);
    this.#signs = Int8Array.from({ length: rounds * dims }, () => (random() & 1) * 2 - 1);
  }

  /** @param x - of `dims` components from position `at` @returns a vector of its own, of the same length */
  apply(x: ArrayLike<number>, at = 0): Float32Array {
    const [dims, width] = [this.#dims, this.#width];
    const out = Float64Array.from({ length: dims }, (_, i) => x[at + i] as number);
    const scale = 1 / Math.sqrt(width);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < dims; i++) out[i] = (out[i] as number) * (this.#signs[round * dims + i] as number);
      hadamard(out.subarray(0, width), scale);
      if (width < dims) hadamard(out.subarray(dims - width), scale);
    }
    return Float32Array.from(out);
  }
}

function hadamard(x: Float64Array, scale: number): void {
  for (let half = 1; half < x.length; half *= 2) {
    for (let first = 0; first < x.length; first += 2 * half) {
      for (let i = first; i < first + half; i++) {
        const [a, b] = [x[i] as number, x[i + half] as number];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) * scale;
}
