// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from './errors.js';
import { checkSignal } from './slices.js';
import { kindOf } from './vectors.js';

export interface RequestOptions {
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent with every request. */
  readonly headers?: HeadersInit;
}

const maxResumes = 3;
const firstWait = 200; // milliseconds; each further wait is three times as long

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What another attempt may mend. */
class Interruption extends SimileError {}

/** An answer that is there already. @internal */
export interface Begun {
  readonly response: Response;
  /** Bytes before those of the response, if it is a part. */
  readonly received: number;
}

/** A file on its way. A connection that breaks is taken up again where it broke. @internal */
export class Download {
  readonly #url: string | URL;
  readonly #options: RequestOptions;
  readonly #signal: AbortSignal;
  #response: Response | undefined;
  /** Bytes handed out so far, decoded. */
  #received = 0;
  #etag: string | null = null;
  /** An encoded answer has other positions than the file. */
  #isEncoded = false;
  #begun: Begun | undefined;

  constructor(url: string | URL, options: RequestOptions, signal: AbortSignal, begun?: Begun) {
    if (typeof url !== 'string' && kindOf(url) !== 'URL')
      throw invalid(`the address must be a string or a URL, not ${shown(url)}`);
    this.#url = url;
    this.#options = options;
    this.#signal = signal;
    this.#begun = begun;
    this.#received = begun?.received ?? 0;
  }

  /** Whether what arrives is encoded, so that its positions are not those of the file. */
  get isEncoded(): boolean {
    return this.#isEncoded;
  }

  /** Waits for the server's answer. @returns the length of the file, if it is known */
  async begin(): Promise<number | undefined> {
    try {
      this.#response = await this.#request();
      const length = this.#length(this.#response);
      return length === undefined ? undefined : this.#received + length;
    } catch (error) {
      checkSignal(this.#signal, 'the download');
      throw error;
    }
  }

  /** The bytes, in order. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let resumes = 0; ; resumes++) {
      try {
        const response = this.#response ?? (await this.#request());
        this.#response = undefined;
        yield* this.#read(response);
        return;
      } catch (error) {
        checkSignal(this.#signal, 'the download');
        if (!(error instanceof Interruption) || resumes === maxResumes) throw error;
      }
      await wait(firstWait * 3 ** resumes, this.#signal);
      checkSignal(this.#signal, 'the download');
    }
  }

  async *#read(response: Response): AsyncGenerator<Uint8Array> {
    let skip = this.#received - this.#start(response);
    if (skip < 0) throw this.#failure(`left out ${-skip} bytes`);
    if (!response.body) return;
    let arrived = 0;
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.#attempt(() => reader.read());
        if (done) break;
        arrived += value.length;
        const fresh = value.subarray(Math.min(skip, value.length));
        skip -= value.length - fresh.length;
        this.#received += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    } finally {
      reader.cancel().catch(() => {});
    }
    const announced = this.#length(response) ?? 0;
    if (arrived < announced) {
      throw new Interruption('io_failure', `GET ${this.#url}: the connection ended after ${arrived} of ${announced} bytes`);
    }
  }

  /** The length of an answer. Other origins may hide that it is encoded, and then Content-Length is something else. */
  #length({ headers, type }: Response): number | undefined {
    const length = headers.get('content-length');
    return length === null || this.#isEncoded || type === 'cors' ? undefined : Number(length);
  }

  async #request(): Promise<Response> {
    const get = this.#options.fetch ?? fetch;
    const headers = new Headers(this.#options.headers);
    if (this.#received > 0 && !this.#isEncoded) {
      headers.set('Range', `bytes=${this.#received}-`);
      // Without a strong tag a changed file is noticed by the checksums.
      if (this.#etag?.startsWith('"')) headers.set('If-Range', this.#etag);
    }
    const { response: begun } = this.#begun ?? {};
    this.#begun = undefined;
    const response = begun ?? (await this.#attempt(() => get(this.#url, { headers, signal: this.#signal })));
    this.#check(response);
    this.#etag = response.headers.get('etag');
    this.#isEncoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
    return response;
  }

  #check(response: Response): void {
    const { status, headers } = response;
    const etag = headers.get('etag');
    const isChanged = this.#etag !== null && etag !== null && etag !== this.#etag;
    const isExpected = response.ok && (status !== 206 || this.#received > 0);
    if (isExpected && !isChanged) return;
    response.body?.cancel().catch(() => {});
    if (isExpected) throw this.#failure('changed while it was being loaded');
    const message = `answered ${status} ${response.statusText}`.trimEnd();
    throw status >= 500 ? new Interruption('io_failure', `GET ${this.#url} ${message}`) : this.#failure(message);
  }

  /** The position in the file of the first byte of an answer. Other origins may hide it; then it is as asked for. */
  #start({ status, headers }: Response): number {
    if (status !== 206) return 0;
    const range = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '');
    return range ? Number(range[1]) : this.#received;
  }

  async #attempt<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw new Interruption('io_failure', `GET ${this.#url}: ${messageOf(error)}`, { cause: error });
    }
  }

  #failure(what: string): SimileError {
    return new SimileError('io_failure', `GET ${this.#url} ${what}`);
  }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
