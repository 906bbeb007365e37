// SPDX-License-Identifier: Apache-2.0

/** SplitMix64, the generator of the core's own tests; Steele, Lea, Flood, 2014. */
export class SplitMix64 {
  #state;

  constructor(seed) {
    this.#state = BigInt(seed);
  }

  next() {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  /** In [0, 1), a multiple of 2^-24: the same as float and as double. */
  unit() {
    return Number(this.next() >> 40n) / 2 ** 24;
  }

  below(n) {
    return Math.floor(this.unit() * n);
  }
}

/** `rows` vectors in [-1, 1)^dims in one array. */
export function vectors(rows, dims, seed) {
  const random = new SplitMix64(seed);
  return Float32Array.from({ length: rows * dims }, () => 2 * random.unit() - 1);
}
