// SPDX-License-Identifier: Apache-2.0
import { Engine } from './engine.js';
import { invalid, SimileError, shown } from './errors.js';
import { Build } from './instance.js';
import { kindOf, readVector, type Vector } from './vectors.js';
import { buildUrl, compile, hasRelaxedSimd, hasSimd, type WasmSource } from './wasm.js';

export interface InitOptions {
  /**
   * The WebAssembly build, if it is not the file beside the package's JavaScript. On Cloudflare the imported module:
   * `import wasm from 'simile/simile.wasm'`.
   */
  readonly wasm?: WasmSource | PromiseLike<WasmSource>;
  /**
   * Which of the package's two builds to load. `auto` takes the relaxed one where the browser has relaxed SIMD; its kernels are used
   * only if they prove to be faster there. The answers are the same. Ignored when `wasm` is given.
   * @defaultValue 'auto'
   */
  readonly simd?: 'auto' | 'relaxed' | 'simd128';
}

export interface PairOptions {
  /**
   * The same bits on every platform, native ones included, instead of the fastest order of additions.
   * @defaultValue false
   */
  readonly reproducible?: boolean;
}

/** A vector as the `planes` codec stores it. */
export interface PlaneCode {
  /** One code for each component, -128 to 127; it stands for the value code + 1/2. A level of b bits keeps the b highest. */
  readonly codes: Int8Array;
  /** For the levels of 1, 4 and 8 bits: what the sum of products is multiplied with. */
  readonly factors: Float32Array;
  /** For the levels of 1, 4 and 8 bits: the estimated inner product of both unit vectors. Only with a query. */
  readonly estimates?: Float32Array;
}

/** The kernels themselves, each a copy into WebAssembly and a call. For whole sets of vectors use `Index`. */
export interface Core {
  /** Which build was loaded. */
  readonly simd: 'relaxed' | 'simd128';
  /** Whether int8 codes are scanned by the relaxed dot product. The first reading may take 2 ms, for it is timed. */
  readonly relaxedDot: boolean;
  /** Size of the WebAssembly memory in bytes. It never shrinks; what is freed is used again. */
  readonly memoryBytes: number;
  /** Inner product. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  dot(a: Vector, b: Vector, options?: PairOptions): number;
  /** Cosine in [-1, 1], 0 for a zero vector. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  cosine(a: Vector, b: Vector, options?: PairOptions): number;
  /** Squared Euclidean distance, smaller is closer. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  squaredL2(a: Vector, b: Vector, options?: PairOptions): number;
  /** Inner product of int8 vectors, exact. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  dotI8(a: Int8Array, b: Int8Array): number;
  /** Cosine of int8 vectors in [-1, 1], 0 for a zero vector. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  cosineI8(a: Int8Array, b: Int8Array): number;
  /** Squared Euclidean distance of int8 vectors, exact. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  squaredL2I8(a: Int8Array, b: Int8Array): number;
  /** How many bits differ. @throws {SimileError} `dimension_mismatch` when the lengths differ */
  hamming(a: Uint8Array, b: Uint8Array): number;
  /**
   * The progressive code of a vector's direction and, with a query, what its three levels estimate.
   * @throws {SimileError} `not_finite`, `zero_norm`, `dimension_mismatch`, `out_of_range` when it is empty or too long
   */
  planes(vector: Vector, query?: Vector): PlaneCode;
}

// The operations of simile_pair.
const pairs = { dot: 0, cosine: 1, squaredL2: 2, dotI8: 3, cosineI8: 4, squaredL2I8: 5, hamming: 6 } as const;
const reproducibleForm = 16;
const levels = 3;

class Kernels implements Core {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get simd(): 'relaxed' | 'simd128' {
    return this.#engine.isRelaxed ? 'relaxed' : 'simd128';
  }

  get relaxedDot(): boolean {
    return this.#engine.relaxedDot;
  }

  get memoryBytes(): number {
    return this.#engine.memoryBytes;
  }

  dot(a: Vector, b: Vector, options?: PairOptions): number {
    return this.#floats(pairs.dot, a, b, options);
  }

  cosine(a: Vector, b: Vector, options?: PairOptions): number {
    return this.#floats(pairs.cosine, a, b, options);
  }

  squaredL2(a: Vector, b: Vector, options?: PairOptions): number {
    return this.#floats(pairs.squaredL2, a, b, options);
  }

  dotI8(a: Int8Array, b: Int8Array): number {
    return this.#bytes(pairs.dotI8, 'Int8Array', a, b).getInt32(0, true);
  }

  cosineI8(a: Int8Array, b: Int8Array): number {
    return this.#bytes(pairs.cosineI8, 'Int8Array', a, b).getFloat32(0, true);
  }

  squaredL2I8(a: Int8Array, b: Int8Array): number {
    return this.#bytes(pairs.squaredL2I8, 'Int8Array', a, b).getInt32(0, true);
  }

  hamming(a: Uint8Array, b: Uint8Array): number {
    return this.#bytes(pairs.hamming, 'Uint8Array', a, b).getUint32(0, true);
  }

  planes(vector: Vector, query?: Vector): PlaneCode {
    const x = readVector(vector, 'the vector');
    const q = query === undefined ? undefined : readVector(query, 'the query');
    if (q) sameLength(x, q);
    const { buffer } = this.#engine.call('planes', x, x.length, q ?? 0);
    const floats = new Float32Array(buffer.slice(Math.ceil(x.length / 4) * 4));
    const code = { codes: new Int8Array(buffer.slice(0, x.length)), factors: floats.slice(0, levels) };
    return q ? { ...code, estimates: floats.slice(levels, 2 * levels) } : code;
  }

  #floats(operation: number, a: Vector, b: Vector, options?: PairOptions): number {
    const x = readVector(a, 'the first vector');
    const y = readVector(b, 'the second vector');
    return this.#pair(operation + (options?.reproducible ? reproducibleForm : 0), x, y).getFloat32(0, true);
  }

  #bytes<T extends Int8Array | Uint8Array>(operation: number, kind: string, a: T, b: T): DataView {
    for (const x of [a, b]) if (kindOf(x) !== kind) throw invalid(`expected an ${kind}, got ${shown(x)}`);
    return this.#pair(operation, a, b);
  }

  #pair<T extends Float32Array | Int8Array | Uint8Array>(operation: number, a: T, b: T): DataView {
    sameLength(a, b);
    return new DataView(this.#engine.call('pair', operation, a, b, a.length).buffer);
  }
}

function sameLength(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length) {
    throw new SimileError('dimension_mismatch', `the first vector has ${a.length} dims, the second ${b.length}`);
  }
}

interface Loaded {
  readonly options: InitOptions;
  readonly build: Pick<Build<Engine>, 'engine'>;
}

let current: Loaded | undefined;

/**
 * Loads WebAssembly. Optional: the first use does it. Call it to load early, to say where the build is, or to use the kernels.
 *
 * Without options it returns what is loaded already. With options other than last time it loads anew: indexes that exist go on as
 * they are, later ones use the new build. A failed call may be repeated.
 *
 * @throws {SimileError} `not_supported` without WebAssembly SIMD (Chrome 91, Firefox 89, Safari 16.4 and Node 16 have it) or when
 *   the page's security policy lacks `'wasm-unsafe-eval'`, `io_failure` when the build cannot be fetched, `unsupported_version` when
 *   it is of another version of the package
 */
export async function init(options?: InitOptions): Promise<Core> {
  return new Kernels(await loadEngine(options));
}

/** @internal */
export async function loadEngine(options: InitOptions = {}): Promise<Engine> {
  if (!current || differs(options, current.options)) {
    current = { options, build: new Build(chosenModule(options), Engine.start) };
  }
  const loaded = current;
  try {
    return await loaded.build.engine();
  } catch (error) {
    if (current === loaded) current = undefined;
    throw error;
  }
}

/** From now on indexes are made in this engine. @internal */
export function useEngine(engine: Engine): void {
  current = { options: {}, build: { engine: () => Promise.resolve(engine) } };
}

function differs(wanted: InitOptions, given: InitOptions): boolean {
  const address = (source: InitOptions['wasm']): unknown => (source instanceof URL ? source.href : source);
  const isNew = <K extends keyof InitOptions>(key: K, as = (x: InitOptions[K]): unknown => x): boolean =>
    wanted[key] !== undefined && as(wanted[key]) !== as(given[key]);
  return isNew('wasm', address) || isNew('simd');
}

async function chosenModule({ wasm, simd = 'auto' }: InitOptions): Promise<WebAssembly.Module> {
  if (!['auto', 'relaxed', 'simd128'].includes(simd))
    throw invalid(`simd must be 'auto', 'relaxed' or 'simd128', not ${shown(simd)}`);
  if (!hasSimd())
    throw new SimileError('not_supported', 'there is no WebAssembly SIMD here; Chrome 91, Firefox 89 and Safari 16.4 have it');
  if (wasm !== undefined) return compile(await wasm);
  if (simd === 'relaxed' && !hasRelaxedSimd())
    throw new SimileError('not_supported', 'there is no relaxed WebAssembly SIMD here');
  if (simd === 'simd128' || !hasRelaxedSimd()) return compile(buildUrl(false));
  const relaxed = compile(buildUrl(true));
  // A site may serve only the plain build.
  return simd === 'auto' ? relaxed.catch(() => compile(buildUrl(false))) : relaxed;
}
