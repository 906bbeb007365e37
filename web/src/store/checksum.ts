// SPDX-License-Identifier: Apache-2.0

const [prime1, prime2, prime3, prime4, prime5] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const;

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));
const round = (lane: number, word: number): number => Math.imul(rotl((lane + Math.imul(word, prime2)) | 0, 13), prime1);

/**
 * XXH32 (Collet, xxHash fast digest algorithm) of bytes that come in pieces. Every step is a bijection of its lane, so that one changed
 * word is always noticed. @internal
 */
export class Xxh32 {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  readonly #rest = new Uint8Array(16);
  #restLength = 0;
  #total = 0;

  constructor(seed = 0) {
    this.#seed = seed;
    this.#a = (seed + prime1 + prime2) | 0;
    this.#b = (seed + prime2) | 0;
    this.#c = seed | 0;
    this.#d = (seed - prime1) | 0;
  }

  update(bytes: Uint8Array): this {
    this.#total += bytes.length;
    let at = 0;
    if (this.#restLength > 0) {
      at = Math.min(16 - this.#restLength, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restLength);
      this.#restLength += at;
      if (this.#restLength < 16) return this;
      this.#stripes(this.#rest);
    }
    const end = at + ((bytes.length - at) & ~15);
    this.#stripes(bytes.subarray(at, end));
    this.#rest.set(bytes.subarray(end));
    this.#restLength = bytes.length - end;
    return this;
  }

  /** From 0 to 2^32 - 1. */
  digest(): number {
    const [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    let h = this.#total < 16 ? (this.#seed + prime5) | 0 : (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) | 0;
    h = (h + this.#total) | 0;
    const rest = new DataView(this.#rest.buffer, 0, this.#restLength);
    let at = 0;
    for (; at + 4 <= rest.byteLength; at += 4)
      h = Math.imul(rotl((h + Math.imul(rest.getUint32(at, true), prime3)) | 0, 17), prime4);
    for (; at < rest.byteLength; at++) h = Math.imul(rotl((h + Math.imul(rest.getUint8(at), prime5)) | 0, 11), prime1);
    h = Math.imul(h ^ (h >>> 15), prime2);
    h = Math.imul(h ^ (h >>> 13), prime3);
    return (h ^ (h >>> 16)) >>> 0;
  }

  /** @param bytes - whole stripes of 16 */
  #stripes(bytes: Uint8Array): void {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (let at = 0; at < bytes.length; at += 16) {
      a = round(a, words.getInt32(at, true));
      b = round(b, words.getInt32(at + 4, true));
      c = round(c, words.getInt32(at + 8, true));
      d = round(d, words.getInt32(at + 12, true));
    }
    [this.#a, this.#b, this.#c, this.#d] = [a, b, c, d];
  }
}

/** 64 bits: XXH32 under two seeds. @internal */
export class Checksum {
  readonly #low = new Xxh32(0);
  readonly #high = new Xxh32(prime4);

  update(bytes: Uint8Array): this {
    this.#low.update(bytes);
    this.#high.update(bytes);
    return this;
  }

  digest(): bigint {
    return (BigInt(this.#high.digest()) << 32n) | BigInt(this.#low.digest());
  }
}
