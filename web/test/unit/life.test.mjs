// SPDX-License-Identifier: Apache-2.0
// How long things live: dispose, the safety net, init, and an instance that a trap has ended.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Index, init, SimileError, version } from 'simile';
import wabt from 'wabt';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const wasmFile = new URL('../../dist/simile.wasm', import.meta.url);

test('after dispose, which may be called twice, every method throws disposed', async () => {
  const index = await Index.create({ dims: 2 });
  await index.add('a', [1, 2]);
  index.dispose();
  index.dispose();
  index[Symbol.dispose]();
  const uses = [
    () => index.add('b', [1, 2]),
    () => index.addMany(['b'], [1, 2]),
    () => index.update('a', [1, 2]),
    () => index.search([1, 2]),
    () => index.searchMany([1, 2]),
    () => index.delete('a'),
    () => index.deleteMany(['a']),
    () => index.has('a'),
    () => index.get('a'),
    () => index.ids(),
    () => index.toBytes(),
    () => index.size,
    () => index.level,
    () => index.levels,
    () => index.byteLength,
    () => index.metadata,
    () => {
      index.metadata = 'x';
    },
  ];
  for (const use of uses) await refused('disposed', use, String(use));
  assert.equal(index.dims, 2);
});

test('what an index returns is a copy', async () => {
  const index = await Index.create({ dims: 2, codec: 'f32', similarity: 'dot' });
  const mine = Float32Array.of(1, 2);
  await index.add('a', mine);
  mine.fill(9);
  const first = index.get('a');
  assert.deepEqual(first, Float32Array.of(1, 2));
  first.fill(9);
  const bytes = index.toBytes();
  assert.equal(bytes.byteLength, bytes.buffer.byteLength);
  bytes.fill(0);
  // Growth of the memory would detach a view.
  await index.addMany(
    Array.from({ length: 50_000 }, (_, i) => i),
    vectors(50_000, 2, 1),
  );
  assert.deepEqual(first, Float32Array.of(9, 9));
  assert.deepEqual(index.get('a'), Float32Array.of(1, 2));
});

test('a vector may be overwritten as soon as the call has returned', async () => {
  const index = await Index.create({ dims: 2, codec: 'f32', similarity: 'dot' });
  const reused = new Float32Array(2);
  const pending = [1, 2, 3].map((i) => {
    reused.set([i, -i]);
    return index.add(i, reused);
  });
  await Promise.all(pending);
  assert.deepEqual(
    [1, 2, 3].map((i) => [...index.get(i)]),
    [
      [1, -1],
      [2, -2],
      [3, -3],
    ],
  );
});

test('indexes that are forgotten are freed', { timeout: 60_000 }, () => {
  const script = `
    import { Index, init } from 'simile';
    const core = await init();
    const one = async () => { const index = await Index.create({ dims: 512, codec: 'f32', similarity: 'dot' });
      await index.addMany(Array.from({ length: 200 }, (_, i) => i), new Float32Array(200 * 512).fill(1)); };
    for (let i = 0; i < 300; i++) { await one(); if (i % 10 === 9) { gc(); await new Promise((r) => setTimeout(r)); } }
    console.log(core.memoryBytes);`;
  const web = fileURLToPath(new URL('../..', import.meta.url));
  const bytes = Number(execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], { cwd: web }));
  // All of them would hold 300 times 410 kB, 123 MB.
  assert.ok(bytes < 60e6, `${bytes} bytes`);
});

test('init gives the same core again, and loads anew only when asked for something else', async () => {
  const core = await init();
  assert.equal((await init()).memoryBytes, core.memoryBytes);
  const index = await Index.create({ dims: 1, codec: 'f32', similarity: 'dot' });
  await index.add('a', [3]);
  await index.addMany(
    Array.from({ length: 200_000 }, (_, i) => i),
    vectors(200_000, 1, 1),
  );
  const old = core.memoryBytes;
  const module = await WebAssembly.compile(readFileSync(wasmFile));
  const other = await init({ wasm: module });
  assert.ok(other.memoryBytes < old, 'a new instance');
  assert.deepEqual(index.get('a'), Float32Array.of(3));
  const sources = [
    readFileSync(wasmFile),
    wasmFile,
    wasmFile.href,
    new Response(readFileSync(wasmFile), { headers: { 'content-type': 'application/wasm' } }),
    new Response(readFileSync(wasmFile), { headers: { 'content-type': 'application/octet-stream' } }),
    Promise.resolve(module),
  ];
  for (const wasm of sources) assert.equal((await init({ wasm })).dot([2], [3]), 6);
  const html = new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });
  await refused('io_failure', () => init({ wasm: html }));
  assert.equal((await init({ simd: 'simd128' })).simd, 'simd128');
});

test('the package names its version', () => {
  const { version: expected } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(version, expected);
});

/** A core whose second `create` in one instance traps. @param lacks - a function that it has not */
async function trappingModule(lacks) {
  const names = [
    'info',
    'codec',
    'add',
    'remove',
    'has',
    'get',
    'ids',
    'filter',
    'search',
    'set_metadata',
    'metadata',
    'save',
    'tune',
    'probe',
    ...['reserve', 'scores', 'fit_bank', 'fit_moments', 'fit_step', 'fit_take', 'fit_destroy', 'set_relevance', 'relevance'],
    ...[
      'fit_relevance',
      'hubness',
      'paired_test',
      'loader_create',
      'loader_feed',
      'loader_end',
      'loader_index',
      'loader_destroy',
    ],
    ...['pair', 'planes'],
  ];
  const present = names.filter((name) => name !== lacks);
  const rest = present.map((name) => `(func (export "simile_${name}") (result i32) i32.const 0)`).join('\n');
  const text = `(module
    (memory (export "memory") 1)
    (global $made (mut i32) (i32.const 0))
    (func (export "_initialize"))
    (func (export "simile_alloc") (param i32) (result i32) i32.const 1024)
    (func (export "simile_free") (param i32))
    (func (export "simile_reply") (result i32) i32.const 256)
    (func (export "simile_reply_size") (result i32) i32.const 64)
    (func (export "simile_reply_release"))
    (func (export "simile_destroy") (param i32))
    (func (export "simile_create") (param i32 i32 i32 i32 i32) (result i32)
      (if (global.get $made) (then unreachable))
      (global.set $made (i32.const 1)) i32.const 0)
    ${rest})`;
  const { parseWat } = await wabt();
  const { buffer } = parseWat('trap.wat', text).toBinary({});
  return WebAssembly.compile(buffer);
}

test('a trap becomes a SimileError, ends the indexes of its instance, and nothing else', async () => {
  const healthy = await Index.create({ dims: 1, codec: 'f32', similarity: 'dot' });
  await healthy.add('a', [3]);
  await init({ wasm: await trappingModule() });
  const first = await Index.create({ dims: 1 });
  const error = await refused('out_of_memory', () => Index.create({ dims: 1 }));
  assert.ok(error.cause instanceof WebAssembly.RuntimeError);
  await refused('out_of_memory', () => first.has('a'));
  first.dispose();
  const fresh = await Index.create({ dims: 1 });
  assert.equal(fresh.has('a'), false, 'a fresh instance answers');
  assert.deepEqual(healthy.get('a'), Float32Array.of(3));
  await init({ simd: 'simd128' });
  const again = await Index.create({ dims: 1 });
  await again.add('b', [1]);
  assert.equal(again.size, 1);
});

test('a build of another version is refused when it is loaded, and what was loaded before goes on', async () => {
  const healthy = await Index.create({ dims: 1, codec: 'f32', similarity: 'dot' });
  await healthy.add('a', [3]);
  for (const lacks of ['hubness', 'info', 'probe', 'planes']) {
    const wasm = await trappingModule(lacks);
    const error = await refused('unsupported_version', () => init({ wasm }));
    assert.match(error.message, new RegExp(`without simile_${lacks}: .*of one release`));
  }
  const texts = await WebAssembly.compile(readFileSync(new URL('./simile-text.wasm', wasmFile)));
  await refused('unsupported_version', () => init({ wasm: texts }));
  const nothing = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  await refused('unsupported_version', () => init({ wasm: nothing }));
  assert.deepEqual(healthy.get('a'), Float32Array.of(3));
  assert.equal((await init({ simd: 'simd128' })).dot([2], [3]), 6);
});

test('importing does no work and needs no browser', () => {
  const script = `
    for (const name of ['WebAssembly', 'fetch', 'Response', 'FinalizationRegistry', 'performance']) delete globalThis[name];
    const { cosineSimilarity, Index, SimileError } = await import('simile');
    if (cosineSimilarity([1, 0], [1, 0]) !== 1) throw new Error('cosine');
    try { await Index.create({ dims: 1 }); } catch (error) { console.log(error.code); }`;
  const web = fileURLToPath(new URL('../..', import.meta.url));
  assert.equal(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: web, encoding: 'utf8' }).trim(),
    'not_supported',
  );
  assert.ok(new SimileError('cancelled', 'x') instanceof Error);
});
