// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal, Slicer } from '../slices.js';
import { Checksum } from './checksum.js';
import { checkQuota, storageError } from './failures.js';
import { decodeHeader, encodeHeader, type Header, headerBytes } from './header.js';
import { indexedDbSlots } from './indexeddb.js';
import { type LockMode, locked } from './locks.js';
import { memorySlots } from './memory.js';
import { encodeName } from './names.js';
import { opfsSlots } from './opfs.js';
import type { Slot, Slots, StoreKind } from './slots.js';

export type { StoreKind } from './slots.js';

/** Options of {@link openStore}. */
export interface OpenOptions {
  /**
   * `auto` takes the first that works of: the origin private file system, IndexedDB, memory.
   * @defaultValue 'auto'
   */
  readonly backend?: 'auto' | 'opfs' | 'indexeddb' | 'memory';
}

/** Options of {@link Store.save}. */
export interface SaveOptions {
  /** Stops the save; until it is published the generation before stays. */
  readonly signal?: AbortSignal;
  /**
   * Save also over what another tab has saved since.
   * @defaultValue false
   */
  readonly overwrite?: boolean;
}

/** What another tab, worker or store of the same name did. */
export interface StoreChange {
  /** The number of the save; undefined after a `delete()`. */
  readonly generation: number | undefined;
}

/** What can be saved: bytes, or something that gives them, such as an `Index`. */
export type Saveable = Uint8Array | ArrayBuffer | { toBytes(): Uint8Array };

// Bytes: copied, hashed and written in less than 5 ms.
const pieceBytes = 1 << 20;
const slotNumbers = [0, 1] as const;
// Memory is not shared between pages and workers, and neither are its locks and its notices.
const realm = /* @__PURE__ */ (() => `memory-${Math.random().toString(36).slice(2)}`)();

type Whole = Header & { readonly slot: Slot };

/**
 * Opens the place of a name, for this origin. It holds one file, such as that of an `Index`, in two slots: a save goes to the older slot and
 * counts when its last byte, its header, is stored. Whatever happens in between, the generation before is whole.
 *
 * @param name - any string; other strings are other places
 * @throws {SimileError} `invalid_argument`; `not_supported` if the backend that you asked for is not there; with `auto` there is always
 *   memory, and `kind` says so
 */
export async function openStore(name: string, options: OpenOptions = {}): Promise<Store> {
  const key = encodeName(name);
  const { backend = 'auto' } = options;
  const places = { opfs: opfsSlots, indexeddb: indexedDbSlots, memory: memorySlots };
  if (backend !== 'auto' && !Object.hasOwn(places, backend)) {
    throw new SimileError('invalid_argument', `the backend is auto, opfs, indexeddb or memory, not ${String(backend)}`);
  }
  let cause: unknown;
  for (const place of backend === 'auto' ? (['opfs', 'indexeddb', 'memory'] as const) : [backend]) {
    try {
      const slots = await places[place](key);
      if (slots) return await Store.open(key, place === 'memory' ? realm : place, slots);
    } catch (error) {
      // A private window, blocked storage, a sandboxed frame: each browser has its own error for that.
      if (error instanceof SimileError && error.code === 'unsupported_version') throw error;
      cause = error;
    }
  }
  throw new SimileError('not_supported', `there is no ${backend} here: take backend 'auto'`, { cause });
}

/** Bytes under a name that outlive the page. Made by {@link openStore}. */
export class Store implements Disposable {
  /** Where the bytes are. `memory` is gone with the page. */
  readonly kind: StoreKind;
  readonly #lockName: string;
  readonly #slots: Slots;
  readonly #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  /** The save that this store knows: the one it found, loaded or made. */
  #known: Header | undefined;
  /** The stamp of a save that this store has read or written as a whole. */
  #verified: bigint | undefined;
  #recovered = false;
  #isClosed = false;

  private constructor(lockName: string, slots: Slots) {
    this.kind = slots.kind;
    this.#lockName = lockName;
    this.#slots = slots;
    if (typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(lockName);
    this.#channel.onmessage = ({ data }: MessageEvent<StoreChange>) => {
      for (const listener of this.#listeners) listener(data);
    };
    // In Node a channel would keep the program running.
    (this.#channel as { unref?: () => void }).unref?.();
  }

  /** @internal */
  static async open(key: string, family: string, slots: Slots): Promise<Store> {
    const store = new Store(`simile-store:${family}:${key}`, slots);
    try {
      store.#known = await store.#locked('shared', undefined, async () => (await store.#heads()).wholes[0]);
      return store;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** The number of the save that this store found, loaded or made last; undefined if there was none. */
  get generation(): number | undefined {
    return this.#known && Number(this.#known.generation);
  }

  /** Whether the last `load()` had to take an older generation, because a newer one was damaged. */
  get recovered(): boolean {
    return this.#recovered;
  }

  /**
   * The newest generation that is whole: all of its bytes are compared with its checksum.
   *
   * @returns undefined if nothing is stored
   * @throws {SimileError} `corrupt_file` if all that is stored is damaged: `save()` or `delete()` makes an end of that; `unsupported_version`,
   *   `io_failure`, `cancelled`, `disposed`
   */
  load({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Uint8Array | undefined> {
    return this.#guarded('load()', signal, () =>
      this.#locked('shared', signal, async () => {
        const { wholes, damaged } = await this.#heads();
        let isDamaged = damaged > 0;
        for (const header of wholes) {
          const bytes = await this.#verifiedBody(header, signal);
          if (bytes) {
            this.#know(header);
            this.#recovered = isDamaged;
            return bytes;
          }
          isDamaged = true;
        }
        this.#known = undefined;
        this.#recovered = false;
        if (isDamaged) {
          throw new SimileError('corrupt_file', 'everything stored under this name is damaged: save() it anew, or delete() it');
        }
        return undefined;
      }),
    );
  }

  /**
   * Stores the bytes as the next generation. Once the promise has resolved they are there, whatever happens to the page or the browser; if it
   * rejects, the generation before is there. Bytes that change meanwhile are stored as they were read.
   *
   * @throws {SimileError} `conflict` if another tab has saved or deleted since this store was opened, loaded or saved: `load()`, merge and
   *   save again, or save with `overwrite: true`; `quota_exceeded` if there is no room; `invalid_argument`, `unsupported_version`, `io_failure`,
   *   `cancelled`, `disposed`
   */
  save(source: Saveable, { signal, overwrite = false }: SaveOptions = {}): Promise<void> {
    return this.#guarded('save()', signal, async () => {
      const bytes = bytesOf(source);
      await this.#locked('exclusive', signal, async () => {
        const newest = await this.#newest(signal);
        if (!overwrite && newest?.stamp !== this.#known?.stamp) throw conflict(this.#known, newest);
        await this.#write(bytes, newest, signal);
      });
      this.#announce({ generation: this.generation });
    });
  }

  /** Removes everything under this name, whoever saved it. @throws {SimileError} `io_failure`, `disposed` */
  delete(): Promise<void> {
    return this.#guarded('delete()', undefined, async () => {
      await this.#locked('exclusive', undefined, async () => {
        const newest = (await this.#heads().catch(() => undefined))?.wholes[0]?.slot ?? 0;
        // The older one first: what is left if this is interrupted is the newest, not the one before.
        await this.#slots.remove(other(newest));
        await this.#slots.remove(newest);
      });
      this.#known = undefined;
      this.#announce({ generation: undefined });
    });
  }

  /**
   * Asks the browser to keep what this origin stores, also when room is short or (Safari) nobody has come for a week. It may ask the person,
   * so call it after a gesture that shows a wish to keep something.
   *
   * @returns whether it is kept; false where there is no such thing, for `memory`, and when it is refused
   * @throws {SimileError} `disposed`
   */
  async persist(): Promise<boolean> {
    this.#live();
    const { storage } = globalThis.navigator ?? {};
    if (this.kind === 'memory' || typeof storage?.persist !== 'function') return false;
    try {
      return (await storage.persisted()) || (await storage.persist());
    } catch {
      return false;
    }
  }

  /**
   * Calls the listener after every `save()` and `delete()` of the same name by another tab, worker or store of the same kind of place.
   * The news may come before or after you see the change otherwise: `load()` gives the newest.
   *
   * @returns a function that ends it
   */
  onChange(listener: (change: StoreChange) => void): () => void {
    this.#live();
    const own = (change: StoreChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Ends the notices and frees what the store holds; what is stored stays. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    this.#channel?.close();
    this.#slots.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #announce(change: StoreChange): void {
    // Closed while it was saving: the save counts all the same.
    if (!this.#isClosed) this.#channel?.postMessage(change);
  }

  #live(): void {
    if (this.#isClosed) throw new SimileError('disposed', 'this store was closed');
  }

  async #guarded<T>(doing: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    this.#live();
    try {
      checkSignal(signal, doing);
      return await work();
    } catch (error) {
      throw storageError(error, doing, signal);
    }
  }

  #locked<T>(mode: LockMode, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return locked(this.#lockName, mode, { signal, isShared: this.kind !== 'memory' }, work);
  }

  #know({ generation, length, stamp, checksum }: Header): void {
    this.#known = { generation, length, stamp, checksum };
    this.#verified = stamp;
  }

  /** The slots whose headers are whole, the newest first, and how many others there are that a save has begun and not ended well. */
  async #heads(): Promise<{ wholes: Whole[]; damaged: number }> {
    const wholes: Whole[] = [];
    let damaged = 0;
    for (const slot of slotNumbers) {
      const head = await this.#slots.head(slot);
      if (!head) continue;
      const header = decodeHeader(head.header);
      if (header && header.length === head.length) wholes.push({ ...header, slot });
      // A save that ended before its header left none, or zeros.
      else if (head.header.some((byte) => byte !== 0)) damaged++;
    }
    wholes.sort((a, b) => (a.generation < b.generation ? 1 : -1));
    return { wholes, damaged };
  }

  /** The bytes of a slot if they are those that its header tells of. */
  async #verifiedBody(header: Whole, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const bytes = await this.#slots.body(header.slot);
    const slicer = new Slicer(signal, 'load()');
    const checksum = new Checksum();
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      checksum.update(bytes.subarray(at, at + pieceBytes));
      await slicer.pause();
    }
    return bytes.length === header.length && checksum.digest() === header.checksum ? bytes : undefined;
  }

  /** The newest slot that is whole to its last byte: the one that a save must not touch. */
  async #newest(signal: AbortSignal | undefined): Promise<Whole | undefined> {
    for (const header of (await this.#heads()).wholes)
      if (header.stamp === this.#verified || (await this.#verifiedBody(header, signal))) return header;
    return undefined;
  }

  /** Under the lock: into the slot that is not the newest. */
  async #write(bytes: Uint8Array, newest: Whole | undefined, signal: AbortSignal | undefined): Promise<void> {
    const slot = newest ? other(newest.slot) : 0;
    const isInPlace = this.kind !== 'opfs';
    if (this.kind !== 'memory') {
      await checkQuota(headerBytes + bytes.length, isInPlace ? ((await this.#slots.head(slot))?.length ?? 0) : 0);
    }
    const slicer = new Slicer(signal, 'save()');
    const writer = await this.#slots.write(slot);
    try {
      const checksum = new Checksum();
      const { length } = bytes;
      for (let at = 0; at < length; at += pieceBytes) {
        const piece = bytes.slice(at, Math.min(length, at + pieceBytes));
        if (piece.length !== Math.min(pieceBytes, length - at))
          throw new SimileError('invalid_argument', 'the bytes were taken away');
        checksum.update(piece);
        await writer.append(piece);
        await slicer.pause();
      }
      const generation = (newest?.generation ?? 0n) + 1n;
      const header = { generation, length, stamp: randomStamp(), checksum: checksum.digest() };
      await writer.publish(encodeHeader(header));
      this.#know(header);
    } catch (error) {
      await writer.abort().catch(() => {});
      throw error;
    }
  }
}

const other = (slot: Slot): Slot => (slot === 0 ? 1 : 0);

const randomStamp = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;

const named = (header: Header | undefined): string => (header ? `generation ${header.generation}` : 'nothing');

const conflict = (known: Header | undefined, newest: Header | undefined): SimileError =>
  new SimileError(
    'conflict',
    `there is ${named(newest)} under this name, and this store knows of ${named(known)}: load(), merge and save() again, or save with overwrite: true`,
  );

function bytesOf(source: Saveable): Uint8Array {
  const given =
    typeof (source as { toBytes?: unknown })?.toBytes === 'function' ? (source as { toBytes(): Uint8Array }).toBytes() : source;
  if (ArrayBuffer.isView(given)) {
    if (Object.prototype.toString.call(given) === '[object Uint8Array]') return given as Uint8Array;
  } else if (Object.prototype.toString.call(given) === '[object ArrayBuffer]') {
    return new Uint8Array(given as ArrayBuffer);
  }
  throw new SimileError('invalid_argument', 'save() takes a Uint8Array, an ArrayBuffer or an index');
}
