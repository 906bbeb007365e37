// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { initText, TextIndex } from 'simile/text';
import { refusal, refused } from '../support/expect.mjs';

async function indexOf(texts, options) {
  const index = await TextIndex.create(options);
  await index.addMany(texts);
  return index;
}
const rows = (hits) => hits.map(({ row }) => row);
const words = (terms) => terms.map(({ term }) => term);
const web = fileURLToPath(new URL('../..', import.meta.url));
const runNode = (script, ...options) =>
  execFileSync(process.execPath, [...options, '--input-type=module', '-e', script], { cwd: web, encoding: 'utf8' }).trim();

test('the best texts for some words are found, best first, ties by row', async () => {
  const index = await indexOf(['a cat and a cat', 'a dog', 'the cat sat there on its mat', '', 'CAT!', 'cat']);
  assert.deepEqual(rows(index.search('cat')), [4, 5, 0, 2]);
  assert.deepEqual(rows(index.search('dog cat')), [1, 4, 5, 0, 2]);
  assert.deepEqual(rows(index.search('cat', { k: 2 })), [4, 5]);
  const [best, , third] = index.search('cat');
  assert.deepEqual(rows(index.search('cat', { minScore: third.score })), [4, 5, 0]);
  assert.deepEqual(rows(index.search('cat', { minScore: best.score + 1e-9 })), []);
  assert.deepEqual(rows(index.search('cat', { rows: Uint32Array.of(0b101) })), [0, 2]);
  assert.deepEqual(index.search('bird'), []);
  assert.deepEqual(index.search(''), []);
  assert.equal(index.size, 6);
  assert.equal(index.count('cat'), 4);
  assert.equal(index.count('bird'), 0);
  assert.equal(index.averageLength, (5 + 2 + 7 + 0 + 1 + 1) / 6);
  assert.ok(index.byteLength > 0);
});

test('a search without k gives ten, with minScore all', async () => {
  const index = await indexOf(Array(50).fill('same'));
  assert.equal(index.search('same').length, 10);
  assert.equal(index.search('same', { minScore: 0 }).length, 50);
});

test('rows are numbered as in an Index: the last one takes the place of a removed one', async () => {
  const index = await indexOf(['a', 'b', 'c', 'd']);
  index.remove(1);
  assert.deepEqual(rows(index.search('d')), [1]);
  index.update(0, 'e');
  assert.deepEqual(index.search('a'), []);
  assert.deepEqual(rows(index.search('e')), [0]);
  index.add('f');
  assert.deepEqual(rows(index.search('f')), [3]);
  index.compact();
  assert.deepEqual(rows(index.search('d c f e', { k: 9 })), [0, 1, 2, 3]);
});

test('a field counts as often as it weighs', async () => {
  const index = await indexOf([
    [{ text: 'cat', weight: 3 }, { text: 'dog bird' }],
    'cat cat cat dog bird',
    [{ text: 'cat dog' }, { text: 'secret', weight: 0 }],
    [],
  ]);
  const [first, second, third] = index.search('cat');
  assert.deepEqual([first.row, second.row, third.row], [0, 1, 2]);
  assert.equal(first.score, second.score);
  assert.deepEqual(index.search('secret'), []);
});

test('scores are those of the formulas', async () => {
  const texts = ['a a b', 'b', 'c c c c'];
  const idf = Math.log1p((3 - 1 + 0.5) / 1.5);
  const norm = (k1, b) => k1 * (1 - b + (b * 3) / (8 / 3));
  const okapi = (f, k1, b) => (f * (k1 + 1)) / (f + norm(k1, b));
  const l = (f, k1, b, delta) => {
    const c = f / (1 - b + (b * 3) / (8 / 3)) + delta;
    return (c * (k1 + 1)) / (c + k1);
  };
  const cases = [
    [{}, okapi(2, 1.2, 0.75)],
    [{ k1: 2, b: 0.5 }, okapi(2, 2, 0.5)],
    [{ k1: 0 }, 1],
    [{ scoring: 'bm25+' }, okapi(2, 1.2, 0.75) + 1],
    [{ scoring: 'bm25+', delta: 0.25 }, okapi(2, 1.2, 0.75) + 0.25],
    [{ scoring: 'bm25l' }, l(2, 1.2, 0.75, 0.5)],
  ];
  for (const [options, weight] of cases) {
    const index = await indexOf(texts, options);
    const [{ row, score }] = index.search('a');
    assert.equal(row, 0);
    assert.ok(Math.abs(score - idf * weight) < 1e-6, `${JSON.stringify(options)}: ${score}, not ${idf * weight}`);
    assert.equal(index.search('a a')[0].score, Math.fround(2 * idf * weight), 'a word twice in the query');
  }
});

test('the scale is what a usual text with all words of a query scores', async () => {
  const texts = ['cat dog', 'cat bird', 'x y', 'z w'];
  const idf = (n) => Math.log1p((4 - n + 0.5) / (n + 0.5));
  for (const [options, weight] of [
    [{}, 1],
    [{ k1: 3, b: 0.1 }, 1],
    [{ scoring: 'bm25+', delta: 0.5 }, 1.5],
    [{ scoring: 'bm25l', k1: 1, delta: 0.5 }, (1.5 * 2) / 2.5],
  ]) {
    const index = await indexOf(texts, options);
    assert.ok(Math.abs(index.scale('Cat cat dog') - weight * (2 * idf(2) + idf(1))) < 1e-9, JSON.stringify(options));
    assert.ok(Math.abs(index.scale('cat dog') - index.search('cat dog')[0].score) < 1e-6);
    assert.ok(Math.abs(index.scale('unknown') - weight * idf(0)) < 1e-9);
    assert.equal(index.scale('—'), 0);
  }
});

test('words are letters and numbers in lower case, without accents unless asked', async () => {
  const index = await TextIndex.create();
  assert.deepEqual(words(index.terms("Don't PANIC, Straße 42!")), ['don', 't', 'panic', 'strasse', '42']);
  assert.deepEqual(index.terms('Crème Bru\u0302le\u0301e'), [
    { term: 'creme', start: 0, end: 5 },
    { term: 'brulee', start: 6, end: 14 },
  ]);
  const strict = await TextIndex.create({ foldAccents: false });
  assert.deepEqual(words(strict.terms('Crème')), ['crème']);
  assert.deepEqual(index.terms(''), []);
  assert.deepEqual(index.terms(' \n\t—…'), []);
});

test('scripts without spaces give characters, pairs, or both', async () => {
  const [both, pairs, characters] = await Promise.all(
    ['both', 'bigrams', 'characters'].map((unspaced) => TextIndex.create({ unspaced })),
  );
  assert.deepEqual(words(both.terms('猫が好き')), ['猫', 'が', '猫が', '好', 'が好', 'き', '好き']);
  assert.deepEqual(words(pairs.terms('猫が好き cat')), ['猫が', 'が好', '好き', 'cat']);
  assert.deepEqual(words(characters.terms('猫が好き')), ['猫', 'が', '好', 'き']);
  await both.addMany(['私は猫が好きです', '犬が嫌い', 'สวัสดีครับ', '안녕하세요 세계', '𠀀𠀁']);
  assert.deepEqual(rows(both.search('猫が好き')), [0, 1]);
  assert.deepEqual(rows(both.search('세계')), [3]);
  assert.deepEqual(rows(both.search('สวัสดี'))[0], 2);
  assert.deepEqual(rows(both.search('𠀁')), [4]);
});

test('words that plain objects have are words', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const index = await indexOf(names);
  names.forEach((name, row) => {
    assert.deepEqual(rows(index.search(name)), [row], name);
  });
  assert.equal(index.count('constructor'), 1);
  assert.deepEqual(index.search('prototype'), []);
});

test('any string is a text: halves of pairs, zeros, marks without letters', async () => {
  const strange = ['\ud800', 'a\udc00b', '\0', 'x\0y', '\ufeff', '\u0301\u0301', '\u200d', '\ud83d\ude00\ud83d', '\uffff'];
  const index = await indexOf(strange);
  assert.equal(index.size, strange.length);
  assert.deepEqual(words(index.terms('a\udc00b')), ['a', 'b'], 'half a pair parts words');
  assert.deepEqual(index.terms('\ud83d\ude00 a\ud83d b'), [
    { term: 'a', start: 3, end: 4 },
    { term: 'b', start: 6, end: 7 },
  ]);
  assert.deepEqual(rows(index.search('y')), [3]);
  for (const text of strange) for (const query of strange) index.highlight(query, text);
});

test('highlights are places of the string', async () => {
  const index = await TextIndex.create();
  const marked = (query, text) => index.highlight(query, text).map(({ start, end }) => text.slice(start, end));
  assert.deepEqual(marked('cat dog', 'The CAT, the 👍👍 dog; cats'), ['CAT', 'dog']);
  assert.deepEqual(marked('creme', '𝒞 «Crème» 𠮷 cre\u0300me'), ['Crème', 'cre\u0300me']);
  assert.deepEqual(marked('好き', '👍好き👍 猫が好きです 好'), ['好き', '好き']);
  assert.deepEqual(marked('が', '猫が好き'), ['が']);
  assert.deepEqual(marked('', 'cat'), []);
  assert.deepEqual(marked('cat', ''), []);
  assert.deepEqual(index.highlight('b', '\ud800b'), [{ start: 1, end: 2 }]);
  const many = Array(1000).fill('cat').join('👍');
  assert.deepEqual(marked('cat', many), Array(1000).fill('cat'));
});

test('a word of a megabyte and a million combining marks take time in proportion', async () => {
  const index = await TextIndex.create();
  const long = 'x'.repeat(1_000_000);
  const marked = `e${'\u0301'.repeat(1_000_000)} cat`;
  const vowels = `क${'\u093f'.repeat(1_000_000)}`;
  const start = performance.now();
  await index.addMany([long, marked, vowels, `${long}y`]);
  assert.deepEqual(rows(index.search(long)), [0, 3], 'cut to their first 256 bytes');
  assert.deepEqual(rows(index.search('e')), [1]);
  assert.deepEqual(rows(index.search('cat')), [1]);
  assert.deepEqual(index.highlight('e', marked), [{ start: 0, end: 1_000_001 }]);
  assert.deepEqual(rows(index.search(vowels)), [2]);
  const again = await TextIndex.fromBytes(index.toBytes());
  assert.deepEqual(rows(again.search('é')), [1]);
  const seconds = (performance.now() - start) / 1000;
  assert.ok(seconds < 10, `${seconds} seconds`);
});

test('terms can be rewritten and left out', async () => {
  const stem = (term) => (term === 'the' ? undefined : term === 'a' ? '' : term.replace(/s$/, ''));
  const index = await indexOf(['The cats', 'a cat', 'dogs'], { rewrite: stem });
  assert.deepEqual(rows(index.search('CATS the')), [0, 1]);
  assert.deepEqual(words(index.terms('The cats a')), ['cat']);
  assert.deepEqual(index.highlight('cat', 'The cats'), [{ start: 4, end: 8 }]);
  const bytes = index.toBytes();
  await refused('invalid_argument', () => TextIndex.fromBytes(bytes));
  const again = await TextIndex.fromBytes(bytes, { rewrite: stem });
  assert.deepEqual(again.search('dog'), index.search('dog'));
  const plain = (await indexOf(['a'])).toBytes();
  await refused('invalid_argument', () => TextIndex.fromBytes(plain, { rewrite: stem }));
});

test('what a rewrite throws is passed on and changes nothing', async () => {
  let isAngry = false;
  const mine = new TypeError('mine');
  const rewrite = (term) => {
    if (isAngry && term === 'bad') throw mine;
    if (isAngry && term === 'number') return 7;
    if (isAngry && term === 'long') return 'x'.repeat(5000);
    if (isAngry && term === 'own') index.count('x');
    return term;
  };
  const index = await indexOf(['good bad'], { rewrite });
  isAngry = true;
  const before = index.toBytes();
  for (const use of [
    () => index.add('some bad'),
    () => index.update(0, 'bad'),
    () => index.search('bad'),
    () => index.highlight('a', 'bad'),
    () => index.terms('bad'),
  ])
    assert.throws(use, mine);
  await assert.rejects(index.addMany(['x', 'bad']), mine);
  await refused('invalid_argument', () => index.add('number'));
  await refused('limit_exceeded', () => index.add('long'));
  await refused('invalid_argument', () => index.add('own'));
  assert.deepEqual(index.toBytes(), before);
  assert.deepEqual(rows(index.search('good')), [0]);
});

test('what is no argument is refused and changes nothing', async () => {
  const index = await indexOf(['a', 'b']);
  const before = index.toBytes();
  const wrong = [
    ['invalid_argument', () => index.add(7)],
    ['invalid_argument', () => index.add(null)],
    ['invalid_argument', () => index.add([{ text: 'x' }, { text: 7 }])],
    ['invalid_argument', () => index.add(['x'])],
    ['invalid_argument', () => index.add([{ text: 'x', weight: '1' }])],
    ['out_of_range', () => index.add([{ text: 'x', weight: 0.5 }])],
    ['out_of_range', () => index.add([{ text: 'x', weight: -1 }])],
    ['out_of_range', () => index.add([{ text: 'x', weight: 65_536 }])],
    ['invalid_argument', () => index.addMany(['x', undefined])],
    ['invalid_argument', () => index.addMany('text')],
    ['invalid_argument', () => index.addMany(7)],
    ['out_of_range', () => index.remove(2)],
    ['out_of_range', () => index.remove(-1)],
    ['out_of_range', () => index.remove(0.5)],
    ['out_of_range', () => index.remove(2 ** 40)],
    ['invalid_argument', () => index.remove('0')],
    ['out_of_range', () => index.update(2, 'x')],
    ['invalid_argument', () => index.update(0, 7)],
    ['invalid_argument', () => index.search(7)],
    ['invalid_argument', () => index.search('a', { k: 0 })],
    ['invalid_argument', () => index.search('a', { k: 1.5 })],
    ['invalid_argument', () => index.search('a', { minScore: Number.NaN })],
    ['invalid_argument', () => index.search('a', { rows: [1] })],
    ['dimension_mismatch', () => index.search('a', { rows: new Uint32Array(2) })],
    ['invalid_argument', () => index.highlight('a', null)],
    ['invalid_argument', () => index.terms(7)],
    ['invalid_argument', () => index.count(7)],
    ['invalid_argument', () => index.scale(7)],
    ['invalid_argument', () => TextIndex.create({ scoring: 'tfidf' })],
    ['invalid_argument', () => TextIndex.create({ unspaced: 'words' })],
    ['invalid_argument', () => TextIndex.create({ k1: -1 })],
    ['invalid_argument', () => TextIndex.create({ b: 1.5 })],
    ['invalid_argument', () => TextIndex.create({ b: '1' })],
    ['not_finite', () => TextIndex.create({ delta: Number.POSITIVE_INFINITY })],
    ['invalid_argument', () => TextIndex.create({ foldAccents: 1 })],
    ['invalid_argument', () => TextIndex.create({ rewrite: 'stem' })],
    ['invalid_argument', () => TextIndex.create(null)],
    ['invalid_argument', () => TextIndex.fromBytes('text')],
    ['invalid_argument', () => TextIndex.fromBytes(before, { verify: 'all' })],
  ];
  for (const [code, use] of wrong) await refused(code, use, String(use));
  assert.deepEqual(index.toBytes(), before);
});

test('addMany tells how far it is, and a cancelled one is taken back', async () => {
  const index = await indexOf(['first']);
  const before = index.toBytes();
  const texts = Array.from({ length: 2000 }, (_, i) => `text number ${i}`);
  const told = [];
  await index.addMany(texts, { onProgress: (progress) => told.push(progress) });
  assert.ok(told.length > 3);
  assert.deepEqual(told.at(-1), { loaded: 2000, total: 2000 });
  assert.equal(index.size, 2001);

  const other = await TextIndex.fromBytes(before);
  const stop = new AbortController();
  const reason = new Error('enough');
  const work = other.addMany(texts, { signal: stop.signal, onProgress: ({ loaded }) => loaded > 500 && stop.abort(reason) });
  const error = await refused('cancelled', () => work);
  assert.equal(error.cause, reason);
  assert.deepEqual(other.toBytes(), before);
  const mine = new Error('mine');
  const thrown = other.addMany(texts, {
    onProgress: () => {
      throw mine;
    },
  });
  await assert.rejects(thrown, mine);
  assert.deepEqual(other.toBytes(), before);
  await refused('cancelled', () => other.addMany(texts, { signal: AbortSignal.abort() }));
  await other.addMany([]);
  assert.equal(other.size, 1);
});

test('while addMany is at work the index answers and does not change', async () => {
  const index = await indexOf(['cat']);
  const work = index.addMany(Array(5000).fill('dog'));
  assert.deepEqual(rows(index.search('cat')), [0]);
  for (const change of [
    () => index.add('x'),
    () => index.update(0, 'x'),
    () => index.remove(0),
    () => index.compact(),
    () => index.toBytes(),
    () => index.addMany(['x']),
  ])
    await refused('incomplete', change, String(change));
  await work;
  index.add('bird');
  assert.deepEqual(rows(index.search('bird')), [5001]);
  const disposed = index.addMany(Array(5000).fill('dog'));
  index.dispose();
  await refused('disposed', () => disposed);
});

test('an index that was disposed of says so', async () => {
  const index = await indexOf(['a']);
  index.dispose();
  index.dispose();
  index[Symbol.dispose]();
  const uses = [
    () => index.add('b'),
    () => index.addMany(['b']),
    () => index.update(0, 'b'),
    () => index.remove(0),
    () => index.compact(),
    () => index.search('a'),
    () => index.highlight('a', 'a'),
    () => index.terms('a'),
    () => index.count('a'),
    () => index.scale('a'),
    () => index.toBytes(),
    () => index.size,
    () => index.byteLength,
    () => index.averageLength,
  ];
  for (const use of uses) await refused('disposed', use, String(use));
});

test('a saved index is the same index, and the bytes do not tell how it came to be', async () => {
  const index = await indexOf(['x', 'cat dog', 'b'], { scoring: 'bm25l', k1: 2, unspaced: 'bigrams', foldAccents: false });
  index.remove(0);
  index.update(0, 'Crème 猫が');
  const bytes = index.toBytes();
  const again = await TextIndex.fromBytes(bytes.buffer, { verify: 'full' });
  assert.deepEqual(again.search('crème cat 猫が'), index.search('crème cat 猫が'));
  assert.deepEqual(words(again.terms('Crème 猫が')), ['crème', '猫が']);
  assert.deepEqual(again.toBytes(), bytes);
  const direct = await indexOf(['Crème 猫が', 'cat dog'], { scoring: 'bm25l', k1: 2, unspaced: 'bigrams', foldAccents: false });
  assert.deepEqual(direct.toBytes(), bytes);
  again.add('bird');
  assert.deepEqual(rows(again.search('bird')), [2]);
  await refused('limit_exceeded', () => TextIndex.fromBytes(bytes, { limits: { maxBytes: 100 } }));
  await refused('limit_exceeded', () => TextIndex.fromBytes(bytes, { limits: { maxRows: 1 } }));
  await refused('cancelled', () => TextIndex.fromBytes(bytes, { signal: AbortSignal.abort() }));
  const empty = await TextIndex.fromBytes((await TextIndex.create()).toBytes());
  assert.deepEqual([empty.size, empty.search('a')], [0, []]);
});

/** Bytes 8 and 9 are the version; it may be looked at before the hash of the header. */
const isVersion = (at) => at === 8 || at === 9;

test('every flipped bit and every truncation of a file is refused', async () => {
  const good = (await indexOf(['the cat', 'the dog and the cat', '猫', ''])).toBytes();
  for (let at = 0; at < good.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bad = good.slice();
      bad[at] ^= 1 << bit;
      const { code } = await refusal(() => TextIndex.fromBytes(bad));
      const isRight = code === 'corrupt_file' || (isVersion(at) && code === 'unsupported_version');
      assert.ok(isRight, `bit ${bit} of byte ${at} gave ${code}`);
    }
  }
  for (let length = 0; length < good.length; length++)
    await refused('truncated_file', () => TextIndex.fromBytes(good.subarray(0, length)), `${length} bytes:`);
  const longer = new Uint8Array(good.length + 64);
  longer.set(good);
  await refused('corrupt_file', () => TextIndex.fromBytes(longer));
});

test('damage that nobody looks for is refused or harmless, and never ends the instance', async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `word${i % 7} other${i % 40} 猫${i}`);
  const good = (await indexOf(texts)).toBytes();
  const bystander = await indexOf(['cat']);
  const expected = [
    'corrupt_file',
    'truncated_file',
    'unsupported_version',
    'limit_exceeded',
    'out_of_memory',
    'invalid_argument',
  ];
  let loaded = 0;
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at] ^= 1 << ((at * 5) % 8);
    let damaged;
    try {
      damaged = await TextIndex.fromBytes(bad, { verify: 'structure' });
      loaded++;
      damaged.search('word1 other3 猫');
      if (at % 16 === 0) {
        damaged.update(1, 'new');
        damaged.remove(0);
        damaged.compact();
        damaged.toBytes();
      }
    } catch (error) {
      assert.ok(expected.includes(error.code), `byte ${at}: ${error}`);
    }
    damaged?.dispose();
  }
  assert.ok(loaded > 0);
  assert.deepEqual(rows(bystander.search('cat')), [0]);
});

test('indexes made, used and disposed of leave the memory as it was', async () => {
  const { instantiate } = WebAssembly;
  let memory;
  WebAssembly.instantiate = async (...args) => {
    const instance = await instantiate(...args);
    memory = instance.exports.memory;
    return instance;
  };
  await initText({ wasm: readFileSync(new URL('../../dist/simile-text.wasm', import.meta.url)) });
  WebAssembly.instantiate = instantiate;
  const cycle = async () => {
    const index = await TextIndex.create();
    index.add('the cat sat on the mat');
    index.search('cat');
    (await TextIndex.fromBytes(index.toBytes())).dispose();
    index.dispose();
  };
  for (let i = 0; i < 100; i++) await cycle();
  const before = memory.buffer.byteLength;
  for (let i = 0; i < 10_000; i++) await cycle();
  assert.equal(memory.buffer.byteLength, before);
  const bad = (await TextIndex.create()).toBytes();
  bad[100] ^= 1;
  for (let i = 0; i < 10_000; i++) await TextIndex.fromBytes(bad).catch(() => {});
  assert.equal(memory.buffer.byteLength, before);
});

test('indexes that are forgotten are freed', { timeout: 60_000 }, () => {
  const script = `
    import { TextIndex } from 'simile/text';
    const { instantiate } = WebAssembly; let memory;
    WebAssembly.instantiate = async (...args) => { const instance = await instantiate(...args); memory = instance.exports.memory; return instance; };
    const texts = Array.from({ length: 300 }, (_, i) => 'word' + i + ' ' + 'x'.repeat(200) + i);
    const one = async () => { const index = await TextIndex.create(); await index.addMany(texts); };
    for (let i = 0; i < 150; i++) { await one(); if (i % 10 === 9) { gc(); await new Promise((r) => setTimeout(r)); } }
    console.log(memory.buffer.byteLength);`;
  const bytes = Number(runNode(script, '--expose-gc'));
  // All of them would hold 150 times 150 kB.
  assert.ok(bytes < 12e6, `${bytes} bytes`);
});

test('initText takes every kind of source, and what is another file is refused', async () => {
  const file = new URL('../../dist/simile-text.wasm', import.meta.url);
  const old = await indexOf(['cat']);
  const sources = [
    readFileSync(file),
    file,
    file.href,
    new Response(readFileSync(file), { headers: { 'content-type': 'application/wasm' } }),
    WebAssembly.compile(readFileSync(file)),
  ];
  for (const wasm of sources) {
    await initText({ wasm });
    assert.deepEqual(rows((await indexOf(['a', 'b'])).search('b')), [1]);
  }
  await refused('invalid_argument', () => initText({ wasm: new URL('../../dist/simile.wasm', import.meta.url) }));
  await refused('io_failure', () => initText({ wasm: new URL('../../dist/nothing.wasm', import.meta.url) }));
  await initText();
  assert.equal((await indexOf(['a'])).size, 1);
  assert.deepEqual(rows(old.search('cat')), [0], 'an index lives on in its own instance');
});

test('importing does no work and needs no browser', () => {
  const script = `
    for (const name of ['WebAssembly', 'fetch', 'Response', 'FinalizationRegistry', 'performance']) delete globalThis[name];
    const { TextIndex } = await import('simile/text');
    try { await TextIndex.create(); } catch (error) { console.log(error.code); }`;
  assert.equal(runNode(script), 'not_supported');
});
