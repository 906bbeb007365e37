// SPDX-License-Identifier: Apache-2.0
// The embedder for servers, against one of node:http. No test waits: the clock is handed in.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { test } from 'node:test';
import { SimileError } from 'simile';
import { checkEmbedder, httpEmbedder } from 'simile/embedders/http';
import { startEmbeddingServer, vectorOf } from '../support/embedding-server.mjs';
import { refused } from '../support/expect.mjs';

/** A clock that goes when someone waits; `waits` are the milliseconds. */
function clock(random = () => 0.5) {
  const waits = [];
  let now = 0;
  return {
    waits,
    now: () => now,
    random,
    wait: async (milliseconds) => {
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
}

async function setUp(t, options = {}, ...answers) {
  const server = await startEmbeddingServer(...answers);
  t.after(server.close);
  const time = options.clock ?? clock();
  const embedder = await httpEmbedder({ url: server.url, model: 'm', dims: 4, clock: time, ...options });
  return { server, embedder, time };
}
const passages = { kind: 'passage' };
const fails =
  (status, headers, body = { error: { message: 'not now' } }) =>
  ({ reply }) =>
    reply(body, status, headers);
const rows = (texts) => [...Float32Array.from(texts.flatMap((text) => vectorOf(text)))];

test('texts become rows in their order, whatever the order of the answer', async (t) => {
  const { server, embedder } = await setUp(t, { apiKey: 'secret', headers: { 'x-mine': '1' } });
  const texts = ['one', 'three', 'fifteen'];
  assert.deepEqual([...(await embedder.embed(texts, passages))], rows(texts));
  const [{ body, headers }] = server.requests;
  assert.deepEqual(body, { model: 'm', input: texts, encoding_format: 'float' });
  assert.equal(headers.authorization, 'Bearer secret');
  assert.equal(headers['x-mine'], '1');
  assert.deepEqual(embedder.info, { model: 'm', dims: 4 });
  assert.equal((await embedder.embed([], passages)).length, 0);
  assert.equal(server.requests.length, 1, 'nothing is asked for nothing');
});

test('base64 gives the same numbers', async (t) => {
  const { server, embedder } = await setUp(t, { encoding: 'base64' });
  assert.deepEqual([...(await embedder.embed(['abc', 'd'], passages))], rows(['abc', 'd']));
  assert.equal(server.requests[0].body.encoding_format, 'base64');
});

test('the number of components is asked for, or a shorter vector', async (t) => {
  const { embedder } = await setUp(t, { dims: undefined });
  assert.equal(embedder.info.dims, 4);
  const { embedder: short, server } = await setUp(t, { dims: 3, shorten: true });
  assert.equal((await short.embed(['a'], passages)).length, 3);
  assert.equal(server.requests[0].body.dimensions, 3);
});

test('batches are bounded by texts and by characters', async (t) => {
  const { server, embedder } = await setUp(t, { batchSize: 3, batchCharacters: 10 });
  const texts = ['aaaa', 'bbbb', 'cccc', 'd', 'e', 'f', 'g', 'h'.repeat(30), 'i'];
  const seen = [];
  const vectors = await embedder.embed(texts, { kind: 'query', onProgress: ({ loaded, total }) => seen.push([loaded, total]) });
  assert.deepEqual([...vectors], rows(texts));
  assert.deepEqual(
    server.requests.map(({ body }) => body.input.map((text) => text[0]).join('')),
    ['ab', 'cde', 'fg', 'h', 'i'],
  );
  assert.deepEqual(
    seen,
    [2, 5, 7, 8, 9].map((loaded) => [loaded, 9]),
  );
});

test('a batch of exactly so many characters is one, and empty texts are rows of zeros that nobody asks for', async (t) => {
  const { server, embedder } = await setUp(t, { batchCharacters: 6, passagePrefix: '-' });
  const loaded = [];
  const vectors = await embedder.embed(['', 'ab', ' \n', 'cd', 'e', ''], {
    ...passages,
    onProgress: (p) => loaded.push(p.loaded),
  });
  assert.deepEqual(
    server.requests.map(({ body }) => body.input),
    [['-ab', '-cd'], ['-e']],
  );
  assert.deepEqual([...vectors], [0, 0, 0, 0, ...rows(['-ab']), 0, 0, 0, 0, ...rows(['-cd', '-e']), 0, 0, 0, 0]);
  assert.deepEqual(loaded, [5, 6]);
});

test('prefixes go before queries and passages, and are part of the info', async (t) => {
  const { server, embedder } = await setUp(t, { queryPrefix: 'query: ', passagePrefix: 'passage: ' });
  await embedder.embed(['a'], { kind: 'query' });
  await embedder.embed(['a'], passages);
  assert.deepEqual(
    server.requests.map(({ body }) => body.input),
    [['query: a'], ['passage: a']],
  );
  assert.deepEqual(embedder.info, { model: 'm', dims: 4, queryPrefix: 'query: ', passagePrefix: 'passage: ' });
});

test('what may pass is tried again, each time after twice the wait', async (t) => {
  const { embedder, server, time } = await setUp(t, {}, fails(503), fails(429), ({ response }) => response.destroy(), fails(500));
  assert.deepEqual([...(await embedder.embed(['a'], passages))], rows(['a']));
  assert.deepEqual(time.waits, [500, 1000, 2000, 4000]);
  assert.equal(server.requests.length, 5);
});

test('waits are spread by half of them to either side, and end at 30 s', async (t) => {
  const low = await setUp(t, { clock: clock(() => 0), retries: 8 }, ...Array(8).fill(fails(503)));
  await low.embedder.embed(['a'], passages);
  assert.deepEqual(low.time.waits, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
  const high = await setUp(t, { clock: clock(() => 0.999), retries: 1 }, fails(503));
  await high.embedder.embed(['a'], passages);
  assert.ok(Math.abs(high.time.waits[0] - 749.5) < 1e-9);
});

test('Retry-After is kept, in seconds and as a date, but not for ever', async (t) => {
  const { embedder, time } = await setUp(t, {}, fails(429, { 'retry-after': '7' }), fails(503, { 'retry-after': 'soon' }));
  await embedder.embed(['a'], passages);
  assert.deepEqual(time.waits, [7000, 1000]);
  const dated = await setUp(t, {}, fails(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }));
  await dated.embedder.embed(['a'], passages);
  assert.ok(dated.time.waits[0] > 30_000 && dated.time.waits[0] <= 60_000, `${dated.time.waits}`);
  const past = await setUp(t, {}, fails(429, { 'retry-after': new Date(0).toUTCString() }));
  await past.embedder.embed(['a'], passages);
  assert.deepEqual(past.time.waits, [0]);
  const long = await setUp(t, { maxRetryAfter: 10 }, fails(429, { 'retry-after': '3600' }));
  const error = await refused('io_failure', () => long.embedder.embed(['a'], passages));
  assert.match(error.message, /429.*not now.*3600 s.*maxRetryAfter/);
});

test('after the last try the error says status and reason', async (t) => {
  const { embedder, server } = await setUp(t, { retries: 2 }, fails(503), fails(503), fails(502, {}, 'bad gateway'));
  const error = await refused('io_failure', () => embedder.embed(['a'], passages));
  assert.match(error.message, /POST http:\/\/127.*\/v1\/embeddings answered 502 Bad Gateway: bad gateway/);
  assert.equal(server.requests.length, 3);
});

test('what will not pass is not tried again', async (t) => {
  for (const status of [400, 401, 403, 404, 413, 422]) {
    const { embedder, server } = await setUp(t, { apiKey: 'top-secret' }, fails(status));
    const error = await refused('io_failure', () => embedder.embed(['a'], passages));
    assert.match(error.message, new RegExp(`answered ${status}.*not now`));
    assert.doesNotMatch(error.message, /top-secret/);
    assert.equal(server.requests.length, 1, status);
  }
});

test('an address with a secret in it is not shown whole', async (t) => {
  const { server } = await setUp(t);
  server.next(fails(400));
  const url = `${server.url}?key=hidden`;
  const embedder = await httpEmbedder({ url, model: 'm', dims: 4 });
  const error = await refused('io_failure', () => embedder.embed(['a'], passages));
  assert.doesNotMatch(error.message, /hidden/);
});

test('requests keep their distance', async (t) => {
  const { embedder, server, time } = await setUp(t, { requestsPerMinute: 30, batchSize: 1 }, undefined, fails(503));
  await embedder.embed(['a', 'b', 'c'], passages);
  assert.equal(server.requests.length, 4);
  // Every request, also a repeated one, comes 2 s after the one before: of the third wait the 500 ms are part.
  assert.deepEqual(time.waits, [2000, 500, 1500, 2000]);
});

test('a signal stops a request, a wait and the rest', async (t) => {
  const stop = new AbortController();
  const { embedder, server } = await setUp(t, {}, () => stop.abort(new Error('enough')));
  const error = await refused('cancelled', () => embedder.embed(['a'], { ...passages, signal: stop.signal }));
  assert.equal(error.cause.message, 'enough');
  assert.equal(server.requests.length, 1);
  await refused('cancelled', () => embedder.embed(['a'], { ...passages, signal: stop.signal }));
  assert.equal(server.requests.length, 1, 'nothing is asked after it');

  const unused = new AbortController();
  await embedder.embed(['a'], { ...passages, signal: unused.signal });
  assert.deepEqual(getEventListeners(unused.signal, 'abort'), [], 'nothing listens any longer');

  // The real clock, and a wait of an hour.
  const waiting = new AbortController();
  const asked = await startEmbeddingServer(({ reply, response }) => {
    response.on('finish', () => setTimeout(() => waiting.abort()));
    reply('', 429, { 'retry-after': '3600' });
  });
  t.after(asked.close);
  const patient = await httpEmbedder({ url: asked.url, model: 'm', dims: 4, maxRetryAfter: 7200 });
  await refused('cancelled', () => patient.embed(['a'], { ...passages, signal: waiting.signal }));
  assert.equal(asked.requests.length, 1);
});

test('a cancelled request is closed, so that the server can stop', async (t) => {
  const stop = new AbortController();
  let closed;
  const { embedder } = await setUp(t, {}, ({ response }) => {
    closed = once(response, 'close');
    stop.abort();
  });
  await refused('cancelled', () => embedder.embed(['a'], { ...passages, signal: stop.signal }));
  await closed;
});

test('an answer that does not come is an interruption', async (t) => {
  const { embedder, server } = await setUp(t, { timeout: 0.05, retries: 1 }, () => {});
  assert.deepEqual([...(await embedder.embed(['a'], passages))], rows(['a']));
  assert.equal(server.requests.length, 2);
  server.next(
    () => {},
    () => {},
  );
  const error = await refused('io_failure', () => embedder.embed(['a'], passages));
  assert.match(error.message, /no answer within 0\.05 s/);
});

const gives =
  (value) =>
  ({ reply }) =>
    reply(value);
const item = (embedding, index = 0) => ({ index, embedding });
const wrongAnswers = [
  ['no JSON', gives('<html>'), 'io_failure', /no JSON: <html>/],
  ['no list', gives({ vectors: [] }), 'io_failure', /no list "data"/],
  ['null', gives('null'), 'io_failure', /no list "data"/],
  ['too few', gives({ data: [item([1, 2, 3, 4])] }), 'io_failure', /1 vectors for 2 texts/],
  ['twice the same', gives({ data: [item([1, 2, 3, 4]), item([1, 2, 3, 4])] }), 'io_failure', /two vectors with index 0/],
  ['a wild index', gives({ data: [item([1, 2, 3, 4]), item([1, 2, 3, 4], 2 ** 31)] }), 'io_failure', /index 2147483648/],
  [
    '__proto__ as index',
    gives({ data: [item([1, 2, 3, 4]), item([1, 2, 3, 4], '__proto__')] }),
    'io_failure',
    /index "__proto__"/,
  ],
  ['no vector', gives({ data: [item([1, 2, 3, 4]), {}] }), 'io_failure', /no vector with index 1/],
  ['other dims', gives({ data: [item([1, 2, 3, 4]), item([1, 2, 3], 1)] }), 'dimension_mismatch', /3 dims, expected 4/],
  ['empty vectors', gives({ data: [item([]), item([], 1)] }), 'dimension_mismatch', /0 dims, expected 4/],
  [
    'null as number',
    gives({ data: [item([1, 2, 3, 4]), item([1, null, 3, 4], 1)] }),
    'not_finite',
    /component 1 .* text 1 is null/,
  ],
  ['words as numbers', gives({ data: [item([1, 2, 3, 4]), item([1, 2, 'NaN', 4], 1)] }), 'not_finite', /component 2/],
  ['beyond a float', gives({ data: [item([1, 2, 3, 4]), item([1, 2, 3, 1e39], 1)] }), 'not_finite', /component 3/],
  [
    'NaN in base64',
    gives({ data: [item('AADAfwAAAAAAAAAAAAAAAA=='), item([1, 2, 3, 4], 1)] }),
    'not_finite',
    /component 0 .* text 0 is NaN/,
  ],
  ['no base64', gives({ data: [item('%%%'), item([1, 2, 3, 4], 1)] }), 'io_failure', /no base64/],
  ['half a float', gives({ data: [item('AADA'), item([1, 2, 3, 4], 1)] }), 'io_failure', /3 bytes/],
];
for (const [name, answer, code, message] of wrongAnswers) {
  test(`a wrong answer is an error at once: ${name}`, async (t) => {
    const { embedder, server } = await setUp(t, {}, answer);
    const error = await refused(code, () => embedder.embed(['a', 'b'], passages));
    assert.match(error.message, message);
    assert.equal(server.requests.length, 1);
  });
}

test('wrong arguments are refused before anything is asked', async (t) => {
  const { embedder, server } = await setUp(t);
  const { url } = server;
  const bad = [
    { url: 'nowhere' },
    { model: '' },
    { dims: 0 },
    { dims: 1.5 },
    { dims: undefined, shorten: true },
    { batchSize: 0 },
    { batchCharacters: -1 },
    { retries: -1 },
    { retries: Number.NaN },
    { timeout: 0 },
    { requestsPerMinute: 0 },
    { encoding: 'hex' },
    { queryPrefix: 1 },
  ];
  for (const options of bad)
    await refused('invalid_argument', () => httpEmbedder({ url, model: 'm', dims: 4, ...options }), JSON.stringify(options));
  await refused('invalid_argument', () => embedder.embed('text', passages));
  await refused('invalid_argument', () => embedder.embed(['a', 1], passages));
  await refused('invalid_argument', () => embedder.embed(['a'], { kind: 'document' }));
  assert.equal(server.requests.length, 0);
});

test('a fetch of your own is used, and what onProgress throws is passed on', async (t) => {
  const { server } = await setUp(t);
  const seen = [];
  const embedder = await httpEmbedder({
    url: server.url,
    model: 'm',
    dims: 4,
    fetch: (...args) => {
      seen.push(args[0]);
      return fetch(...args);
    },
  });
  await embedder.embed(['a'], passages);
  assert.deepEqual(seen, [server.url]);
  const mine = new Error('mine');
  const onProgress = () => {
    throw mine;
  };
  await assert.rejects(embedder.embed(['a'], { ...passages, onProgress }), mine);
});

test('embedders that differ are told apart, with advice', () => {
  const info = { model: 'm', dims: 4, pooling: 'mean', queryPrefix: 'query: ' };
  checkEmbedder(info, { ...info, passagePrefix: '' });
  checkEmbedder(info, { model: 'm', dims: 4, queryPrefix: 'query: ' });
  for (const change of [{ model: 'n' }, { dims: 5 }, { pooling: 'cls' }, { queryPrefix: '' }, { passagePrefix: 'p' }]) {
    const [[name, value]] = Object.entries(change);
    assert.throws(
      () => checkEmbedder(info, { ...info, ...change }),
      (error) => {
        assert.ok(error instanceof SimileError && error.code === 'invalid_argument');
        assert.ok(
          error.message.includes(`${name} ${JSON.stringify(info[name] ?? '')} there, ${JSON.stringify(value)} here`),
          error.message,
        );
        return /embed the texts anew/.test(error.message);
      },
    );
  }
});
