// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { LoadOptions } from '../loader.js';
import { checkSignal } from '../slices.js';
import { locked } from '../store/locks.js';
import { type OpenOptions, openStore, type SaveOptions, type Store, type StoreChange, type StoreKind } from '../store/store.js';
import { Turns } from '../turns.js';
import { Collection, type CollectionOptions } from './collection.js';
import type { Change } from './contents.js';
import { decodeJournal, encodeJournal, sizeOf } from './journal.js';
import type { AnyDoc, Doc } from './schema.js';

/** Options of {@link openCollection}. */
export interface OpenCollectionOptions extends CollectionOptions, OpenOptions, Omit<LoadOptions, 'onProgress'> {}

/** What stands under a name: a whole file, and what has changed since. */
interface Manifest {
  readonly format: 'simile saved collection';
  readonly version: 1;
  /** Tells two saves of the same generation apart. */
  readonly stamp: string;
  /** The numbers of the parts: the file, then the journals in order. */
  readonly parts: readonly number[];
  /** Bytes of the parts. */
  readonly sizes: readonly number[];
  /** Parts of the save before that this one does not use: they go with the next save, so that the save before can still be taken up. */
  readonly unused: readonly number[];
}

/** Another save may take away parts while they are read; that often in a row it is another fault. */
const attempts = 5;
/** Of a file: journals larger than that in all are made one with it. */
const journalShare = 1 / 4;
const leastJournal = 1 << 20; // bytes
const mostJournals = 32;

/**
 * Opens the collection of a name, for this origin: what was saved, or an empty one. It outlives the page where there is OPFS or IndexedDB;
 * `kind` says where it is.
 *
 * @param name - any string; other strings are other collections
 * @throws {SimileError} `invalid_argument` (also when the stored collection has another schema or model), `not_supported`, `corrupt_file`,
 *   `unsupported_version`, `io_failure`, `cancelled`, and as `Collection.create` and `Collection.fromBytes`
 * @example
 * const notes = await openCollection('notes', { schema: { text: 'text' }, embedder });
 * await notes.collection.add({ id: 1, text: 'The ferry leaves at nine.' });
 * await notes.save();
 */
export async function openCollection<D extends AnyDoc = Doc>(
  name: string,
  options: OpenCollectionOptions,
): Promise<SavedCollection<D>> {
  const backend = options.backend ?? 'auto';
  const manifests = await openStore(name, { backend });
  try {
    return await SavedCollection.open<D>(name, manifests, options);
  } catch (error) {
    manifests.close();
    throw error;
  }
}

/**
 * A collection and its place. Made by {@link openCollection}.
 *
 * `save()` writes what has changed; now and then the whole, when there is much of it. Until a save has ended, the save before counts,
 * whatever happens to the page or the browser.
 */
export class SavedCollection<D extends AnyDoc = Doc> implements Disposable {
  readonly #name: string;
  readonly #manifests: Store;
  readonly #options: OpenCollectionOptions;
  #collection: Collection<D>;
  /** What is stored, as far as this one knows. */
  #known: Manifest | undefined;
  /** Changes that are not saved; undefined when the whole has to be. */
  #changes: Change[] | undefined = [];
  #changedBytes = 0;
  /** What a journal does not hold: the correction for hubs and the model of relevance. */
  #meaning = '';
  readonly #turns = new Turns();
  #isClosed = false;

  private constructor(name: string, manifests: Store, options: OpenCollectionOptions, collection: Collection<D>) {
    this.#name = name;
    this.#manifests = manifests;
    this.#options = options;
    this.#collection = collection;
  }

  /** @internal */
  static async open<D extends AnyDoc>(
    name: string,
    manifests: Store,
    options: OpenCollectionOptions,
  ): Promise<SavedCollection<D>> {
    // Also refuses options that are wrong, whatever is stored.
    const empty = await Collection.create<D>(options);
    const saved = new SavedCollection<D>(name, manifests, options, empty);
    try {
      await saved.reload(options.signal ? { signal: options.signal } : {});
      return saved;
    } catch (error) {
      saved.#collection.dispose();
      throw error;
    }
  }

  /** The collection; another object after `reload()`. */
  get collection(): Collection<D> {
    return this.#collection;
  }

  /** Where it is kept. `memory` is gone with the page. */
  get kind(): StoreKind {
    return this.#manifests.kind;
  }

  /** The number of the save that this one knows; undefined if there was none. */
  get generation(): number | undefined {
    return this.#known && this.#manifests.generation;
  }

  /** Whether there is anything that `save()` would write. */
  get hasChanges(): boolean {
    return this.#changes === undefined || this.#changes.length > 0 || (!this.#isClosed && this.#meaning !== this.#meaningNow());
  }

  /**
   * Stores what has changed. Once the promise has resolved it is there; if it rejects, what was there before is.
   * @throws {SimileError} `conflict` if another tab has saved or deleted since this one was opened, loaded or saved: `reload()` and make the
   *   changes again, or save with `overwrite: true`; `quota_exceeded`, `io_failure`, `cancelled`, `disposed`
   */
  save(options: SaveOptions = {}): Promise<void> {
    return this.#turns.take(async () => {
      checkSignal(options.signal, 'save()');
      if (!this.hasChanges && this.#known) return;
      await this.#locked('exclusive', options.signal, () => this.#save(options));
    });
  }

  /**
   * Takes what is stored now, as after a save of another tab; changes that are not saved are lost, and the collection before is disposed of.
   * @throws {SimileError} `corrupt_file`, `unsupported_version`, `invalid_argument`, `io_failure`, `cancelled`, `disposed`; the collection stays as it is then
   */
  reload({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#turns.take(async () => {
      const { manifest, collection } = await this.#load(signal);
      const before = this.#collection;
      before.listen(undefined);
      this.#collection = collection;
      this.#known = manifest;
      this.#settle();
      before.dispose();
    });
  }

  /** Removes everything under this name, whoever saved it. The collection in memory stays. @throws {SimileError} `io_failure`, `disposed` */
  delete(): Promise<void> {
    return this.#turns.take(() =>
      this.#locked('exclusive', undefined, async () => {
        const manifest = await this.#manifest(undefined).catch(() => undefined);
        await this.#manifests.delete();
        await this.#forget([...(manifest?.parts ?? []), ...(manifest?.unused ?? []), nextPart(manifest)]);
        this.#known = undefined;
        this.#changes = undefined;
      }),
    );
  }

  /** Calls the listener after every save and delete by another tab or worker. @returns a function that ends it */
  onChange(listener: (change: StoreChange) => void): () => void {
    return this.#manifests.onChange(listener);
  }

  /** Frees the collection and ends the notices; what is stored stays. A second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#collection.listen(undefined);
    this.#collection.dispose();
    this.#manifests.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #locked<T>(mode: 'shared' | 'exclusive', signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const isShared = this.kind !== 'memory';
    return locked(
      `simile-collection:${isShared ? this.kind.replace('-sync', '') : 'memory'}:${this.#name}`,
      mode,
      { signal, isShared },
      work,
    );
  }

  #partStore(part: number): Promise<Store> {
    const backend = this.kind === 'opfs-sync' ? 'opfs' : this.kind;
    return openStore(`${this.#name}\u0000part ${part}`, { backend });
  }

  #meaningNow(): string {
    const { vectors } = this.#collection;
    return vectors ? JSON.stringify([vectors.bankSize, vectors.relevance]) : '';
  }

  /** From now on, what is in memory is what is stored. */
  #settle(): void {
    this.#changes = [];
    this.#changedBytes = 0;
    this.#meaning = this.#meaningNow();
    this.#collection.listen((change) => this.#note(change));
  }

  #note(change: Change): void {
    if (!this.#changes) return;
    this.#changes.push(change);
    this.#changedBytes += sizeOf(change);
    // Beyond that the whole is written, and the vectors need not be kept.
    if (this.#changedBytes > this.#roomForJournals()) this.#changes = undefined;
  }

  #roomForJournals(): number {
    return Math.max(leastJournal, (this.#known?.sizes[0] ?? 0) * journalShare);
  }

  async #manifest(signal: AbortSignal | undefined): Promise<Manifest | undefined> {
    const bytes = await this.#manifests.load(signal ? { signal } : {});
    if (!bytes) return undefined;
    const manifest = manifestOf(bytes);
    if (manifest?.format !== 'simile saved collection')
      throw new SimileError('invalid_argument', 'what is stored under this name is no collection: open it with openStore()');
    if (manifest.version !== 1)
      throw new SimileError(
        'unsupported_version',
        `the saved collection is of version ${manifest.version}, this package knows 1`,
      );
    return manifest;
  }

  async #load(signal: AbortSignal | undefined): Promise<{ manifest: Manifest | undefined; collection: Collection<D> }> {
    let cause: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const manifest = await this.#manifest(signal);
      if (!manifest) return { manifest, collection: await Collection.create<D>(this.#options) };
      const parts: Uint8Array[] = [];
      for (const part of manifest.parts) {
        const store = await this.#partStore(part);
        const bytes = await store.load(signal ? { signal } : {}).finally(() => store.close());
        if (bytes) parts.push(bytes);
      }
      if (parts.length === manifest.parts.length) return { manifest, collection: await this.#collectionOf(parts) };
      cause = new SimileError(
        'corrupt_file',
        `${manifest.parts.length - parts.length} of ${manifest.parts.length} parts of the saved collection are gone`,
      );
    }
    throw cause;
  }

  async #collectionOf([file, ...journals]: readonly Uint8Array[]): Promise<Collection<D>> {
    const { schema, backend: _, ...options } = this.#options;
    const collection = await Collection.fromBytes<D>(file as Uint8Array, options);
    try {
      if (JSON.stringify(collection.schema) !== JSON.stringify(schema))
        throw new SimileError(
          'invalid_argument',
          `the stored collection has the schema ${JSON.stringify(collection.schema)}: open it with that, or delete it`,
        );
      for (const journal of journals) for (const change of decodeJournal(journal)) await collection.replay(change);
      return collection;
    } catch (error) {
      collection.dispose();
      throw error;
    }
  }

  /** Under the lock: nobody else writes parts or the manifest. */
  async #save({ signal, overwrite = false }: SaveOptions): Promise<void> {
    const now = await this.#manifest(signal);
    const isOurs = now?.stamp === this.#known?.stamp;
    if (!isOurs && !overwrite) {
      const message = 'another tab has saved since: reload() and make the changes again, or save with overwrite: true';
      throw new SimileError('conflict', message);
    }
    const isJournal = isOurs && now !== undefined && this.#fitsJournal(now);
    const changes = this.#changes;
    const meaning = this.#meaningNow();
    const begun = (): void => {
      this.#changes = [];
      this.#changedBytes = 0;
    };
    let bytes: Uint8Array;
    if (isJournal) {
      bytes = encodeJournal(changes ?? []);
      begun();
    } else {
      bytes = await this.#collection.fileWith(begun);
    }
    try {
      const part = nextPart(now);
      const parts = isJournal ? [...now.parts, part] : [part];
      const sizes = isJournal ? [...now.sizes, bytes.length] : [bytes.length];
      const unused = isJournal ? [] : [...(now?.parts ?? [])];
      const manifest: Manifest = {
        format: 'simile saved collection',
        version: 1,
        stamp: crypto.randomUUID(),
        parts,
        sizes,
        unused,
      };
      const store = await this.#partStore(part);
      await store.save(bytes, { overwrite: true, ...(signal ? { signal } : {}) }).finally(() => store.close());
      const text = new TextEncoder().encode(JSON.stringify(manifest));
      await this.#manifests.save(text, { overwrite: true, ...(signal ? { signal } : {}) });
      this.#known = manifest;
      this.#meaning = meaning;
      await this.#forget(now?.unused ?? []).catch(() => {}); // room, not contents
    } catch (error) {
      // What was to be saved still is.
      const since = this.#changes;
      this.#changes = isJournal && changes && since ? [...changes, ...since] : undefined;
      this.#changedBytes = this.#changes?.reduce((sum, change) => sum + sizeOf(change), 0) ?? 0;
      throw error;
    }
  }

  #fitsJournal({ sizes }: Manifest): boolean {
    if (!this.#changes || this.#meaning !== this.#meaningNow() || sizes.length > mostJournals) return false;
    const journals = sizes.slice(1).reduce((sum, size) => sum + size, this.#changedBytes);
    return journals <= this.#roomForJournals();
  }

  async #forget(parts: readonly number[]): Promise<void> {
    for (const part of parts) {
      const store = await this.#partStore(part);
      await store.delete().finally(() => store.close());
    }
  }
}

/** The number of the part that the next save writes; one that was killed in the middle has left it half. */
const nextPart = (manifest: Manifest | undefined): number =>
  1 + Math.max(-1, ...(manifest?.parts ?? []), ...(manifest?.unused ?? []));

function manifestOf(bytes: Uint8Array): Manifest | undefined {
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as Manifest | null) ?? undefined;
  } catch {
    return undefined;
  }
}
