// SPDX-License-Identifier: Apache-2.0
import { SimileError } from './errors.js';

/** How far a long operation has come. */
export interface Progress {
  /** Vectors or bytes done so far. */
  readonly loaded: number;
  /** Vectors or bytes in all; undefined as long as it is not known. */
  readonly total: number | undefined;
}

// Milliseconds: a frame of a 60 Hz screen is 16.7, and the page wants some of it.
const sliceTime = 12;

/** @throws {SimileError} `cancelled` @internal */
export function checkSignal(signal: AbortSignal | undefined, what: string): void {
  if (!signal?.aborted) return;
  // An index that is disposed of stops its own download in this way.
  if (signal.reason instanceof SimileError) throw signal.reason;
  throw new SimileError('cancelled', `${what} was cancelled`, { cause: signal.reason });
}

/** Lets everything else in the event loop run. A message, because browsers slow timers down, to once a second in hidden tabs. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

/** Keeps a long loop from blocking the page. @internal */
export class Slicer {
  readonly #signal: AbortSignal | undefined;
  readonly #what: string;
  readonly #time: number;
  #start = performance.now();

  /**
   * @param what - the operation, for the error message
   * @param time - milliseconds of a slice
   */
  constructor(signal: AbortSignal | undefined, what: string, time = sliceTime) {
    this.#signal = signal;
    this.#what = what;
    this.#time = time;
    this.check();
  }

  /** The same slices from a point where nothing may stop the work any more. */
  withoutSignal(): Slicer {
    return new Slicer(undefined, this.#what, this.#time);
  }

  /** @throws {SimileError} `cancelled` */
  check(): void {
    checkSignal(this.#signal, this.#what);
  }

  /** Call this between two steps: gives the event loop a turn when the slice is over. */
  async pause(): Promise<void> {
    if (performance.now() - this.#start >= this.#time) {
      await turn();
      this.#start = performance.now();
    }
    this.check();
  }
}
