// SPDX-License-Identifier: Apache-2.0
// What npm would publish, tried as its users would use it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build as esbuild } from 'esbuild';
import { publint } from 'publint';
import { build, createServer, preview } from 'vite';
import wabt from 'wabt';
import { launchChromium, openPage } from '../support/chromium.mjs';
import { installPacked, web } from '../support/packed.mjs';
import { startStaticServer } from '../support/static-server.mjs';

const kB = 1000;
const largest = {
  'dist/simile.wasm': 108 * kB,
  'dist/simile-relaxed.wasm': 108 * kB,
  'dist/simile-shared.wasm': 114 * kB,
  'dist/simile-text.wasm': 47 * kB,
  'dist/simile.js': 16 * kB,
  'dist/store/store.js': 5.5 * kB,
  'dist/inline.js': 240 * kB,
  'dist/kept.js': 3 * kB,
  'dist/remote/remote.js': 13 * kB,
  'dist/text/text.js': 5 * kB,
  'dist/cli/simile.js': 24 * kB,
  'dist/langchain/langchain.js': 2.5 * kB,
  'dist/embedders/static.js': 4 * kB,
  'dist/embedders/http.js': 4 * kB,
  'dist/embedders/transformers.js': 3.5 * kB,
  'dist/embedders/energetic.js': 4 * kB,
  'dist/collection/collection.js': 13.5 * kB,
  'dist/element/element.js': 6 * kB,
  'dist/worker/worker.js': 10 * kB,
  'dist/worker/collection-thread.js': 32 * kB,
  'dist/worker/worker-thread.js': 19.5 * kB,
};
const combinations = 216;

let pack;
let browser;
before(async () => {
  pack = installPacked();
  browser = await launchChromium();
});
after(async () => {
  await browser.close();
  pack.remove();
});

const file = (name) => readFileSync(join(pack.installed, name));
const run = (command, args, cwd = pack.app) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The page's module leaves its result in `window.asked`. */
const pageScript = (from) => `import * as simile from '${from}';
import { knownAnswers, workerAnswers } from './known-answers.mjs';
import * as worker from '${from.replace('simile.js', 'worker/worker.js').replace(/simile$/, 'simile/worker')}';
window.asked = workerAnswers(worker).then(() => knownAnswers(simile)).catch(String);`;
const html = (script) => `<!doctype html><meta charset="utf-8"><title>app</title><link rel="icon" href="data:,">${script}`;

async function asksInPage(address) {
  const { page, complaints } = await openPage(browser, address);
  await page.waitForFunction(() => window.asked !== undefined);
  assert.equal(await page.evaluate(() => window.asked), combinations);
  assert.deepEqual(complaints, []);
  await page.close();
}

test('the tarball holds what it should and nothing else', () => {
  const manifest = JSON.parse(file('package.json'));
  for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies']) assert.equal(manifest[kind], undefined);
  const peers = Object.keys(manifest.peerDependencies);
  for (const name of peers) assert.equal(manifest.peerDependenciesMeta[name]?.optional, true, `${name} is optional`);
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts?.[script], undefined);
  assert.equal(manifest.sideEffects, false);
  const wanted =
    /^(package\.json|README\.md|LICENSE|dist\/(workerd\/)?([a-z]+\/)?(simile\.1|integrity\.json|[a-z-]+\.d\.ts|[a-z-]+\.js(\.map)?|simile(-[a-z]+)?\.wasm(\.d\.ts)?))$/;
  const paths = pack.about.files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter((path) => !wanted.test(path)),
    [],
  );
  for (const path of ['LICENSE', 'README.md', 'dist/simile.js', 'dist/simile.d.ts']) assert.ok(paths.includes(path), path);
});

test('the sizes are held', () => {
  const packed = (name) => brotliCompressSync(file(name)).length;
  const loaded = pack.about.files.map(({ path }) => path).filter((path) => /\.(js|wasm)$/.test(path));
  const sizes = Object.fromEntries(loaded.map((path) => [path, packed(path)]));
  console.log(`brotli bytes: ${JSON.stringify(sizes)}`);
  for (const path of loaded)
    assert.ok(sizes[path] > kB && sizes[path] <= largest[path.replace('workerd/', '')], `${path}: ${sizes[path]} bytes`);
});

test('who takes the cosine alone gets little else', async () => {
  writeFileSync(
    join(pack.app, 'cosine.js'),
    "import { cosineSimilarity } from 'simile'; console.log(cosineSimilarity([1], [1]));",
  );
  const { outputFiles } = await esbuild({
    absWorkingDir: pack.app,
    entryPoints: ['cosine.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const size = brotliCompressSync(outputFiles[0].contents).length;
  assert.ok(size <= kB, `${size} bytes`);
});

test('publint and Are the types wrong report nothing', async () => {
  const { messages } = await publint({ pkgDir: pack.installed, level: 'suggestion', strict: true, pack: false });
  assert.deepEqual(messages, []);
  const attw = join(web, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  // On a problem it ends with an exit code, and so with a throw here; what the profile leaves out is in the report all the same.
  const { problems } = JSON.parse(run(process.execPath, [attw, '--profile', 'esm-only', '--format', 'json', pack.tarball]));
  const found = Object.values(problems).flat();
  assert.deepEqual(
    found.filter(({ resolutionKind }) => !['node10', 'node16-cjs'].includes(resolutionKind)),
    [],
  );
});

/** How often each instruction stands in a module of the package. */
async function instructions(name) {
  const { readWasm } = await wabt();
  const module = readWasm(file(`dist/${name}`), { simd: true, relaxed_simd: true, exceptions: true, bulk_memory: true });
  const counts = new Map();
  for (const [word] of module.toText({}).matchAll(/\b[a-z0-9]+(?:\.[a-z0-9_]+)\b/g))
    counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

test('the packed builds still have their SIMD instructions', async () => {
  const plain = await instructions('simile.wasm');
  const relaxed = await instructions('simile-relaxed.wasm');
  for (const name of ['i32x4.dot_i16x8_s', 'i8x16.swizzle', 'f32x4.mul', 'i8x16.popcnt']) assert.ok(plain.get(name) > 0, name);
  const isRelaxed = (name) => name.includes('relaxed_');
  assert.deepEqual([...plain.keys()].filter(isRelaxed), [], 'relaxed instructions where they are not understood');
  for (const name of ['i32x4.relaxed_dot_i8x16_i7x16_add_s', 'i32x4.dot_i16x8_s']) assert.ok(relaxed.get(name) > 0, name);
});

test('Node runs it', () => {
  const script = `import * as simile from 'simile'; import { knownAnswers } from './known-answers.mjs';
    console.log(await knownAnswers(simile), (await simile.init()).simd);`;
  writeFileSync(join(pack.app, 'node.mjs'), script);
  assert.equal(run(process.execPath, ['node.mjs']).trim(), `${combinations} simd128`);
  assert.equal(run(process.execPath, ['--experimental-wasm-relaxed-simd', 'node.mjs']).trim(), `${combinations} relaxed`);
});

test('Node runs the store, whose errors are those of the package', () => {
  const script = `import { SimileError } from 'simile'; import { openStore } from 'simile/store';
    const store = await openStore('a');
    await store.save(new Uint8Array(3));
    const error = await store.save('text').catch((error) => error);
    console.log(store.kind, (await store.load()).length, error instanceof SimileError);`;
  writeFileSync(join(pack.app, 'store.mjs'), script);
  assert.equal(run(process.execPath, ['store.mjs']).trim(), 'memory 3 true');
});

test('Node runs the index of texts, whose errors are those of the package', () => {
  const script = `import { SimileError } from 'simile'; import { TextIndex } from 'simile/text';
    const texts = await TextIndex.create();
    await texts.addMany(['a cat', 'a dog']);
    try { texts.remove(2); } catch (error) { console.log(texts.search('Cat')[0].row, error instanceof SimileError); }`;
  writeFileSync(join(pack.app, 'text.mjs'), script);
  assert.equal(run(process.execPath, ['text.mjs']).trim(), '0 true');
});

test('the command line runs by its name: builds, searches and verifies', () => {
  const simile = (...args) => run(join(pack.app, 'node_modules/.bin/simile'), args);
  assert.equal(simile('--version').trim(), JSON.parse(file('package.json')).version);
  writeFileSync(join(pack.app, 'docs.jsonl'), '{"id":"a","text":"the cat sat"}\n{"id":"b","text":"a dog ran"}\n');
  simile('build', 'docs.jsonl', '-o', 'docs.simile', '--quiet');
  const { hits } = JSON.parse(simile('search', 'docs.simile', 'dog', '--json'));
  assert.deepEqual(
    hits.map(({ id }) => id),
    ['b'],
  );
  assert.match(simile('verify', '--full', 'docs.simile'), /ok \(full\)/);
});

test('TypeScript takes the types strictly, with nothing but its own libraries, and the result runs', () => {
  const source = `import { cosineSimilarity, type Hit, Index, init, SimileError, version } from 'simile';
    import { openStore, type Store } from 'simile/store';
    import { TextIndex, type TextHit } from 'simile/text';
    import { createWorkerIndex, WorkerIndex } from 'simile/worker';
    const inWorker: WorkerIndex = await createWorkerIndex({ dims: 2, workers: 2 });
    await inWorker.addMany(['a', 1], [[1, 0], [0, 1]], { transfer: true });
    const lists: readonly (readonly Hit[])[] = await inWorker.searchMany([1, 0], { filter: new Set(['a']), k: 1 });
    // @ts-expect-error a function cannot be sent to a worker
    await inWorker.search([1, 0], { filter: () => true }).catch((error: SimileError) => console.log(error.code, lists.length));
    (await WorkerIndex.fromBytes(await inWorker.toBytes())).terminate();
    inWorker.dispose();
    using texts: TextIndex = await TextIndex.create({ scoring: 'bm25+', rewrite: (term) => (term === 'the' ? undefined : term) });
    await texts.addMany(['a cat', [{ text: 'a dog', weight: 2 }]], { onProgress: ({ loaded }) => void loaded });
    const found: readonly TextHit[] = texts.search('dog', { k: 1, rows: Uint32Array.of(2) });
    if (found[0]?.row !== 1) throw new Error('dog');
    using index: Index = await Index.create({ dims: 2, codec: 'int8' });
    await index.addMany(['a', 1], { data: new Float32Array([1, 0, 0, 1]), dims: [2, 2] }, { onProgress: ({ loaded }) => void loaded.toFixed() });
    const hits: readonly Hit[] = await index.search([1, 0.5], { k: 1, filter: new Set(['a', 1]), recall: 0.999, minScore: 0.2, ranges: [[0, 2]] });
    const vector: Float32Array | undefined = index.get(hits[0]!.id);
    const core = await init({ simd: 'simd128' });
    (await Index.create({ dims: 2, codec: 'int4+rotated' })).dispose();
    const store: Store = await openStore('notes', { backend: 'auto' });
    await store.save(index);
    const stored: Uint8Array | undefined = await store.load();
    (await Index.fromBytes(stored!)).dispose();
    // @ts-expect-error codes have 1 to 8 bits
    await Index.create({ dims: 2, codec: 'rabitq9' }).catch((error: unknown) => console.log(error instanceof SimileError && error.code));
    // @ts-expect-error a codec that there is not
    await Index.create({ dims: 2, codec: 'f64' }).catch((error: unknown) => console.log(error instanceof SimileError && error.code));
    // @ts-expect-error bytes are no vector of numbers
    await index.search(new Uint8Array(2)).catch((error: SimileError) => console.log(error.code));
    console.log(hits[0]!.id, vector?.length, core.simd, cosineSimilarity([1], [1]), typeof version);`;
  writeFileSync(join(pack.app, 'typed.ts'), source);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
  };
  writeFileSync(join(pack.app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  try {
    run(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', pack.app]);
  } catch (error) {
    assert.fail(error.stdout);
  }
  const lines = run(process.execPath, ['typed.js']).trim().split('\n');
  assert.deepEqual(lines, [
    'invalid_argument 1',
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'a 2 simd128 1 string',
  ]);
});

test('the first program of the README prints what its comments say', () => {
  const [, program] = /```js\n(import [\s\S]*?)```/.exec(file('README.md'));
  writeFileSync(join(pack.app, 'readme.mjs'), program);
  assert.deepEqual(run(process.execPath, ['readme.mjs']).trim().split('\n'), ['cat 0.99', 'dog 0.99', '4']);
});

test('the bytes in the README are those of a file', async () => {
  const { Index } = await import(pathToFileURL(join(pack.installed, 'dist/simile.js')));
  const rows = 6400;
  for (const [, codec, bytes] of String(file('README.md')).matchAll(/\| `(\w+)`[^|]*\| (\d+) \|/g)) {
    const index = await Index.create({ dims: 384, codec });
    await index.addMany([...Array(rows).keys()], new Float32Array(rows * 384).fill(1));
    const perRow = index.toBytes().length / rows;
    console.log(`${codec}: ${perRow.toFixed(2)} bytes a vector of 384 dims`);
    assert.equal(Math.round(perRow), Number(bytes), codec);
    index.dispose();
  }
});

test('CommonJS can require it', () => {
  writeFileSync(join(pack.app, 'common.cjs'), "console.log(require('simile').cosineSimilarity([1, 1], [2, 2]))");
  assert.ok(Math.abs(Number(run(process.execPath, ['--no-warnings', 'common.cjs'])) - 1) < 1e-12);
});

test('a module of Node finds the builds and the manifest by name', () => {
  const script = `import { readFileSync } from 'node:fs';
    for (const name of ['simile.wasm', 'simile-relaxed.wasm', 'simile-text.wasm', 'package.json']) readFileSync(new URL(import.meta.resolve('simile/' + name)));
    console.log('found');`;
  writeFileSync(join(pack.app, 'resolve.mjs'), script);
  assert.equal(run(process.execPath, ['resolve.mjs']).trim(), 'found');
});

test('a page without a bundler runs it', async () => {
  writeFileSync(join(pack.app, 'plain.js'), pageScript('./node_modules/simile/dist/simile.js'));
  const page = html('<script type="module" src="/app/plain.js"></script>');
  const server = await startStaticServer({ app: pack.app }, { pages: { '/': page } });
  await asksInPage(server.address);
  server.close();
});

test('Vite builds it, and its development server serves it', async () => {
  writeFileSync(join(pack.app, 'main.js'), pageScript('simile'));
  writeFileSync(join(pack.app, 'index.html'), html('<script type="module" src="/main.js"></script>'));
  const warnings = [];
  const customLogger = {
    info() {},
    warn: (text) => warnings.push(text),
    warnOnce: (text) => warnings.push(text),
    error: (text) => warnings.push(text),
    clearScreen() {},
    hasErrorLogged: () => false,
    hasWarned: false,
  };
  const config = {
    root: pack.app,
    configFile: false,
    customLogger,
    build: { emptyOutDir: true },
    preview: { port: 0 },
    server: { port: 0, host: '127.0.0.1' },
  };
  const { output } = await build(config);
  const names = output.map(({ fileName }) => fileName).filter((name) => name.endsWith('.wasm'));
  assert.equal(names.length, 4, `${names}`);
  assert.deepEqual(warnings, []);
  const built = await preview({ ...config, preview: { port: 4173, host: '127.0.0.1' } });
  await asksInPage(built.resolvedUrls.local[0]);
  await built.close();

  const development = await createServer(config);
  await development.listen();
  await asksInPage(development.resolvedUrls.local[0]);
  await development.close();
});
