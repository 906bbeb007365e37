// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';
import { type Argument, Build, Instance } from '../instance.js';
import { compile, hasSimd, instantiate, type WasmSource } from '../wasm.js';
import type { Rewrite } from './options.js';

/** The functions of the module that answer with a status and a reply; wasm/src/abi-text.md describes them. */
const calls = [
  'text_create',
  'text_info',
  'text_add',
  'text_update',
  'text_remove',
  'text_truncate',
  'text_compact',
  'text_search',
  'text_highlight',
  'text_terms',
  'text_count',
  'text_scale',
  'text_save',
  'text_load',
] as const;
type Call = (typeof calls)[number];

// What the module's import answers besides a length.
const dropped = -1;
const failed = -2;

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** One instance of simile-text.wasm. @internal */
export class TextEngine extends Instance<Call, 'text_destroy'> {
  #rewrite: Rewrite | undefined;
  #failure: { readonly error: unknown } | undefined;

  static async start(module: WebAssembly.Module): Promise<TextEngine> {
    let engine: TextEngine | undefined;
    const rewrite = (term: number, size: number, room: number): number => engine?.rewritten(term, size, room) ?? failed;
    const exports = await instantiate(module, { rewrite });
    if (!exports['simile_text_create']) throw invalid('the build is not simile-text.wasm');
    (exports['_initialize'] as (() => void) | undefined)?.();
    engine = new TextEngine(exports, [...calls, 'text_destroy']);
    return engine;
  }

  /** The same as `call` for an index with such a function. What that throws is passed on. */
  callWith(rewrite: Rewrite | undefined, name: Call, ...args: Argument[]): Uint8Array {
    if (!rewrite) return this.call(name, ...args);
    this.#rewrite = rewrite;
    try {
      return this.call(name, ...args);
    } catch (error) {
      throw this.#failure ? this.#failure.error : error;
    } finally {
      this.#rewrite = undefined;
      this.#failure = undefined;
    }
  }

  /** Changes a term in place. Nothing may be thrown through the module. */
  private rewritten(term: number, size: number, room: number): number {
    try {
      const text = this.#rewrite?.(decoder.decode(this.bytesAt(term, size)));
      if (text === undefined || text === '') return dropped;
      if (typeof text !== 'string') throw invalid(`rewrite must give a string or undefined, not ${shown(text)}`);
      const bytes = encoder.encode(text);
      if (bytes.length > room) throw new SimileError('limit_exceeded', `rewrite gave a term of ${bytes.length} bytes`);
      this.bytesAt(term, room).set(bytes);
      return bytes.length;
    } catch (error) {
      this.#failure = { error };
      return failed;
    }
  }
}

/** Options of {@link initText}. */
export interface InitTextOptions {
  /**
   * The WebAssembly build, if it is not the file `simile-text.wasm` beside the package's JavaScript. On Cloudflare the imported module:
   * `import wasm from 'simile/simile-text.wasm'`.
   */
  readonly wasm?: WasmSource | PromiseLike<WasmSource>;
}

interface Loaded {
  readonly source: InitTextOptions['wasm'];
  readonly build: Build<TextEngine>;
}

let current: Loaded | undefined;

/**
 * Loads the WebAssembly of texts. Optional: the first use does it. Call it to load early or to say where the build is. With another
 * source than last time it loads anew: indexes that exist go on as they are, later ones use the new build. A failed call may be repeated.
 *
 * @throws {SimileError} `not_supported` without WebAssembly SIMD or when the page's security policy lacks `'wasm-unsafe-eval'`,
 *   `io_failure` when the build cannot be fetched, `invalid_argument` when it is another file
 */
export async function initText(options: InitTextOptions = {}): Promise<void> {
  await loadTextEngine(options);
}

/** @internal */
export async function loadTextEngine({ wasm }: InitTextOptions = {}): Promise<TextEngine> {
  const source = wasm instanceof URL ? wasm.href : wasm;
  if (!current || (source !== undefined && source !== current.source)) {
    current = { source, build: new Build(textModule(source), TextEngine.start) };
  }
  const loaded = current;
  try {
    return await loaded.build.engine();
  } catch (error) {
    if (current === loaded) current = undefined;
    throw error;
  }
}

async function textModule(source: InitTextOptions['wasm']): Promise<WebAssembly.Module> {
  if (!hasSimd())
    throw new SimileError('not_supported', 'there is no WebAssembly SIMD here; Chrome 91, Firefox 89 and Safari 16.4 have it');
  // Bundlers look for this expression, so it stands as it is.
  return compile(source === undefined ? new URL('../simile-text.wasm', import.meta.url) : await source);
}
