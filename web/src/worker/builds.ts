// SPDX-License-Identifier: Apache-2.0
import { compile, hasRelaxedSimd, type WasmSource } from '../wasm.js';

/** Which WebAssembly a worker loads: one that is given, or the better one of the package's two. @internal */
export type Builds =
  | { readonly wasm: Exclude<WasmSource, Response | URL> }
  | { readonly plain: string; readonly relaxed: string };

/** @internal */
export async function moduleOf(builds: Builds): Promise<WebAssembly.Module> {
  if ('wasm' in builds) return compile(builds.wasm);
  if (!hasRelaxedSimd()) return compile(builds.plain);
  // A site may serve only the plain build.
  return compile(builds.relaxed).catch(() => compile(builds.plain));
}
