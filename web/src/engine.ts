// SPDX-License-Identifier: Apache-2.0
import { SimileError } from './errors.js';
import { Instance } from './instance.js';
import { instantiate } from './wasm.js';

/** The functions of the module that answer with a status and a reply; wasm/src/abi.md describes them. */
const calls = [
  'create',
  'info',
  'codec',
  'add',
  'reserve',
  'remove',
  'has',
  'get',
  'ids',
  'filter',
  'search',
  'scores',
  'fit_bank',
  'fit_moments',
  'fit_step',
  'fit_take',
  'set_relevance',
  'relevance',
  'fit_relevance',
  'hubness',
  'paired_test',
  'set_metadata',
  'metadata',
  'save',
  'loader_create',
  'loader_feed',
  'loader_end',
  'loader_index',
  'pair',
  'planes',
] as const;
type Call = (typeof calls)[number];

/** The functions without a reply, whose value is a number or nothing. */
const plain = ['destroy', 'loader_destroy', 'fit_destroy', 'tune', 'probe'] as const;
/** `help_place` is in the build for a shared memory alone. */
type Plain = (typeof plain)[number] | 'help_place';

/** Gives an instance on a shared memory its thread-local variables. @internal */
export function startThread(exports: WebAssembly.Exports, address: number): void {
  (exports['__wasm_init_tls'] as (address: number) => void)(address);
}

/** One instance of the core. @internal */
export class Engine extends Instance<Call, Plain> {
  /** Whether this is the relaxed build. */
  readonly isRelaxed: boolean;
  #relaxedDot: boolean | undefined;

  private constructor(exports: WebAssembly.Exports, memory?: WebAssembly.Memory) {
    super(exports, [...calls, ...plain, ...(memory ? (['help_place'] as const) : [])], memory);
    this.isRelaxed = this.enter('tune', 1) === 1;
    this.enter('tune', 0);
  }

  static async start(module: WebAssembly.Module): Promise<Engine> {
    return Engine.#initialized(await instantiate(module));
  }

  /** The one instance on a shared memory that holds indexes. @throws {SimileError} `not_supported` for another build */
  static async startOn(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Engine> {
    if (!WebAssembly.Module.imports(module).some(({ kind }) => kind === 'memory'))
      throw new SimileError('not_supported', 'this build has a memory of its own: for a shared one take simile-shared.wasm');
    const exports = await instantiate(module, {}, memory);
    startThread(exports, (exports['__tls_base'] as WebAssembly.Global).value as number);
    return Engine.#initialized(exports, memory);
  }

  static #initialized(exports: WebAssembly.Exports, memory?: WebAssembly.Memory): Engine {
    (exports['_initialize'] as (() => void) | undefined)?.();
    return new Engine(exports, memory);
  }

  /** Where a helper on the same memory has its stack and, from there on, its thread-local variables. @throws {SimileError} `out_of_memory` */
  placeForHelper(): number {
    const place = this.enter('help_place');
    if (place === 0) throw new SimileError('out_of_memory', 'WebAssembly has no room for the stack of one more worker');
    return place;
  }

  /** Call this before the first scan of int8 codes. */
  tune(): void {
    void this.relaxedDot;
  }

  /** Whether int8 codes are scanned by the relaxed dot product: where the build has it and it was seen to be faster here. */
  get relaxedDot(): boolean {
    this.#relaxedDot ??= this.isRelaxed && this.#relaxedIsFaster();
    return this.#relaxedDot;
  }

  /** Takes 1 to 2 ms, once. Both kernels give the same bits, so a wrong choice costs time only. */
  #relaxedIsFaster(): boolean {
    const timed = (choice: 0 | 1): number => {
      this.enter('tune', choice);
      const start = performance.now();
      this.enter('probe', 2);
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
    this.enter('tune', isFaster ? 1 : 0);
    return isFaster;
  }
}
