// SPDX-License-Identifier: Apache-2.0
import { coreError, SimileError } from './errors.js';
import { instantiate } from './wasm.js';

/** The functions of the module that answer with a status and a reply; wasm/src/abi.md describes them. */
type Call =
  | 'create'
  | 'info'
  | 'codec'
  | 'add'
  | 'reserve'
  | 'remove'
  | 'has'
  | 'get'
  | 'ids'
  | 'filter'
  | 'search'
  | 'scores'
  | 'fit_bank'
  | 'fit_moments'
  | 'fit_step'
  | 'fit_take'
  | 'set_relevance'
  | 'relevance'
  | 'fit_relevance'
  | 'hubness'
  | 'paired_test'
  | 'set_metadata'
  | 'metadata'
  | 'save'
  | 'loader_create'
  | 'loader_feed'
  | 'loader_end'
  | 'loader_index'
  | 'pair'
  | 'planes';

/** The functions without a reply, whose value is a number or nothing. */
type Plain =
  | 'alloc'
  | 'free'
  | 'reply'
  | 'reply_size'
  | 'reply_release'
  | 'destroy'
  | 'loader_destroy'
  | 'fit_destroy'
  | 'tune'
  | 'probe';

/** An array is copied in for the call, and its address is passed. */
type Argument = number | Uint8Array | Int8Array | Uint32Array | Float32Array | Float64Array;

const largeReply = 1 << 20; // bytes from which on the core gives the memory back
const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** One instance of the core. Nothing that it returns is a view of its memory. @internal */
export class Engine {
  /** Whether this is the relaxed build. */
  readonly isRelaxed: boolean;
  readonly #exports: Record<string, unknown>;
  readonly #memory: WebAssembly.Memory;
  #broken: SimileError | undefined;
  #relaxedDot: boolean | undefined;

  private constructor(exports: WebAssembly.Exports) {
    this.#exports = exports;
    this.#memory = exports['memory'] as WebAssembly.Memory;
    this.isRelaxed = this.#enter('tune', 1) === 1;
    this.#enter('tune', 0);
  }

  static async start(module: WebAssembly.Module): Promise<Engine> {
    const exports = await instantiate(module);
    (exports['_initialize'] as () => void)();
    return new Engine(exports);
  }

  /** Whether a trap has ended this instance. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Runs a function of the core and returns a copy of its reply, with a buffer of its own. */
  call(name: Call, ...args: Argument[]): Uint8Array {
    let bytes = 0;
    for (const arg of args) if (typeof arg !== 'number') bytes += aligned(arg.byteLength);
    const scratch = bytes > 0 ? this.#allocate(bytes) : 0;
    try {
      let at = scratch;
      const numbers = args.map((arg) => {
        if (typeof arg === 'number') return arg;
        const place = at;
        new Uint8Array(this.#memory.buffer).set(new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength), place);
        at += aligned(arg.byteLength);
        return place;
      });
      const status = this.#enter(name, ...numbers);
      const reply = this.#reply();
      if (status !== 0) throw coreError(status, new TextDecoder().decode(reply));
      return reply;
    } finally {
      if (scratch !== 0 && !this.isBroken) this.#enter('free', scratch);
    }
  }

  /** Call this before the first scan of int8 codes. */
  tune(): void {
    void this.relaxedDot;
  }

  /** Frees an index, a loader or a fit; numbers that are gone already are ignored. */
  release(name: 'destroy' | 'loader_destroy' | 'fit_destroy', handle: number): void {
    if (!this.isBroken) this.#enter(name, handle);
  }

  /** Whether int8 codes are scanned by the relaxed dot product: where the build has it and it was seen to be faster here. */
  get relaxedDot(): boolean {
    this.#relaxedDot ??= this.isRelaxed && this.#relaxedIsFaster();
    return this.#relaxedDot;
  }

  /** Takes 1 to 2 ms, once. Both kernels give the same bits, so a wrong choice costs time only. */
  #relaxedIsFaster(): boolean {
    const timed = (choice: 0 | 1): number => {
      this.#enter('tune', choice);
      const start = performance.now();
      this.#enter('probe', 2);
      return performance.now() - start;
    };
    // The first calls compile the code.
    timed(0);
    timed(1);
    const sums: [number, number] = [0, 0];
    // In turns and in sums, because clocks in browsers are as coarse as a probe is long, or stand still.
    for (let round = 0; round < 8 && sums[0] + sums[1] < 1; round++) {
      sums[0] += timed(0);
      sums[1] += timed(1);
    }
    const isFaster = sums[1] < 0.9 * sums[0];
    this.#enter('tune', isFaster ? 1 : 0);
    return isFaster;
  }

  #allocate(bytes: number): number {
    const at = this.#enter('alloc', bytes);
    if (at === 0) throw new SimileError('out_of_memory', `WebAssembly has no room for ${bytes} bytes more`);
    return at;
  }

  #reply(): Uint8Array {
    const at = this.#enter('reply');
    const size = this.#enter('reply_size');
    // Memory is read after the call, because growth replaces its buffer.
    const copy = new Uint8Array(this.#memory.buffer, at, size).slice();
    if (size >= largeReply) this.#enter('reply_release');
    return copy;
  }

  /** The one place where control goes into the module. Whatever is thrown there leaves it in an unknown state. */
  #enter(name: Call | Plain, ...args: number[]): number {
    if (this.#broken) throw this.#broken;
    try {
      const run = this.#exports[`simile_${name}`] as (...args: number[]) => number;
      // Addresses above 2^31 arrive as negative numbers.
      return run(...args) >>> 0;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#broken = new SimileError('out_of_memory', `WebAssembly stopped (${why}): its indexes are lost, new ones work`, {
        cause,
      });
      throw this.#broken;
    }
  }
}
