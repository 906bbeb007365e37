// SPDX-License-Identifier: Apache-2.0
// In simile-shared.wasm a single search is parted among workers: seen by the stack that a helper has for it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Index, init } from 'simile';
import { vectors } from '../support/random.mjs';

const dims = 8;
const stackBytes = 65_536;
const own = 100; // bytes: more than a helper uses while it waits

const helperScript = `const { parentPort, workerData: { module, memory, place } } = require('node:worker_threads');
const imports = { env: { memory } };
for (const { module: from, name, kind } of WebAssembly.Module.imports(module))
  if (kind === 'function') (imports[from] ??= {})[name] = () => 0;
const { exports } = new WebAssembly.Instance(module, imports);
exports.__stack_pointer.value = place;
exports.__wasm_init_tls(place);
parentPort.postMessage('ready');
setTimeout(exports.simile_help, 0);`;

/** Loads the build for one memory into this thread, as the worker that holds indexes does. */
async function loadShared(module, memory) {
  const { instantiate } = WebAssembly;
  let all;
  WebAssembly.instantiate = async (module, imports) => {
    imports.env.memory = memory;
    const { exports } = await instantiate(module, imports);
    exports.__wasm_init_tls(exports.__tls_base.value);
    all = { ...exports, memory };
    return { exports: all };
  };
  try {
    await init({ wasm: module });
  } finally {
    WebAssembly.instantiate = instantiate;
  }
  return all;
}

for (const codec of ['int8', 'planes', 'f32']) {
  test(`a helper takes a part of a single search with ${codec}, and none of a short one`, async () => {
    const module = new WebAssembly.Module(readFileSync(new URL('../../dist/simile-shared.wasm', import.meta.url)));
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 4096, shared: true });
    const exports = await loadShared(module, memory);
    const place = exports.simile_help_place();
    const helper = new Worker(helperScript, { eval: true, workerData: { module, memory, place } });
    const index = await Index.create({ dims, codec });
    const search = (seed) => index.search(vectors(1, dims, seed));
    try {
      await once(helper, 'message');
      const stack = new Uint8Array(memory.buffer, place - stackBytes, stackBytes).fill(0);
      const depth = () => {
        const last = stack.findIndex((byte) => byte !== 0);
        return last < 0 ? 0 : stackBytes - last;
      };
      await index.addMany([...Array(4000).keys()], vectors(4000, dims, 1));
      for (let i = 0; i < 50; i++) await search(i);
      assert.ok(depth() < own, `${depth()} bytes for a search of 4,000 rows`);
      await index.addMany([...Array(4000).keys()].map((i) => `more ${i}`), vectors(4000, dims, 2)); // biome-ignore format: one line
      // It may come late to some of them.
      const end = performance.now() + 10_000;
      for (let i = 0; depth() < own && performance.now() < end; i++) await search(i);
      assert.ok(depth() >= own, `${depth()} bytes for a search of 8,000 rows`);
    } finally {
      await helper.terminate();
      index.dispose();
    }
  });
}
