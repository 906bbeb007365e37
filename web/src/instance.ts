// SPDX-License-Identifier: Apache-2.0
import { coreError, invalid, SimileError } from './errors.js';

/** An array is copied in for the call, and its address is passed. @internal */
export type Argument = number | Uint8Array | Int8Array | Uint32Array | Float32Array | Float64Array;

/** The functions that every module has. */
const common = ['alloc', 'free', 'reply', 'reply_size', 'reply_release'] as const;
type Common = (typeof common)[number];

const largeReply = 1 << 20; // bytes from which on the module gives the memory back
const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/**
 * One instance of a WebAssembly module of the package. Nothing that it returns is a view of its memory.
 *
 * `Call` are the module's functions that answer with a status and a reply, `Plain` those without a reply, whose value is a number or nothing.
 * @internal
 */
export class Instance<Call extends string, Plain extends string> {
  readonly #exports: Record<string, unknown>;
  readonly #memory: WebAssembly.Memory;
  #broken: SimileError | undefined;
  #isInside = false;

  /**
   * @param memory - if it is not the module's own
   * @throws {SimileError} `unsupported_version` if the module lacks one of the functions that this JavaScript calls
   */
  protected constructor(
    exports: WebAssembly.Exports,
    names: readonly (Call | Plain)[],
    memory = exports['memory'] as WebAssembly.Memory,
  ) {
    const missing = [...common, ...names].find((name) => typeof exports[`simile_${name}`] !== 'function');
    if (missing) {
      const advice = 'serve the .wasm and .js files of one release (an older one may be in a cache)';
      throw new SimileError(
        'unsupported_version',
        `this WebAssembly build is of another version, without simile_${missing}: ${advice}`,
      );
    }
    this.#exports = exports;
    this.#memory = memory;
  }

  /** Whether a trap has ended this instance. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Runs a function of the module and returns a copy of its reply, with a buffer of its own. */
  call(name: Call, ...args: Argument[]): Uint8Array {
    let bytes = 0;
    for (const arg of args) if (typeof arg !== 'number') bytes += aligned(arg.byteLength);
    const scratch = bytes > 0 ? this.#allocate(bytes) : 0;
    try {
      let at = scratch;
      const numbers = args.map((arg) => {
        if (typeof arg === 'number') return arg;
        const place = at;
        this.bytesAt(place, arg.byteLength).set(new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength));
        at += aligned(arg.byteLength);
        return place;
      });
      const status = this.enter(name, ...numbers);
      const reply = this.#reply();
      if (status !== 0) throw coreError(status, new TextDecoder().decode(reply));
      return reply;
    } finally {
      if (scratch !== 0 && !this.isBroken) this.enter('free', scratch);
    }
  }

  /** Frees what has a number; numbers that are gone already are ignored. */
  release(name: Plain, handle: number): void {
    if (!this.isBroken) this.enter(name, handle);
  }

  /** The one place where control goes into the module. Whatever is thrown there leaves it in an unknown state. */
  protected enter(name: Call | Plain | Common, ...args: number[]): number {
    if (this.#broken) throw this.#broken;
    if (this.#isInside) throw invalid('what is called by an index must not use it');
    this.#isInside = true;
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
    } finally {
      this.#isInside = false;
    }
  }

  /** A view, valid until the next call. */
  protected bytesAt(address: number, size: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, size);
  }

  #allocate(bytes: number): number {
    const at = this.enter('alloc', bytes);
    if (at === 0) throw new SimileError('out_of_memory', `WebAssembly has no room for ${bytes} bytes more`);
    return at;
  }

  #reply(): Uint8Array {
    const at = this.enter('reply');
    const size = this.enter('reply_size');
    // Memory is read after the call, because growth replaces its buffer.
    const copy = this.bytesAt(at, size).slice();
    if (size >= largeReply) this.enter('reply_release');
    return copy;
  }
}

/**
 * A build in use. The module is kept, because a trap ends an instance, and a Response can be read only once.
 * @internal
 */
export class Build<E extends { readonly isBroken: boolean }> {
  readonly #module: Promise<WebAssembly.Module>;
  readonly #start: (module: WebAssembly.Module) => Promise<E>;
  #engine: Promise<E>;

  constructor(module: Promise<WebAssembly.Module>, start: (module: WebAssembly.Module) => Promise<E>) {
    this.#module = module;
    this.#start = start;
    this.#engine = module.then(start);
  }

  /** The instance, a new one after a trap. */
  async engine(): Promise<E> {
    for (;;) {
      const engine = this.#engine;
      const ready = await engine;
      if (!ready.isBroken) return ready;
      if (this.#engine === engine) this.#engine = this.#module.then(this.#start);
    }
  }
}
