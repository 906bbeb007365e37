// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal } from '../slices.js';
import type { RangeFile } from './ranges.js';

/** A part of the file that is checked as a whole. @internal */
export interface Chunk {
  /** Names the content: chunks of the same key are the same bytes. */
  readonly key: string;
  readonly start: number;
  readonly end: number;
  isWhole(bytes: Uint8Array): boolean;
}

/** The chunks used last, up to a number of bytes. @internal */
export class Memory {
  readonly #limit: number;
  readonly #chunks = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Uint8Array | undefined {
    const bytes = this.#chunks.get(key);
    if (bytes) {
      this.#chunks.delete(key);
      this.#chunks.set(key, bytes);
    }
    return bytes;
  }

  has(key: string): boolean {
    return this.#chunks.has(key);
  }

  set(key: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#chunks.get(key)?.length ?? 0);
    this.#chunks.delete(key);
    this.#chunks.set(key, bytes);
    for (const [oldest, { length }] of this.#chunks) {
      if (this.#bytes <= this.#limit) return;
      this.#chunks.delete(oldest);
      this.#bytes -= length;
    }
  }

  /** The oldest first. */
  entries(): IterableIterator<[string, Uint8Array]> {
    return this.#chunks.entries();
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/** One request on its way, and how many wait for it. */
class Fetch {
  readonly result: Promise<void>;
  readonly #stop = new AbortController();
  #waiting = 0;

  constructor(run: (signal: AbortSignal) => Promise<void>) {
    this.result = run(this.#stop.signal);
    // Whoever waits sees the error; if all have left there is nobody.
    this.result.catch(() => {});
  }

  join(): void {
    this.#waiting++;
  }

  /** The last one who leaves ends the request. */
  leave(): void {
    if (--this.#waiting === 0) this.#stop.abort(new SimileError('cancelled', 'nobody waits for this request any more'));
  }

  get isLeft(): boolean {
    return this.#stop.signal.aborted;
  }
}

const maxGap = 2048; // bytes that are fetched for nothing rather than with a request of their own
const maxRequest = 1 << 20;

/** Chunks of one edition of a file: from memory, from requests that are on their way, or from new ones. @internal */
export class Chunks {
  readonly #file: RangeFile;
  readonly #memory: Memory;
  readonly #underWay = new Map<string, Fetch>();
  readonly #onArrival: () => void;

  constructor(file: RangeFile, memory: Memory, onArrival: () => void) {
    this.#file = file;
    this.#memory = memory;
    this.#onArrival = onArrival;
  }

  /**
   * All of these, by their keys.
   * @param onChunk - called for each as it arrives
   * @throws {Changed}
   * @throws {SimileError} `corrupt_file`, `io_failure`, `truncated_file`, `cancelled`
   */
  async get(
    wanted: readonly Chunk[],
    signal: AbortSignal | undefined,
    onChunk: (chunk: Chunk, bytes: Uint8Array) => void,
  ): Promise<void> {
    checkSignal(signal, 'the search');
    const missing: Chunk[] = [];
    for (const chunk of wanted) {
      const bytes = this.#memory.get(chunk.key);
      if (bytes) onChunk(chunk, bytes);
      else missing.push(chunk);
    }
    const isNew = ({ key }: Chunk): boolean => this.#underWay.get(key)?.isLeft ?? true;
    for (const group of grouped(missing.filter(isNew))) this.#request(group);
    // Kept apart from the memory, which may be too small for all of them.
    const joined = missing.map((chunk) => ({ chunk, fetch: this.#underWay.get(chunk.key) as Fetch }));
    const fetches = new Set(joined.map(({ fetch }) => fetch));
    for (const fetch of fetches) fetch.join();
    try {
      const arrivals = joined.map(async ({ chunk, fetch }) => {
        await fetch.result;
        onChunk(chunk, this.#arrived.get(fetch)?.get(chunk.key) as Uint8Array);
      });
      await unlessAborted(Promise.all(arrivals), signal);
    } finally {
      for (const fetch of fetches) fetch.leave();
    }
  }

  readonly #arrived = new WeakMap<Fetch, Map<string, Uint8Array>>();

  #request(group: readonly Chunk[]): void {
    const arrived = new Map<string, Uint8Array>();
    const fetch: Fetch = new Fetch(async (signal) => {
      try {
        await this.#read(group, arrived, signal);
      } finally {
        for (const { key } of group) if (this.#underWay.get(key) === fetch) this.#underWay.delete(key);
      }
    });
    this.#arrived.set(fetch, arrived);
    for (const { key } of group) this.#underWay.set(key, fetch);
  }

  async #read(group: readonly Chunk[], arrived: Map<string, Uint8Array>, signal: AbortSignal): Promise<void> {
    const start = (group[0] as Chunk).start;
    const end = (group.at(-1) as Chunk).end;
    for (const isFresh of [false, true]) {
      const bytes = await this.#file.read(start, end, signal, isFresh);
      const damaged = group.filter((chunk) => !chunk.isWhole(bytes.subarray(chunk.start - start, chunk.end - start)));
      if (damaged.length === 0) {
        for (const chunk of group) {
          const own = bytes.slice(chunk.start - start, chunk.end - start);
          arrived.set(chunk.key, own);
          this.#memory.set(chunk.key, own);
        }
        this.#onArrival();
        return;
      }
      // A cache on the way may have kept what a deployment has replaced.
      const [first] = damaged as [Chunk];
      if (isFresh)
        throw new SimileError('corrupt_file', `bytes ${first.start} to ${first.end} of the file do not have their checksum`);
    }
  }
}

/** Chunks that one request fetches, in the order of the file. */
function grouped(chunks: readonly Chunk[]): Chunk[][] {
  const groups: Chunk[][] = [];
  for (const chunk of [...chunks].sort((a, b) => a.start - b.start)) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && chunk.start - last.end <= maxGap && chunk.end - (group[0] as Chunk).start <= maxRequest)
      group.push(chunk);
    else groups.push([chunk]);
  }
  return groups;
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      try {
        checkSignal(signal, 'the search');
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
