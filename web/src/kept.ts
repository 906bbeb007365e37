// SPDX-License-Identifier: Apache-2.0
import { Download, type RequestOptions } from './download.js';
import { invalid, SimileError, shown } from './errors.js';
import { checkSignal } from './slices.js';
import type { Store } from './store/store.js';

/** Where files are kept for later visits; `auto` is the first that works of the origin private file system, IndexedDB, memory. */
export type CacheChoice = 'auto' | 'opfs' | 'indexeddb' | 'memory' | false;

interface Kept {
  /** ETag, or else Last-Modified; never empty. */
  readonly tag: string;
  /** Whether the tag may be sent back: other origins seldom allow it, and then refuse the request. */
  readonly isAskable: boolean;
  readonly isComplete: boolean;
  readonly bytes: Uint8Array;
}

const choices = ['auto', 'opfs', 'indexeddb', 'memory'];
const version = 1;
const fixedBytes = 8; // version, flags, and the length of the tag
const firstSave = 1 << 20; // bytes; what has arrived is kept then, and whenever it has doubled

const tagOf = ({ headers }: Response): string => headers.get('etag') ?? headers.get('last-modified') ?? '';

/** A file that is on its way, or was here before. Takes the place of a {@link Download}. @internal */
export class KeptDownload {
  readonly #url: string | URL;
  readonly #options: RequestOptions;
  readonly #signal: AbortSignal;
  readonly #store: Store;
  #kept: Kept | undefined;
  #download: Download | undefined;
  #tag = '';
  #isAskable = true;

  private constructor(url: string | URL, options: RequestOptions, signal: AbortSignal, store: Store) {
    this.#url = url;
    this.#options = options;
    this.#signal = signal;
    this.#store = store;
  }

  static async open(
    url: string | URL,
    options: RequestOptions,
    signal: AbortSignal,
    backend: Exclude<CacheChoice, false>,
  ): Promise<KeptDownload> {
    if (!choices.includes(backend)) throw invalid(`cache must be one of ${choices.join(', ')} or false, not ${shown(backend)}`);
    const { openStore } = await import('./store/store.js');
    const { href } = new URL(url, globalThis.location?.href);
    return new KeptDownload(url, options, signal, await openStore(`file ${href}`, { backend }));
  }

  /** @returns the length of the file, if it is known */
  async begin(): Promise<number | undefined> {
    this.#kept = decode(await this.#store.load().catch(() => undefined));
    const response = await this.#ask(this.#kept);
    if (!response) return this.#kept?.bytes.length;
    if (response.status !== 206) this.#kept = undefined;
    this.#tag = tagOf(response);
    this.#isAskable = response.type !== 'cors';
    const received = this.#kept?.bytes.length ?? 0;
    this.#download = new Download(this.#url, this.#options, this.#signal, { response, received });
    return this.#download.begin();
  }

  /** The bytes, in order. What was taken to the end is kept; what the taker refuses is forgotten. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const pieces: Uint8Array[] = this.#kept ? [this.#kept.bytes] : [];
    let size = this.#kept?.bytes.length ?? 0;
    let nextSave = Math.max(firstSave, 2 * size);
    let hasEnded = false;
    try {
      yield* pieces;
      if (!this.#download) {
        hasEnded = true;
        return;
      }
      for await (const piece of this.#download.pieces()) {
        pieces.push(piece.slice());
        size += piece.length;
        yield piece;
        if (size < nextSave) continue;
        nextSave = 2 * size;
        await this.#keep(pieces, false);
      }
      hasEnded = true;
      await this.#keep(pieces, true);
    } catch (error) {
      hasEnded = true;
      await this.#keep(pieces, false);
      throw error;
    } finally {
      if (!hasEnded) await (this.#signal.aborted ? this.#keep(pieces, false) : this.#store.delete().catch(() => {}));
      this.#store.close();
    }
  }

  /** Frees what is held if `pieces` was never asked for. */
  close(): void {
    this.#store.close();
  }

  /** @returns undefined where the file that is kept is the one to take */
  async #ask(kept: Kept | undefined): Promise<Response | undefined> {
    const headers = new Headers(this.#options.headers);
    if (kept && !kept.isComplete) {
      headers.set('Range', `bytes=${kept.bytes.length}-`);
      headers.set('If-Range', kept.tag);
    } else if (kept?.isAskable) {
      headers.set(/^(W\/)?"/.test(kept.tag) ? 'If-None-Match' : 'If-Modified-Since', kept.tag);
    }
    const get = this.#options.fetch ?? fetch;
    let response: Response;
    try {
      response = await get(this.#url, { headers, signal: this.#signal });
    } catch (cause) {
      checkSignal(this.#signal, 'the download');
      if (kept?.isComplete) return undefined;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new SimileError('io_failure', `GET ${this.#url}: ${message}`, { cause });
    }
    const { status } = response;
    const isSame = status === 304 || (status === 200 && tagOf(response) === kept?.tag) || status >= 500;
    const isOther = status === 206 && tagOf(response) !== kept?.tag;
    if ((!kept?.isComplete || !isSame) && status !== 416 && !isOther) return response;
    response.body?.cancel().catch(() => {});
    // A part that does not fit the file any more.
    return kept?.isComplete ? undefined : this.#ask(undefined);
  }

  /** A part is only worth keeping if it can be said what it is a part of. There may be no room: then the next visit loads anew. */
  async #keep(pieces: readonly Uint8Array[], isComplete: boolean): Promise<void> {
    const isPart = this.#isAskable && this.#tag.startsWith('"') && !this.#download?.isEncoded && pieces.length > 0;
    if (this.#tag === '' || !(isComplete || isPart)) return;
    const file = encode(this.#tag, { isComplete, isAskable: this.#isAskable }, pieces);
    await this.#store.save(file, { overwrite: true }).catch(() => {});
  }
}

function encode(
  tag: string,
  { isComplete, isAskable }: Pick<Kept, 'isComplete' | 'isAskable'>,
  pieces: readonly Uint8Array[],
): Uint8Array {
  const text = new TextEncoder().encode(tag);
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, fixedBytes + text.length));
  const fields = new DataView(all.buffer);
  fields.setUint16(0, version, true);
  fields.setUint16(2, Number(isComplete) + 2 * Number(isAskable), true);
  fields.setUint32(4, text.length, true);
  all.set(text, fixedBytes);
  let at = fixedBytes + text.length;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function decode(bytes: Uint8Array | undefined): Kept | undefined {
  if (!bytes || bytes.length < fixedBytes) return undefined;
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (fields.getUint16(0, true) !== version) return undefined;
  const flags = fields.getUint16(2, true);
  const end = fixedBytes + fields.getUint32(4, true);
  const tag = new TextDecoder().decode(bytes.subarray(fixedBytes, end));
  return { tag, isComplete: (flags & 1) === 1, isAskable: (flags & 2) === 2, bytes: bytes.subarray(end) };
}
