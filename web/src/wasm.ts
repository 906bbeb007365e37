// SPDX-License-Identifier: Apache-2.0
import { SimileError } from './errors.js';

/** Where a WebAssembly build comes from: an address, its bytes, or (for Cloudflare) a module that is compiled already. */
export type WasmSource = URL | string | Response | BufferSource | WebAssembly.Module;

// Modules of one function: i8x16.splat, i8x16.popcnt; three splats, i32x4.relaxed_dot_i8x16_i7x16_add_s.
const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
const zero = [65, 0, 253, 15];
const simd = [...head, 10, 1, 8, 0, ...zero, 253, 98, 11];
const relaxed = [...head, 19, 1, 17, 0, ...zero, ...zero, ...zero, 253, 147, 2, 11];

const validates = (module: readonly number[]): boolean =>
  typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(module));

/** @internal */
export const hasSimd = (): boolean => validates(simd);
/** @internal */
export const hasRelaxedSimd = (): boolean => validates(relaxed);

/** The address of a build beside this file. Bundlers look for these two expressions, so they stand as they are. @internal */
export const buildUrl = (isRelaxed: boolean): URL =>
  isRelaxed ? new URL('./simile-relaxed.wasm', import.meta.url) : new URL('./simile.wasm', import.meta.url);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @internal */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const given = typeof source === 'string' || source instanceof URL ? await open(source) : source;
  try {
    return given instanceof Response ? await compileResponse(given) : await WebAssembly.compile(given);
  } catch (error) {
    if (error instanceof SimileError) throw error;
    throw new SimileError('not_supported', `WebAssembly refused the build: ${messageOf(error)}`, { cause: error });
  }
}

/** The part of Node, Deno and Bun that reads files. Unlike an import it is nothing that a bundler for browsers looks for. */
interface NodeGlobals {
  readonly process?: {
    getBuiltinModule?(name: 'node:fs/promises'): { readFile(path: URL): Promise<Uint8Array<ArrayBuffer>> };
  };
}

async function open(address: string | URL): Promise<Response | BufferSource> {
  // Node's fetch knows no files.
  if (String(address).startsWith('file:')) {
    const files = (globalThis as NodeGlobals).process?.getBuiltinModule?.('node:fs/promises');
    const reading = files?.readFile(new URL(address)).catch((error: unknown) => {
      throw new SimileError('io_failure', messageOf(error), { cause: error });
    });
    if (reading) return reading;
  }
  const response = await fetch(address).catch((error: unknown) => {
    throw new SimileError('io_failure', `GET ${address}: ${messageOf(error)}`, { cause: error });
  });
  if (!response.ok) throw new SimileError('io_failure', `GET ${address} answered ${response.status}`);
  return response;
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  // Streaming refuses every other type, and many servers do not know this one.
  if (response.headers.get('content-type') === 'application/wasm') return WebAssembly.compileStreaming(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0 || bytes[1] !== 97) {
    throw new SimileError(
      'io_failure',
      `${response.url} is no WebAssembly file (under Vite, put 'simile' into optimizeDeps.exclude)`,
    );
  }
  return WebAssembly.compile(bytes);
}

/** Functions of ours that a module calls, by name. @internal */
export type OwnImports = Readonly<Record<string, (...args: number[]) => number>>;

/** Told that memory has grown, and that there is a first thread: nothing of it matters here. */
const ignorable = /^(emscripten_notify_memory_growth|_emscripten_init_main_thread_js|_emscripten_thread_mailbox_await)$/;

/** What the module may ask for. But for our own it uses none of it to work: files, clocks and the environment are all answered with ENOSYS. */
function importsOf(module: WebAssembly.Module, own: OwnImports, memory: WebAssembly.Memory | undefined): WebAssembly.Imports {
  const enosys = 52;
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { simile: { ...own } };
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === 'simile' && Object.hasOwn(own, name)) continue;
    const answers = from === 'wasi_snapshot_preview1' && name !== 'proc_exit';
    const ignored = ignorable.test(name);
    imports[from] ??= {};
    if (kind === 'memory' && memory) {
      imports[from][name] = memory;
      continue;
    }
    imports[from][name] = () => {
      if (!answers && !ignored) throw new WebAssembly.RuntimeError(`${name} was called`);
      return answers ? enosys : 0;
    };
  }
  return imports;
}

/** @param memory - for a module that has none of its own @internal */
export async function instantiate(
  module: WebAssembly.Module,
  own: OwnImports = {},
  memory?: WebAssembly.Memory,
): Promise<WebAssembly.Exports> {
  const instance = await WebAssembly.instantiate(module, importsOf(module, own, memory)).catch((error: unknown) => {
    const code = error instanceof RangeError ? 'out_of_memory' : 'not_supported';
    throw new SimileError(code, `WebAssembly did not start: ${messageOf(error)}`, { cause: error });
  });
  return instance.exports;
}
