// SPDX-License-Identifier: Apache-2.0
import type { RequestOptions } from '../download.js';
import { SimileError } from '../errors.js';
import { checkSignal, type Progress } from '../slices.js';

/** The file on the server has another tag than the one that this reader is pinned to. @internal */
export class Changed extends Error {
  /** The other tag; empty when the file has become shorter. */
  readonly tag: string;

  constructor(tag: string) {
    super('the file has changed');
    this.tag = tag;
  }
}

/** What another attempt may mend. */
class Interruption extends SimileError {}

/** What a callback of the user threw. */
class Thrown extends Error {}

/** Whether the server could not be reached, or is not well. @internal */
export const isOutage = (error: unknown): boolean => error instanceof Interruption;

const maxAttempts = 3;
const firstWait = 200; // milliseconds; the next wait is three times as long

/** What has been fetched. @internal */
export interface Traffic {
  /** Bytes of bodies that have arrived. */
  bytes: number;
  requests: number;
}

/** @internal */
export interface RangeOptions extends RequestOptions {
  /** Milliseconds that a server may be silent. */
  readonly timeout: number;
  readonly traffic: Traffic;
}

interface Manner {
  /** The tag of a file that the caller has. */
  readonly known?: string;
  /** Past every cache on the way. */
  readonly isFresh?: boolean;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

type OnPiece = (loaded: number, total: number | undefined) => void;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A file of which only some bytes are asked for. It is pinned to the tag of the first answer. @internal */
export class RangeFile {
  readonly #url: string | URL;
  readonly #options: RangeOptions;
  /** The whole file, from a server that does not know ranges. */
  #whole: Uint8Array | undefined;
  /** Tags that the file has been seen with: ETag, or else Last-Modified. Mirrors may give one file several. */
  readonly #tags = new Set<string>();
  #tag = '';
  /** Tags of other origins are not sent back: servers seldom allow it, and then the request is refused. */
  #isOtherOrigin = false;

  constructor(url: string | URL, options: RangeOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** Whether the server sends the whole file whatever it is asked for. */
  get isWhole(): boolean {
    return this.#whole !== undefined;
  }

  /** To be given to `open` another time; empty where there is none. */
  get tag(): string {
    return this.#isOtherOrigin ? '' : this.#tag;
  }

  /**
   * The first bytes of the file; fewer if it is shorter.
   * @param known - the tag of a file that the caller has: undefined says that it is still that one
   */
  async open(length: number, manner: Manner & { readonly known: string }, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const bytes = await this.#retried(0, length, signal, manner);
    return bytes?.subarray(0, length);
  }

  /** Takes a file as what was opened: one that is stored here. */
  pin(tag: string): void {
    this.#tag = tag;
    if (tag !== '') this.#tags.add(tag);
  }

  /** Another tag of the same bytes. */
  adopt(tag: string): void {
    if (tag !== '') this.#tags.add(tag);
  }

  /**
   * The bytes from `start` to before `end`.
   * @param isFresh - past every cache on the way
   * @throws {Changed}
   * @throws {SimileError} `io_failure`, `truncated_file`, `cancelled`
   */
  async read(start: number, end: number, signal?: AbortSignal, isFresh = false): Promise<Uint8Array> {
    const bytes = (await this.#retried(start, end, signal, { isFresh })) as Uint8Array;
    if (bytes.length !== end - start) {
      throw new SimileError(
        'truncated_file',
        `GET ${this.#url} gave ${bytes.length} of the ${end - start} bytes from ${start} on`,
      );
    }
    return bytes;
  }

  async #retried(start: number, end: number, signal: AbortSignal | undefined, manner: Manner): Promise<Uint8Array | undefined> {
    for (let attempt = 1; ; attempt++) {
      checkSignal(signal, 'the request');
      if (this.#whole && manner.known === undefined) return this.#whole.subarray(start, end);
      try {
        return await this.#once(start, end, signal, manner);
      } catch (error) {
        checkSignal(signal, 'the request');
        if (!(error instanceof Interruption) || attempt === maxAttempts) throw error;
      }
      await wait(firstWait * 3 ** (attempt - 1), signal);
    }
  }

  async #once(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
    { known = '', isFresh = false, onProgress }: Manner,
  ): Promise<Uint8Array | undefined> {
    const headers = new Headers(this.#options.headers);
    headers.set('Range', `bytes=${start}-${end - 1}`);
    // A tag without quotes is a Last-Modified.
    if (known !== '') headers.set(/^(W\/)?"/.test(known) ? 'If-None-Match' : 'If-Modified-Since', known);
    const stop = new AbortController();
    const silence = new Silence(this.#options.timeout, stop);
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      this.#options.traffic.requests++;
      const get = this.#options.fetch ?? fetch;
      const cache = isFresh ? ({ cache: 'reload' } as const) : {};
      const response = await get(this.#url, { headers, signal: stop.signal, ...cache });
      if (response.status === 304 && known !== '') {
        this.pin(known);
        return undefined;
      }
      return await this.#body(response, start, end, (loaded, total) => {
        silence.restart();
        try {
          onProgress?.({ loaded, total });
        } catch (cause) {
          throw new Thrown('by the caller', { cause });
        }
      });
    } catch (error) {
      if (error instanceof Thrown) throw error.cause;
      if (error instanceof SimileError || error instanceof Changed) throw error;
      const what = silence.isOver ? `was silent for ${this.#options.timeout} ms` : `: ${messageOf(error)}`;
      throw new Interruption('io_failure', `GET ${this.#url}${silence.isOver ? ' ' : ''}${what}`, { cause: error });
    } finally {
      signal?.removeEventListener('abort', abort);
      silence.end();
      stop.abort();
    }
  }

  async #body(response: Response, start: number, end: number, onPiece: OnPiece): Promise<Uint8Array> {
    const { status, headers } = response;
    if (status === 416) {
      if (this.#tags.size > 0) throw new Changed('');
      throw new SimileError('truncated_file', `GET ${this.#url}: the file is empty`);
    }
    if (status !== 206 && status !== 200) {
      const message = `GET ${this.#url} answered ${status} ${response.statusText}`.trimEnd();
      throw status >= 500 || status === 429 ? new Interruption('io_failure', message) : new SimileError('io_failure', message);
    }
    this.#checkTag(response);
    const isPart = status === 206;
    const range = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '');
    if (isPart && range && Number(range[1]) !== start)
      throw new SimileError('io_failure', `GET ${this.#url} answered with another range: ${headers.get('content-range')}`);
    const bytes = await this.#drain(response, isPart ? end - start : Number.POSITIVE_INFINITY, onPiece);
    const announced = Number(headers.get('content-length') ?? 0);
    const isEncoded = headers.has('content-encoding') || response.type === 'cors';
    if (!isEncoded && bytes.length < Math.min(announced, isPart ? end - start : announced)) {
      throw new Interruption('io_failure', `GET ${this.#url}: the connection ended after ${bytes.length} of ${announced} bytes`);
    }
    if (isPart) return bytes;
    this.#whole = bytes;
    return bytes.subarray(start, end);
  }

  #checkTag({ headers, type }: Response): void {
    this.#isOtherOrigin = type === 'cors' || type === 'opaque';
    const tag = headers.get('etag') ?? headers.get('last-modified');
    if (tag === null || this.#tags.has(tag)) return;
    if (this.#tags.size > 0) throw new Changed(tag);
    this.pin(tag);
  }

  async #drain(response: Response, most: number, onPiece: OnPiece): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    const announced = response.headers.get('content-length');
    const total = announced === null || response.headers.has('content-encoding') ? undefined : Number(announced);
    const reader = response.body?.getReader();
    try {
      while (reader) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        length += value.length;
        this.#options.traffic.bytes += value.length;
        onPiece(length, total);
        if (length > most) throw new SimileError('io_failure', `GET ${this.#url} gave more than the ${most} bytes of the range`);
      }
    } finally {
      reader?.cancel().catch(() => {});
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

/** Ends a request whose server says nothing for too long. */
class Silence {
  readonly #milliseconds: number;
  readonly #stop: AbortController;
  #timer: ReturnType<typeof setTimeout> | undefined;
  isOver = false;

  constructor(milliseconds: number, stop: AbortController) {
    this.#milliseconds = milliseconds;
    this.#stop = stop;
    this.restart();
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#stop.abort();
    }, this.#milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
