// SPDX-License-Identifier: Apache-2.0
// The command line as a program: what it answers, where to, with which exit code, and what it leaves behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Index, version } from 'simile';
import { Collection } from 'simile/collection';
import { wordVectors } from 'simile/embedders/static';
import { folderFor, run, start } from '../support/cli.mjs';
import { startEmbeddingServer } from '../support/embedding-server.mjs';

const docs = [
  { id: 'walk', title: 'A walk', body: 'The dog runs in the park.', year: 2020, tags: ['pet'] },
  { id: 7, title: 'Money', body: 'Shares fell on the market.', year: 2024, tags: ['news', 'money'] },
  { id: 'bread', title: 'Bakery', body: 'Fresh bread and cake.', year: 2026 },
];
const words = [
  ['the', [0.1, 0.1, 0.1]],
  ['dog', [1, 0, 0.1]],
  ['puppy', [0.9, 0.1, 0.1]],
  ['shares', [0, 1, 0]],
  ['money', [0.1, 0.9, 0]],
  ['bread', [0, 0.1, 1]],
  ['cake', [0.1, 0, 0.9]],
];
let wordFile;
before(async () => {
  wordFile = (await wordVectors({ model: 'tiny', dims: 3, vectors: words, codec: 'f32' })).toBytes();
});

/** A folder with documents, word vectors and a collection of them. */
async function shop(t) {
  const cwd = folderFor(t);
  writeFileSync(join(cwd, 'docs.jsonl'), docs.map((doc) => JSON.stringify(doc)).join('\n'));
  writeFileSync(join(cwd, 'words.simile'), wordFile);
  const simile = (...args) => run(args, { cwd });
  return { cwd, simile };
}
async function ok(promise) {
  const result = await promise;
  assert.equal(result.code, 0, result.err);
  return result;
}
async function fails(code, promise, message) {
  const { code: actual, err, out } = await promise;
  assert.equal(actual, code, err);
  assert.match(err, message);
  assert.equal(out, '', 'nothing that looks like a result');
}

test('version and help', async () => {
  assert.equal((await ok(run(['--version']))).out, `${version}\n`);
  const { out } = await ok(run(['--help']));
  const names = [...out.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name);
  assert.deepEqual(names, ['build', 'search', 'info', 'verify', 'convert', 'eval', 'bench', 'serve', 'completion']);
  assert.match(out, /Examples:\n.*simile build/);
  assert.equal((await ok(run(['-v']))).out, `${version}\n`);
  assert.equal((await ok(run(['help', 'info']))).out, (await ok(run(['info', '-h']))).out);
  const helps = await Promise.all(names.map((name) => ok(run([name, '--help']))));
  for (const [i, { out: help }] of helps.entries()) {
    assert.match(help, new RegExp(`Usage: simile ${names[i]} `));
    assert.match(help, /Examples:\n.*simile/);
    for (const option of ['--json', '--quiet', '--help']) assert.ok(help.includes(option));
  }
});

test('wrong calls end with 2 and a guess of what was meant', async (t) => {
  const { simile } = await shop(t);
  await Promise.all([
    fails(2, simile(), /which command/),
    fails(2, simile('serch', 'x'), /no command "serch"; did you mean search\?/),
    fails(2, simile('constructor'), /no command "constructor"; simile --help/),
    fails(2, simile('info'), /missing.*simile info --help/),
    fails(2, simile('info', 'a', 'b'), /"b" is too much/),
    fails(2, simile('info', 'a', '--jsno'), /no option --jsno; did you mean --json\?/),
    fails(2, simile('verify', 'a', '--full=yes'), /--full takes no value/),
    fails(2, simile('verify', 'a', '--full', '--structure'), /exclude each other/),
    fails(2, simile('search', 'a', 'text', '-k'), /--k needs a value/),
    fails(2, simile('search', 'a', 'text', '-k', '0'), /--k must be a whole number from 1, not "0"/),
    fails(2, simile('search', 'a', 'text', '-k', '1e999'), /--k/),
    fails(2, simile('search', 'a', 'text', '--like', 'b'), /one of: a text/),
    fails(2, simile('build', 'docs.jsonl'), /-o FILE/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--text', 'titel'), /no field "titel"; it has id, title, body/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--embedder', 'statik:x'), /no embedder "statik".*did you mean static/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--codec', 'f23', '-e', 'static:words.simile'), /no codec "f23"/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--codec', 'f32'), /--codec is of vectors/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--similarity', 'cosin'), /did you mean cosine/),
    fails(2, simile('build', 'docs.jsonl', '-o', 'x', '--fields', 'year'), /NAME:TYPE/),
    fails(2, simile('convert', 'docs.jsonl', 'x.np'), /did you mean \.npy\?/),
    fails(2, simile('convert', '-', 'x.npy'), /--from/),
    fails(2, simile('build', '.', '-o', 'x'), /has no pages/),
  ]);
});

test('what cannot be read, what is damaged and what is too much have codes of their own', async (t) => {
  const { cwd, simile } = await shop(t);
  await fails(1, simile('info', 'nothing.simile'), /ENOENT.*nothing\.simile/);
  writeFileSync(join(cwd, 'cut.simile'), wordFile.subarray(0, 200));
  const flipped = Uint8Array.from(wordFile);
  flipped[flipped.length - 70] ^= 1;
  writeFileSync(join(cwd, 'flipped.simile'), flipped);
  await Promise.all([
    fails(3, simile('verify', 'cut.simile'), /cut\.simile: .*200 of \d+/),
    fails(3, simile('verify', 'flipped.simile'), /flipped\.simile/),
    fails(3, simile('info', 'docs.jsonl'), /docs\.jsonl/),
    fails(3, simile('search', 'flipped.simile', '--like', 'dog'), /flipped/),
    fails(1, run(['build', '-', '--from', 'jsonl', '-o', 'x'], { cwd, input: '{"id":1,"text":"a"}\n{"id":1,"text":"b"}' }), /1/),
    fails(
      4,
      run(['build', '-', '--from', 'csv', '-o', 'x.simile', '--id', 'id', '--vector', 'v'], {
        cwd,
        input: `id,v\n${'x'.repeat(65_536)},[1]\n`,
      }),
      /65536/,
    ),
    ok(simile('verify', '--full', 'words.simile')),
  ]);
  assert.equal(existsSync(join(cwd, 'x')), false);
  const { code, err } = await simile('verify', 'cut.simile', '--json');
  assert.equal(code, 3);
  assert.equal(JSON.parse(err).error.code, 'truncated_file');
  assert.equal(JSON.parse((await simile('info', '--json', '--no')).err).error.code, 'usage');
});

test('texts become a collection, which is searched by meaning and by words', async (t) => {
  const { cwd, simile } = await shop(t);
  const embedder = ['--embedder', 'static:words.simile'];
  const built = await ok(
    simile('build', 'docs.jsonl', '-o', 'docs.simile', '--fields', 'year:number,tags:string[]', ...embedder, '--json'),
  );
  const { bytes, ...made } = JSON.parse(built.out);
  assert.deepEqual(made, { output: 'docs.simile', kind: 'collection', documents: 3, passages: 3, dims: 3 });
  assert.equal(bytes, readFileSync(join(cwd, 'docs.simile')).length);
  // The file is that of the package.
  const collection = await Collection.fromBytes(readFileSync(join(cwd, 'docs.simile')));
  assert.deepEqual(collection.ids(), ['walk', 7, 'bread']);
  assert.deepEqual(collection.get(7), docs[1]);

  const hitsOf = async (...args) =>
    JSON.parse((await ok(simile('search', 'docs.simile', ...args, '--json'))).out).hits.map(({ id }) => id);
  assert.equal((await hitsOf('puppy', ...embedder))[0], 'walk');
  assert.deepEqual(await hitsOf('bread', '--mode', 'lexical'), ['bread']);
  assert.deepEqual(await hitsOf('puppy', ...embedder, '--where', '{"year":{"gt":2022}}', '-k', '1'), [7]);
  assert.equal((await hitsOf('--vector', '[0,0,1]'))[0], 'bread');
  assert.equal((await hitsOf('--like', '7')).includes(7), false);
  const { out } = await ok(simile('search', 'docs.simile', 'the', '--facets', 'tags', '--mode', 'lexical'));
  assert.match(out, /walk {2}A walk\n.*The dog runs[\s\S]*tags: .*pet \(1\)/);
  // Without an embedder words alone are looked for, and it is said.
  const plain = await ok(simile('search', 'docs.simile', 'bread'));
  assert.match(plain.err, /by words alone.*"tiny", 3 dims/);
  assert.match(plain.out, /bread/);

  await fails(2, simile('search', 'docs.simile', 'puppy', ...embedder, '--where', '{"colour":"red"}'), /colour/);
  await fails(2, simile('search', 'docs.simile', 'puppy', ...embedder, '--where', 'year>2000'), /--where is no JSON object/);
  const info = JSON.parse((await ok(simile('info', 'docs.simile', '--json'))).out);
  assert.deepEqual([info.kind, info.rows, info.dims, info.embedder.model], ['collection', 3, 3, 'tiny']);
  const other = (await wordVectors({ model: 'other', dims: 3, vectors: words })).toBytes();
  writeFileSync(join(cwd, 'other.simile'), other);
  await fails(
    1,
    simile('search', 'docs.simile', 'puppy', '-e', 'static:other.simile'),
    /model "tiny" there, "other" here.*embed the texts anew/,
  );
});

test('pipes: text in, an index out, queries in, hits out', async (t) => {
  const { cwd } = await shop(t);
  const input = readFileSync(join(cwd, 'docs.jsonl'));
  const built = await ok(run(['build', '-', '--from', 'jsonl', '-o', '-', '-e', 'static:words.simile'], { cwd, input }));
  writeFileSync(join(cwd, 'docs.simile'), built.bytes);
  assert.match(built.err, /3 documents/);
  const asked = await ok(
    run(['search', 'docs.simile', '--texts', '-', '-e', 'static:words.simile', '--json', '-k', '1'], {
      cwd,
      input: 'puppy\n\nmoney\n',
    }),
  );
  const lines = asked.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ query, hits }) => [query, hits[0].id]),
    [
      ['puppy', 'walk'],
      ['money', 7],
    ],
  );
  const vectors = await ok(
    run(['search', 'docs.simile', '--vector', '-', '-k', '1', '--json'], { cwd, input: '[0,1,0]\n[0,0,1]\n' }),
  );
  assert.deepEqual(
    vectors.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).hits[0].id),
    [7, 'bread'],
  );
  await ok(run(['verify', '-'], { cwd, input: built.bytes }));
  assert.equal(built.err.includes('\x1b'), false, 'no colours and no progress in pipes');
});

test('a reader that has seen enough is no failure', async (t) => {
  const { cwd } = await shop(t);
  const index = await Index.create({ dims: 2 });
  await index.addMany(
    Array.from({ length: 20_000 }, (_, i) => i),
    Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i)),
  );
  writeFileSync(join(cwd, 'many.simile'), index.toBytes());
  const child = start(['convert', 'many.simile', '-', '--to', 'jsonl'], { cwd });
  child.stdout.once('data', () => child.stdout.destroy());
  assert.deepEqual(await once(child, 'close'), [0, null]);
});

test('pages of a folder become documents, by what a reader sees', async (t) => {
  const { cwd, simile } = await shop(t);
  mkdirSync(join(cwd, 'site/deep/.hidden'), { recursive: true });
  writeFileSync(
    join(cwd, 'site/a.md'),
    '---\ntitle: "From the front"\n---\n# A head\nSome **bold** [link](https://x.org/a_b) and\n- `code`\n```\n# no head\n```\n',
  );
  writeFileSync(
    join(cwd, 'site/b.html'),
    '<!doctype html><html><head><title>T &amp; t</title><style>p{}</style></head><body><script>"</p>"</script><p>One&nbsp;&#60;3<br>two</p><!-- no --></body></html>',
  );
  writeFileSync(join(cwd, 'site/deep/c.txt'), 'just text');
  writeFileSync(join(cwd, 'site/deep/.hidden/d.md'), 'hidden');
  writeFileSync(join(cwd, 'site/e.png'), 'no text');
  symlinkSync('/etc', join(cwd, 'site/etc'));
  const { err } = await ok(simile('build', 'site', '-o', 'site.simile'));
  assert.match(err, /words alone/);
  const site = await Collection.fromBytes(readFileSync(join(cwd, 'site.simile')));
  assert.deepEqual(site.ids(), ['a.md', 'b.html', 'deep/c.txt']);
  assert.deepEqual(site.get('a.md'), {
    id: 'a.md',
    title: 'From the front',
    text: 'A head\nSome bold link and\ncode\n# no head',
  });
  assert.deepEqual(site.get('b.html'), { id: 'b.html', title: 'T & t', text: 'One <3\ntwo' });
});

test('vectors become a plain index, whose bytes are those of the package', async (t) => {
  const { cwd, simile } = await shop(t);
  const vectors = [
    [1, 0, 0],
    [0.9, 0.1, 0],
    [0, 1, 0],
  ];
  writeFileSync(join(cwd, 'v.jsonl'), vectors.map((vector, i) => JSON.stringify({ id: `v${i}`, vector })).join('\n'));
  writeFileSync(join(cwd, 'about.json'), '{"made":"here"}');
  await ok(simile('build', 'v.jsonl', '-o', 'v.simile', '--codec', 'int8', '--metadata', 'about.json'));
  const index = await Index.create({ dims: 3, codec: 'int8' });
  await index.addMany(['v0', 'v1', 'v2'], vectors);
  index.metadata = '{"made":"here"}';
  assert.deepEqual(new Uint8Array(readFileSync(join(cwd, 'v.simile'))), index.toBytes());
  const { out } = await ok(simile('search', 'v.simile', '--like', 'v0', '-k', '1', '--json'));
  assert.deepEqual(
    JSON.parse(out).hits.map(({ id }) => id),
    ['v1'],
  );
  assert.match((await ok(simile('search', 'v.simile', '--vector=[0,1,0]', '--min-score', '0.5'))).out, /^ {2}1\.0000 {2}v2\n$/);
  assert.equal((await ok(simile('search', 'v.simile', '--vector=[0,0,1]', '--min-score', '0.5'))).out, 'nothing\n');
  assert.equal((await ok(simile('info', 'v.simile', '--metadata'))).out, '{"made":"here"}\n');
  await fails(1, simile('search', 'v.simile', '--vector', '[1,2]'), /2 .*3/);
  await fails(2, simile('search', 'v.simile', '--like', 'v9'), /no item "v9"/);
  await fails(2, simile('search', 'v.simile', 'words'), /needs --embedder/);
  await fails(2, simile('search', 'v.simile', '--like', 'v0', '--where', '{}'), /--where is for collections/);
});

test('a server makes the vectors, and its key is in no argument', async (t) => {
  const { cwd } = await shop(t);
  const server = await startEmbeddingServer();
  t.after(server.close);
  const how = ['-e', server.url, '--model', 'm', '--passage-prefix', 'p: ', '--batch-size', '2'];
  await ok(run(['build', 'docs.jsonl', '-o', 'docs.simile', ...how], { cwd, env: { SIMILE_API_KEY: 'secret' } }));
  assert.equal(server.requests.at(-1).headers.authorization, 'Bearer secret');
  assert.ok(server.requests.at(-1).body.input.every((text) => text.startsWith('p: ')));
  await fails(2, run(['build', 'docs.jsonl', '-o', 'x', '-e', server.url], { cwd }), /--model/);
});

test('an interrupted build leaves nothing, and what was there before', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const { cwd } = await shop(t);
    // The server keeps the build waiting until it is interrupted.
    let child;
    const server = await startEmbeddingServer(
      ({ reply, body }) => reply({ data: body.input.map((_, index) => ({ index, embedding: [1, 0, 0] })) }),
      () => child.kill(signal),
    );
    t.after(server.close);
    writeFileSync(join(cwd, 'docs.simile'), 'the old file');
    const files = readdirSync(cwd);
    child = start(['build', 'docs.jsonl', '-o', 'docs.simile', '-e', server.url, '--model', 'm'], { cwd });
    const [code] = await once(child, 'close');
    assert.equal(code, signal === 'SIGINT' ? 130 : 143);
    assert.deepEqual(readdirSync(cwd), files);
    assert.equal(readFileSync(join(cwd, 'docs.simile'), 'utf8'), 'the old file');
  }
});

test('killed while it writes, it leaves the old file or the new one', async (t) => {
  const cwd = folderFor(t);
  const rows = 8000;
  const input = Array.from({ length: rows }, (_, id) => `{"id":${id},"vector":[${Math.sin(id)},1]}`).join('\n');
  writeFileSync(join(cwd, 'v.jsonl'), input);
  await ok(run(['build', 'v.jsonl', '-o', 'v.simile', '--codec', 'f32'], { cwd }));
  const old = readFileSync(join(cwd, 'v.simile'));
  for (const wait of [200, 400]) {
    const child = start(['build', 'v.jsonl', '-o', 'v.simile', '--codec', 'f32'], { cwd });
    const timer = setTimeout(() => child.kill('SIGINT'), wait);
    const [code] = await once(child, 'close');
    clearTimeout(timer);
    assert.ok(code === 130 || code === 0 || code === null, `${code}`);
    assert.deepEqual(readFileSync(join(cwd, 'v.simile')), old, 'the same vectors make the same bytes');
    assert.deepEqual(readdirSync(cwd).sort(), ['v.jsonl', 'v.simile']);
  }
});

test('what a killed process left half is swept away by the next one, and nothing else', async (t) => {
  const { cwd, simile } = await shop(t);
  writeFileSync(join(cwd, 'v.jsonl'), '{"vector":[1]}');
  const child = start(['serve', '.', '--port', '0'], { cwd });
  t.after(() => child.kill());
  await once(child.stdout, 'data');
  const kept = [`.v.npy.tmp.${child.pid}.00000000`, '.v.npy.tmp.999999999.mine', '.w.npy.tmp.999999999.00000000', '.v.npy.tmp.'];
  for (const name of [...kept, '.v.npy.tmp.999999999.0123abcd']) writeFileSync(join(cwd, name), 'half');
  await ok(simile('convert', 'v.jsonl', 'v.npy'));
  assert.deepEqual(readdirSync(cwd).sort(), [...kept, 'docs.jsonl', 'v.jsonl', 'v.npy', 'words.simile'].sort());
});

test('a target that cannot be written is a failure that leaves nothing', async (t) => {
  const { cwd, simile } = await shop(t);
  mkdirSync(join(cwd, 'folder.npy'));
  writeFileSync(join(cwd, 'v.jsonl'), '{"vector":[1]}');
  const files = readdirSync(cwd);
  await fails(1, simile('convert', 'v.jsonl', 'none/v.npy'), /ENOENT/);
  await fails(1, simile('convert', 'v.jsonl', 'folder.npy'), /EISDIR|ENOTEMPTY|EEXIST|EPERM|rename/);
  assert.deepEqual(readdirSync(cwd), files);
});

test('eval measures recall against exact search, and judgements', async (t) => {
  const { cwd, simile } = await shop(t);
  const vectors = [
    [1, 0],
    [0.8, 0.6],
    [0, 1],
    [-1, 0],
  ];
  writeFileSync(join(cwd, 'v.jsonl'), vectors.map((vector, i) => JSON.stringify({ id: `d${i}`, vector })).join('\n'));
  writeFileSync(join(cwd, 'q.jsonl'), '{"id":"q0","vector":[1,0.1]}\n{"id":"q1","vector":[0,1]}\n{"id":"q2","vector":[1,1]}');
  await ok(simile('convert', 'q.jsonl', 'q.npy'));
  writeFileSync(join(cwd, 'q.ids'), 'q0\nq1\nq2\n');
  await ok(simile('build', 'v.jsonl', '-o', 'v.simile', '--codec', 'f32'));
  const measured = async (...args) =>
    JSON.parse((await ok(simile('eval', 'v.simile', '--queries', 'q.npy', '--json', ...args))).out);
  const exact = await measured('--base', 'v.jsonl', '-k', '2');
  assert.deepEqual([exact.recall, exact.exactBy, exact.queries, exact.k], [1, 'base', 3, 2]);
  assert.equal((await measured('-k', '2')).exactBy, 'file');

  // q0 finds d0, d1; q1 finds d2, d1; q2 is not judged.
  const formats = {
    'trec.txt': 'q0 0 d1 3\nq0 0 d3 1\nq1 0 d2 2\n',
    'beir.tsv': 'query-id\tcorpus-id\tscore\nq0\td1\t3\nq0\td3\t1\nq1\td2\t2\n',
    'qrels.json': '{"q0":{"d1":3,"d3":1},"q1":{"d2":2},"q2":{}}',
  };
  const ndcg0 = 3 / Math.log2(3) / (3 + 1 / Math.log2(3));
  for (const [name, text] of Object.entries(formats)) {
    writeFileSync(join(cwd, name), text);
    const judged = await measured('--qrels', name, '--query-ids', 'q.ids', '-k', '2');
    assert.ok(Math.abs(judged.ndcg - (ndcg0 + 1) / 2) < 1e-3, `${name}: ${judged.ndcg}`);
    assert.deepEqual([judged.mrr, judged.relevantRecall, judged.judgedQueries, judged.recall], [0.75, 0.75, 2, undefined]);
  }
  await fails(2, simile('eval', 'v.simile', '--queries', 'q.npy', '--qrels', 'trec.txt'), /none of the queries is judged/);
  await fails(1, simile('eval', 'v.simile', '--queries', 'q.npy', '--base', 'q.npy'), /3 vectors, and the file 4/);
  writeFileSync(join(cwd, 'bad.txt'), 'q0 0 d1 3\nq0 much\n');
  await fails(3, simile('eval', 'v.simile', '--queries', 'q.npy', '--qrels', 'bad.txt'), /line 2/);
});

test('bench says what it measured, the same vectors for the same seed', async () => {
  const args = ['bench', '--rows', '300', '--dims', '8', '--queries', '20', '--json', '--codec', 'int4'];
  const [one, two, other] = await Promise.all(
    [[], [], ['--seed', '2', '--codec', 'int1']].map((more) => ok(run([...args, ...more]))),
  );
  const [a, b, c] = [one, two, other].map(({ out }) => JSON.parse(out));
  assert.deepEqual([a.rows, a.dims, a.codec, a.queries, a.k], [300, 8, 'int4', 20, 10]);
  assert.ok(a.recall > 0.5 && a.recall <= 1 && a.buildMs > 0 && a.searchP50Ms <= a.searchP99Ms);
  assert.deepEqual([a.recall, a.bytes], [b.recall, b.bytes]);
  assert.ok(c.recall < a.recall, 'one bit finds less than four');
});

test('word vectors are made of lines and of the JSON of wink-embeddings', async (t) => {
  const { cwd, simile } = await shop(t);
  writeFileSync(join(cwd, 'glove.txt'), 'the 1 0\ndog 0 2\ncat 0.5 1.5\n');
  const made = await ok(simile('convert', 'glove.txt', 'w.simile', '--words', '--model', 'glove', '--max-words', '2', '--json'));
  assert.deepEqual(JSON.parse(made.out), { output: 'w.simile', rows: 2, dims: 2, format: 'simile' });
  assert.equal(JSON.parse((await ok(simile('info', 'w.simile', '--json'))).out).kind, 'word vectors');
  const wink = { dimensions: 2, words: ['the', 'dog'], vectors: { the: [1, 0, 1, 0], dog: [0, 2, 2, 1] } };
  writeFileSync(join(cwd, 'wink.json'), JSON.stringify(wink));
  await ok(simile('convert', 'wink.json', 'k.simile', '--words', '--model', 'glove'));
  assert.deepEqual(readFileSync(join(cwd, 'k.simile')), readFileSync(join(cwd, 'w.simile')));
  await fails(2, simile('convert', 'glove.txt', 'x.simile', '--words'), /--model/);
  writeFileSync(join(cwd, 'bad.txt'), 'the 1 0\ndog 1\n');
  await fails(3, simile('convert', 'bad.txt', 'x.simile', '--words', '--model', 'm'), /line 2/);
});

/** An answer of a server: status, headers, body. */
const ask = (address, path, headers = {}, method = 'GET') =>
  new Promise((resolve, reject) => {
    const url = new URL(address);
    // As it stands: no client tidies the path.
    const request = get({ host: url.hostname, port: url.port, path, headers, method }, async (response) => {
      const body = [];
      for await (const piece of response) body.push(piece);
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(body).toString() });
    });
    request.on('error', reject);
  });

test('serve gives a folder with the right types, ranges and headers, and nothing outside of it', async (t) => {
  const cwd = folderFor(t);
  mkdirSync(join(cwd, 'site/sub'), { recursive: true });
  writeFileSync(join(cwd, 'secret.txt'), 'secret');
  writeFileSync(join(cwd, 'site/index.html'), '<p>home');
  writeFileSync(join(cwd, 'site/sub/index.html'), '<p>sub');
  writeFileSync(join(cwd, 'site/a b.wasm'), '0123456789');
  writeFileSync(join(cwd, 'site/x.simile'), '');
  writeFileSync(join(cwd, 'site/.env'), 'secret');
  symlinkSync('../secret.txt', join(cwd, 'site/link.txt'));
  const child = start(['serve', 'site', '--port', '0', '--isolate'], { cwd });
  t.after(() => child.kill());
  const [line] = await once(child.stdout, 'data');
  const address = String(line).trim();
  const home = await ask(address, '/');
  assert.deepEqual([home.status, home.body, home.headers['content-type']], [200, '<p>home', 'text/html; charset=utf-8']);
  assert.equal(home.headers['cross-origin-opener-policy'], 'same-origin');
  assert.equal(home.headers['cross-origin-embedder-policy'], 'require-corp');
  const wasm = await ask(address, '/a%20b.wasm?v=1');
  assert.deepEqual(
    [wasm.body, wasm.headers['content-type'], wasm.headers['accept-ranges']],
    ['0123456789', 'application/wasm', 'bytes'],
  );
  const { etag } = wasm.headers;
  const ranged = async (range, more) => {
    const { status, body, headers } = await ask(address, '/a%20b.wasm', { range, ...more });
    return [status, body, headers['content-range']];
  };
  assert.deepEqual(await ranged('bytes=2-4'), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await ranged('bytes=7-'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await ranged('bytes=-3'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await ranged('bytes=8-100'), [206, '89', 'bytes 8-9/10']);
  assert.deepEqual(await ranged('bytes=10-'), [416, '', 'bytes */10']);
  assert.deepEqual(await ranged('bytes=1-2,4-5'), [200, '0123456789', undefined]);
  assert.deepEqual(await ranged('bytes=2-4', { 'if-range': etag }), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await ranged('bytes=2-4', { 'if-range': '"old"' }), [200, '0123456789', undefined]);
  assert.equal((await ask(address, '/a%20b.wasm', { 'if-none-match': etag })).status, 304);
  const head = await ask(address, '/a%20b.wasm', {}, 'HEAD');
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10']);
  assert.deepEqual([(await ask(address, '/x.simile')).status, (await ask(address, '/', {}, 'POST')).status], [200, 405]);
  const moved = await ask(address, '/sub');
  assert.deepEqual([moved.status, moved.headers.location], [301, '/sub/']);
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/sub/..%5c..%5csecret.txt',
    '/link.txt',
    '/.env',
    '/none',
    '/%',
    '/a%00',
    '//etc/passwd',
  ])
    assert.equal((await ask(address, path)).status, 404, path);
});
