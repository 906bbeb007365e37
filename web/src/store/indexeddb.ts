// SPDX-License-Identifier: Apache-2.0
import { joined } from './memory.js';
import type { Slot, SlotHead, Slots, SlotWriter } from './slots.js';

const table = 'slots';

// Keys: [name, slot, 'header'] and [name, slot, 0], [name, slot, 1] … for the pieces; numbers come before texts.
const pieces = (key: string, slot: Slot): IDBKeyRange => IDBKeyRange.bound([key, slot, 0], [key, slot, Number.POSITIVE_INFINITY]);
const everything = (key: string, slot: Slot): IDBKeyRange => IDBKeyRange.bound([key, slot], [key, slot, []]);

const failure = (error: DOMException | null): DOMException =>
  error ?? new DOMException('the transaction was ended', 'AbortError');

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('simile', 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(table);
    request.onerror = () => reject(failure(request.error));
    request.onsuccess = () => resolve(request.result);
  });
}

/** Two groups of records in the database `simile`; undefined where there is no IndexedDB. @internal */
export async function indexedDbSlots(key: string): Promise<Slots | undefined> {
  if (typeof indexedDB === 'undefined' || indexedDB === null) return undefined;
  return new IndexedDbSlots(key, await opened());
}

class IndexedDbSlots implements Slots {
  readonly kind = 'indexeddb';
  readonly #key: string;
  readonly #database: IDBDatabase;
  readonly #running = new Set<IDBTransaction>();
  #isLeft = false;

  constructor(key: string, database: IDBDatabase) {
    this.#key = key;
    this.#database = database;
    // Otherwise a newer version of the package in another tab would wait for this tab to be closed.
    database.onversionchange = () => database.close();
    // WebKit keeps a page that is left for going back, and what runs in it then would hold up all pages of this origin.
    globalThis.addEventListener?.('pagehide', this.#leave);
    globalThis.addEventListener?.('pageshow', this.#come);
  }

  readonly #leave = (): void => {
    this.#isLeft = true;
    for (const transaction of this.#running) {
      try {
        transaction.abort();
      } catch {
        // It is about to complete.
      }
    }
  };

  readonly #come = (): void => {
    this.#isLeft = false;
  };

  async head(slot: Slot): Promise<SlotHead | undefined> {
    const header = (await this.#read((records) => records.get([this.#key, slot, 'header']))) as Uint8Array | undefined;
    const sizes = (await this.#read((records) => records.getAll([this.#key, slot, 'length']))) as number[];
    return header && { header, length: sizes[0] ?? 0 };
  }

  async body(slot: Slot): Promise<Uint8Array> {
    // One piece after another: all of them at once would hold up the page.
    const keys = (await this.#read((records) => records.getAllKeys(pieces(this.#key, slot)))) as IDBValidKey[];
    const found: Uint8Array[] = [];
    for (const key of keys) found.push((await this.#read((records) => records.get(key))) as Uint8Array);
    return joined(found);
  }

  async write(slot: Slot): Promise<SlotWriter> {
    await this.remove(slot);
    let count = 0;
    let length = 0;
    return {
      append: (piece) => {
        length += piece.length;
        return this.#change('relaxed', (records) => records.put(piece, [this.#key, slot, count++]));
      },
      // Chromium's own choice is relaxed: then a crash of the system may lose what was acknowledged.
      publish: (header) =>
        this.#change('strict', (records) => {
          records.put(length, [this.#key, slot, 'length']);
          records.put(header, [this.#key, slot, 'header']);
        }),
      abort: () => this.remove(slot),
    };
  }

  remove(slot: Slot): Promise<void> {
    return this.#change('strict', (records) => records.delete(everything(this.#key, slot)));
  }

  close(): void {
    globalThis.removeEventListener?.('pagehide', this.#leave);
    globalThis.removeEventListener?.('pageshow', this.#come);
    this.#database.close();
  }

  #begin(mode: IDBTransactionMode, options?: IDBTransactionOptions): IDBTransaction {
    if (this.#isLeft) throw failure(null);
    const transaction = this.#database.transaction(table, mode, options);
    this.#running.add(transaction);
    for (const end of ['complete', 'abort']) transaction.addEventListener(end, () => this.#running.delete(transaction));
    return transaction;
  }

  #read(work: (records: IDBObjectStore) => IDBRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = work(this.#begin('readonly').objectStore(table));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(failure(request.error));
    });
  }

  #change(durability: IDBTransactionDurability, work: (records: IDBObjectStore) => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = this.#begin('readwrite', { durability });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(failure(transaction.error));
      work(transaction.objectStore(table));
    });
  }
}
