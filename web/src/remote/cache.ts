// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { openStore, type Store, type StoreKind } from '../store/store.js';

/** What is kept of a file. @internal */
export interface Kept {
  readonly head: Uint8Array;
  readonly tag: string;
  readonly chunks: ReadonlyMap<string, Uint8Array>;
}

const version = 1;
const maxMerges = 3;

/**
 * The chunks of one address in a store: `u32` version, then the head, the tag and for each chunk its key and its bytes, each after its
 * `u32` length. @internal
 */
export class Cache {
  readonly kind: StoreKind;
  readonly #store: Store;

  private constructor(store: Store) {
    this.#store = store;
    this.kind = store.kind;
  }

  static async open(url: string | URL, backend: 'auto' | 'opfs' | 'indexeddb' | 'memory'): Promise<Cache> {
    const { href } = new URL(url, globalThis.location?.href);
    return new Cache(await openStore(`remote ${href}`, { backend }));
  }

  /** What is damaged or of another version counts as nothing. */
  async load(): Promise<Kept | undefined> {
    try {
      const bytes = await this.#store.load();
      return bytes && decode(bytes);
    } catch (error) {
      if (error instanceof SimileError && ['corrupt_file', 'unsupported_version', 'io_failure'].includes(error.code))
        return undefined;
      throw error;
    }
  }

  /**
   * Keeps these, and what another tab has kept of the same file. There may be no room for it: then what was kept before stays.
   * @returns whether it is stored
   */
  async save(kept: Kept): Promise<boolean> {
    let all = kept;
    for (let merges = 0; ; merges++) {
      try {
        await this.#store.save(encode(all), { overwrite: merges === maxMerges });
        return true;
      } catch (error) {
        if (!(error instanceof SimileError)) throw error;
        if (error.code !== 'conflict') return false;
        const other = await this.load();
        if (other && isSame(other.head, kept.head)) all = { ...kept, chunks: new Map([...other.chunks, ...kept.chunks]) };
      }
    }
  }

  close(): void {
    this.#store.close();
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

function encode({ head, tag, chunks }: Kept): Uint8Array {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const parts = [head, text(tag), ...[...chunks].flatMap(([key, bytes]) => [text(key), bytes])];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 4));
  const fields = new DataView(all.buffer);
  fields.setUint32(0, version, true);
  let at = 4;
  for (const part of parts) {
    fields.setUint32(at, part.length, true);
    all.set(part, at + 4);
    at += 4 + part.length;
  }
  return all;
}

function decode(bytes: Uint8Array): Kept | undefined {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 12 || fields.getUint32(0, true) !== version) return undefined;
  let at = 4;
  const next = (): Uint8Array => {
    const length = fields.getUint32(at, true);
    at += 4 + length;
    return bytes.slice(at - length, at);
  };
  const text = (part: Uint8Array): string => new TextDecoder().decode(part);
  const head = next();
  const tag = text(next());
  const chunks = new Map<string, Uint8Array>();
  while (at < bytes.length) {
    const key = text(next());
    chunks.set(key, next());
  }
  return { head, tag, chunks };
}
