// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal } from '../slices.js';
import {
  checkFinite,
  checkName,
  checkPrefix,
  checkTexts,
  checkWhole,
  infoOf,
  look,
  messageOf,
  prefixed,
  refusal,
} from './arguments.js';
import type { Embedder, EmbedderInfo, EmbedOptions } from './embedder.js';

export { checkEmbedder, type Embedder, type EmbedderInfo, type EmbedOptions } from './embedder.js';

/** Options of {@link httpEmbedder}. */
export interface HttpOptions {
  /** The address that takes `{ model, input }`, such as `'https://api.openai.com/v1/embeddings'` or that of a server of your own. */
  readonly url: string | URL;
  readonly model: string;
  /** Sent as `Authorization: Bearer …`. Never put a key into a page: let a server of yours add it. */
  readonly apiKey?: string;
  /** Sent with every request. */
  readonly headers?: HeadersInit;
  /** The number of components; asked of the server with one text when it is not given. */
  readonly dims?: number;
  /** Asks the server for vectors of `dims` components, for models that can shorten theirs. @defaultValue false */
  readonly shorten?: boolean;
  /** Most texts of one request. @defaultValue 64 */
  readonly batchSize?: number;
  /** Most characters of one request; a longer text goes alone. @defaultValue 100000 */
  readonly batchCharacters?: number;
  /** How the server is asked to write numbers: `base64` takes a quarter of the bytes. Both are understood. @defaultValue 'float' */
  readonly encoding?: 'float' | 'base64';
  /**
   * How often a request is tried again after a broken connection, a timeout, 408, 425, 429 or 5xx: after about half a second, then twice
   * as long each time up to 30 s, or as long as Retry-After says. @defaultValue 4
   */
  readonly retries?: number;
  /** Longest wait that a server may ask for with Retry-After, in seconds; a longer one is an error. @defaultValue 120 */
  readonly maxRetryAfter?: number;
  /** No more requests than that, evenly spread. @defaultValue no limit */
  readonly requestsPerMinute?: number;
  /** Seconds that an answer may take. @defaultValue 60 */
  readonly timeout?: number;
  /** Put before every query, such as `'query: '` for the e5 models. */
  readonly queryPrefix?: string;
  /** Put before every text that will be searched. */
  readonly passagePrefix?: string;
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Stops finding out `dims`. */
  readonly signal?: AbortSignal;
  /** What the waits are made of. @internal */
  readonly clock?: Clock;
}

/** @internal */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Resolves after so many milliseconds, or when the signal is triggered. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

const realClock: Clock = {
  now: () => performance.now(),
  random: Math.random,
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end);
      if (signal?.aborted) end();
    }),
};

const firstWait = 500; // milliseconds
const longestWait = 30_000;
const again = new Set([408, 425, 429]);
const maxMessage = 300; // characters of what a server says

/** What another attempt may mend. */
class Interruption extends Error {
  readonly error: SimileError;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(error: SimileError, retryAfter?: number) {
    super(error.message);
    this.error = error;
    this.retryAfter = retryAfter;
  }
}

/**
 * Vectors from a server of the shape that OpenAI, and with it most others, has: `{ model, input: texts }` to
 * `{ data: [{ index, embedding }] }`. An empty text is not sent; its vector is zeros, which are close to nothing.
 *
 * @throws {SimileError} `invalid_argument`; and what `embed` throws: `io_failure` (with the status and what the server says),
 *   `dimension_mismatch` and `not_finite` for wrong answers, `cancelled`
 */
export async function httpEmbedder(options: HttpOptions): Promise<Embedder> {
  const server = new Server(options);
  const { model, queryPrefix, passagePrefix } = options;
  const dims = options.dims ?? (await server.ask(['dims'], undefined, options.signal))[0]?.length ?? 0;
  const info = infoOf(model, dims, { queryPrefix: queryPrefix ?? '', passagePrefix: passagePrefix ?? '' });
  return { info, embed: (texts, how) => embed(server, info, options, texts, how) };
}

async function embed(
  server: Server,
  info: EmbedderInfo,
  { batchSize = 64, batchCharacters = 100_000 }: HttpOptions,
  texts: readonly string[],
  how: EmbedOptions,
): Promise<Float32Array> {
  checkTexts(texts, how);
  checkSignal(how.signal, 'embedding');
  const out = new Float32Array(texts.length * info.dims);
  // Servers refuse empty texts; theirs is the row of zeros.
  const asked = [...texts.keys()].filter((i) => (texts[i] as string).trim() !== '');
  const inputs = prefixed(
    asked.map((i) => texts[i] as string),
    how,
    info,
  );
  for (let first = 0; first < inputs.length; ) {
    const size = batchAt(inputs, first, batchSize, batchCharacters);
    const vectors = await server.ask(inputs.slice(first, first + size), info.dims, how.signal);
    vectors.forEach((vector, i) => {
      const row = asked[first + i] as number;
      checkFinite(vector, row);
      out.set(vector, row * info.dims);
    });
    first += size;
    how.onProgress?.({ loaded: first + texts.length - inputs.length, total: texts.length });
  }
  return out;
}

/** How many texts go together from `first` on. */
function batchAt(texts: readonly string[], first: number, most: number, characters: number): number {
  let size = 0;
  for (let sum = 0; size < most && first + size < texts.length; size++) {
    sum += (texts[first + size] as string).length;
    if (sum > characters && size > 0) break;
  }
  return size;
}

/** One address, its limits and its moods. */
class Server {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #headers: Headers;
  /** When the next request may go. */
  #next = Number.NEGATIVE_INFINITY;

  constructor(options: HttpOptions) {
    const { url, model, apiKey, dims, encoding = 'float', shorten = false, timeout = 60, requestsPerMinute } = options;
    try {
      new URL(url, globalThis.location?.href);
    } catch {
      throw refusal(`url must be an address, not ${look(url)}`);
    }
    checkName('model', model);
    if (dims !== undefined) checkWhole('dims', dims, 1);
    if (shorten && dims === undefined) throw refusal('shorten needs dims: to how many components?');
    if (encoding !== 'float' && encoding !== 'base64')
      throw refusal(`encoding must be 'float' or 'base64', not ${look(encoding)}`);
    checkWhole('batchSize', options.batchSize ?? 1, 1);
    checkWhole('batchCharacters', options.batchCharacters ?? 1, 1);
    checkWhole('retries', options.retries ?? 0, 0);
    for (const [name, value] of Object.entries({ timeout, requestsPerMinute, maxRetryAfter: options.maxRetryAfter })) {
      if (value !== undefined && !(typeof value === 'number' && value > 0))
        throw refusal(`${name} must be a positive number, not ${look(value)}`);
    }
    checkPrefix('queryPrefix', options.queryPrefix);
    checkPrefix('passagePrefix', options.passagePrefix);
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#headers = new Headers(options.headers);
    this.#headers.set('content-type', 'application/json');
    if (apiKey !== undefined) this.#headers.set('authorization', `Bearer ${apiKey}`);
  }

  /** @param dims - what every vector must have; of the first one when not given */
  async ask(texts: readonly string[], dims: number | undefined, signal: AbortSignal | undefined): Promise<ArrayLike<number>[]> {
    const { model, encoding = 'float', shorten = false } = this.#options;
    const request = { model, input: texts, encoding_format: encoding, ...(shorten ? { dimensions: this.#options.dims } : {}) };
    const body = JSON.stringify(request);
    const answer = await this.#persist(body, signal);
    const vectors = vectorsOf(answer, texts.length);
    const wanted = dims ?? vectors[0]?.length;
    for (const { length } of vectors) {
      if (length !== wanted || length === 0)
        throw new SimileError(
          'dimension_mismatch',
          `${this.#place} gave a vector of ${length} dims, expected ${wanted || 'some'}`,
        );
    }
    return vectors;
  }

  /** The address without what may be secret. */
  get #place(): string {
    const { origin, pathname } = new URL(this.#options.url, globalThis.location?.href);
    return `POST ${origin}${pathname}`;
  }

  async #persist(body: string, signal: AbortSignal | undefined): Promise<unknown> {
    const { retries = 4, maxRetryAfter = 120 } = this.#options;
    for (let attempt = 0; ; attempt++) {
      await this.#ownTurn(signal);
      try {
        return await this.#request(body, signal);
      } catch (error) {
        checkSignal(signal, 'embedding');
        if (!(error instanceof Interruption)) throw error;
        if (attempt >= retries) throw error.error;
        if ((error.retryAfter ?? 0) > maxRetryAfter * 1000)
          throw new SimileError(
            'io_failure',
            `${error.message}; it asks to wait ${(error.retryAfter ?? 0) / 1000} s, more than maxRetryAfter`,
          );
        const backoff = Math.min(longestWait, firstWait * 2 ** attempt) * (0.5 + this.#clock.random());
        await this.#clock.wait(error.retryAfter ?? backoff, signal);
        checkSignal(signal, 'embedding');
      }
    }
  }

  async #ownTurn(signal: AbortSignal | undefined): Promise<void> {
    const { requestsPerMinute } = this.#options;
    if (requestsPerMinute === undefined) return;
    const now = this.#clock.now();
    const start = Math.max(now, this.#next);
    this.#next = start + 60_000 / requestsPerMinute;
    if (start > now) await this.#clock.wait(start - now, signal);
    checkSignal(signal, 'embedding');
  }

  async #request(body: string, signal: AbortSignal | undefined): Promise<unknown> {
    const { url, fetch: get = fetch, timeout = 60 } = this.#options;
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    const timer = setTimeout(() => stop.abort(new Error(`no answer within ${timeout} s`)), timeout * 1000);
    try {
      const response = await get(url, { method: 'POST', headers: this.#headers, body, signal: stop.signal });
      const text = await response.text();
      if (!response.ok) throw this.#failure(response, text);
      return parsed(text, this.#place);
    } catch (error) {
      if (error instanceof SimileError || error instanceof Interruption) throw error;
      const reason = stop.signal.aborted ? stop.signal.reason : error;
      throw new Interruption(new SimileError('io_failure', `${this.#place}: ${causes(reason)}`, { cause: error }));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #failure({ status, statusText, headers }: Response, text: string): SimileError | Interruption {
    const hint = status === 401 || status === 403 ? ' (is the apiKey right?)' : '';
    const said = saidBy(text);
    const message = `${this.#place} answered ${`${status} ${statusText}`.trimEnd()}${hint}${said === '' ? '' : `: ${said}`}`;
    const error = new SimileError('io_failure', message);
    return again.has(status) || status >= 500 ? new Interruption(error, retryAfter(headers.get('retry-after'))) : error;
  }
}

/** fetch keeps the reason of a broken connection in the cause. */
const causes = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? `${error.message}: ${messageOf(error.cause)}` : messageOf(error);

/** Seconds, or a date. @returns milliseconds */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SimileError('io_failure', `${place} gave no JSON: ${shortened(text)}`, { cause: error });
  }
}

const shortened = (text: string): string => (text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text).trim();

/** The message in `{ error: { message } }` or `{ error }`, else the text. */
function saidBy(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: unknown; message?: unknown };
    const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : (error ?? message);
    return shortened(typeof said === 'string' ? said : text);
  } catch {
    return shortened(text);
  }
}

const wrong = (what: string): SimileError => new SimileError('io_failure', `the embedding server's answer ${what}`);

/** The vectors in the order of their texts. */
function vectorsOf(answer: unknown, expected: number): ArrayLike<number>[] {
  const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined;
  if (!Array.isArray(data)) throw wrong(`has no list "data" but ${shortened(JSON.stringify(answer))}`);
  if (data.length !== expected) throw wrong(`has ${data.length} vectors for ${expected} texts`);
  const vectors: (ArrayLike<number> | undefined)[] = new Array(expected).fill(undefined);
  data.forEach((item: { index?: unknown; embedding?: unknown } | null, i) => {
    const at = item?.index ?? i;
    if (!Number.isInteger(at) || (at as number) < 0 || (at as number) >= expected)
      throw wrong(`has a vector with index ${look(at)} for ${expected} texts`);
    if (vectors[at as number] !== undefined) throw wrong(`has two vectors with index ${at}`);
    vectors[at as number] = numbersOf(item?.embedding, at as number);
  });
  return vectors as ArrayLike<number>[];
}

/** A list of numbers, or base64 of little-endian 32-bit floats. */
function numbersOf(embedding: unknown, at: number): ArrayLike<number> {
  if (Array.isArray(embedding)) return embedding;
  if (typeof embedding !== 'string') throw wrong(`has no vector with index ${at} but ${look(embedding)}`);
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(embedding), (character) => character.charCodeAt(0));
  } catch {
    throw wrong(`has no base64 in the vector with index ${at}`);
  }
  if (bytes.length % 4 !== 0) throw wrong(`has ${bytes.length} bytes in the vector with index ${at}, no whole floats`);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
