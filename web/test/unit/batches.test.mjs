// SPDX-License-Identifier: Apache-2.0
// Long operations: in slices, with progress, cancellable, all or nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Index } from 'simile';
import { codecs } from '../known-answers.mjs';
import { refused } from '../support/expect.mjs';
import { vectors } from '../support/random.mjs';

const dims = 64;
const rows = 30_000;
const data = vectors(rows, dims, 1);
const ids = Array.from({ length: rows }, (_, i) => `id ${i}`);

async function filled(codec = 'planes', similarity = 'cosine') {
  const index = await Index.create({ dims, codec, similarity });
  await index.addMany(['first', 'id 77', 3], vectors(3, dims, 2));
  return index;
}

test('a long addMany lets timers run, and reports progress up to all of it', async () => {
  const index = await filled();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const seen = [];
  await index.addMany(ids.slice(100), data.subarray(100 * dims), { onProgress: (progress) => seen.push(progress) });
  clearInterval(timer);
  assert.ok(ticks >= 3, `${ticks} ticks of a timer`);
  assert.equal(seen.at(-1).loaded, rows - 100);
  assert.ok(seen.every(({ loaded, total }, i) => total === rows - 100 && loaded > (seen[i - 1]?.loaded ?? 0)));
  assert.equal(index.size, rows - 100 + 3);
});

test('slices give the same bytes as single adds', async () => {
  for (const codec of codecs) {
    const [one, many] = [await filled(codec), await filled(codec)];
    const few = 3000;
    for (let i = 100; i < few; i++) await one.add(ids[i], data.subarray(i * dims, (i + 1) * dims));
    await many.addMany(ids.slice(100, few), data.subarray(100 * dims, few * dims));
    assert.deepEqual(many.toBytes(), one.toBytes());
  }
});

for (const codec of codecs) {
  test(`a cancelled addMany leaves the index as it was (${codec})`, async () => {
    const index = await filled(codec);
    const before = index.toBytes();
    const controller = new AbortController();
    const reason = new Error('the user went away');
    let added = 0;
    const onProgress = ({ loaded }) => {
      added = loaded;
      if (loaded > rows / 2) controller.abort(reason);
    };
    const batch = index.addMany(ids.slice(100), data.subarray(100 * dims), { onProgress, signal: controller.signal });
    const error = await refused('cancelled', () => batch);
    assert.equal(error.cause, reason);
    assert.ok(added > rows / 2 && added < rows - 100);
    assert.deepEqual(index.toBytes(), before);
    assert.deepEqual(index.ids(), ['first', 'id 77', 3]);
  });
}

test('a signal that was triggered before cancels at once', async () => {
  const index = await filled();
  const signal = AbortSignal.abort();
  await refused('cancelled', () => index.addMany(['x'], data.subarray(0, dims), { signal }));
  await refused('cancelled', () => index.search(data.subarray(0, dims), { signal }));
  await refused('cancelled', () => index.searchMany(data.subarray(0, dims), { signal }));
  await refused('cancelled', () => Index.fromBytes(index.toBytes(), { signal }));
  await refused('cancelled', () => Index.fromURL('http://localhost:1/', { signal }));
  assert.equal(index.size, 3);
});

test('what onProgress throws takes the batch back and comes out', async () => {
  const index = await filled();
  const before = index.toBytes();
  const mine = new Error('mine');
  const onProgress = () => {
    throw mine;
  };
  await assert.rejects(index.addMany(ids.slice(100), data.subarray(100 * dims), { onProgress }), mine);
  assert.deepEqual(index.toBytes(), before);
});

test('a fault in the last row of a long batch changes nothing', async () => {
  const index = await filled();
  const before = index.toBytes();
  const bad = data.slice();
  bad[bad.length - 1] = Number.NaN;
  const error = await refused('not_finite', () => index.addMany(ids.slice(100), bad.subarray(100 * dims)));
  assert.match(error.message, /component 63 of vector 29899 is NaN/);
  await refused('duplicate_id', () => index.addMany([...ids.slice(100, -1), 'id 77'], data.subarray(100 * dims)));
  await refused('duplicate_id', () => index.addMany([...ids.slice(100, -1), 'id 101'], data.subarray(100 * dims)));
  assert.deepEqual(index.toBytes(), before);
});

test('addMany replaces what is there and adds the rest', async () => {
  const index = await filled('f32', 'dot');
  await index.addMany(ids, data, { onDuplicate: 'replace' });
  assert.equal(index.size, rows + 2);
  assert.equal(index.ids()[1], 'id 77');
  for (const i of [0, 77, rows - 1]) assert.deepEqual(index.get(ids[i]), data.slice(i * dims, (i + 1) * dims));
  const before = index.toBytes();
  const controller = new AbortController();
  const onProgress = ({ loaded }) => loaded > 100 && controller.abort();
  const batch = index.addMany([...ids, 'new'], vectors(rows + 1, dims, 9), {
    onDuplicate: 'replace',
    onProgress,
    signal: controller.signal,
  });
  await batch;
  assert.equal(index.has('new'), true, 'beyond the point of no return a batch is finished');
  assert.notDeepEqual(index.toBytes(), before);
});

test('of equal ids in a batch that replaces, the last one stays', async () => {
  const index = await filled('f32', 'dot');
  await index.addMany(['x', 'first', 'x', 'first', 'x'], data.subarray(0, 5 * dims), { onDuplicate: 'replace' });
  assert.deepEqual(index.ids(), ['first', 'id 77', 3, 'x']);
  assert.deepEqual(index.get('x'), data.slice(4 * dims, 5 * dims));
  assert.deepEqual(index.get('first'), data.slice(3 * dims, 4 * dims));
});

test('other changes wait for a batch, in the order of the calls; searches do not', async () => {
  const index = await filled('f32', 'dot');
  const order = [];
  const batch = index.addMany(ids.slice(100), data.subarray(100 * dims)).then(() => order.push('batch'));
  const changed = index.update('id 200', data.subarray(0, dims)).then(() => order.push('update'));
  const second = index.addMany(['late'], data.subarray(0, dims)).then(() => order.push('second batch'));
  const removed = index.delete('late').then((was) => order.push(`delete ${was}`));
  await new Promise((resolve) => setTimeout(resolve));
  await index.search(data.subarray(0, dims)).then(() => order.push('search'));
  await refused('incomplete', () => index.toBytes());
  await Promise.all([batch, changed, second, removed]);
  assert.deepEqual(order, ['search', 'batch', 'update', 'second batch', 'delete true']);
  assert.deepEqual(index.get('id 200'), data.slice(0, dims));
  assert.equal(index.toBytes().length > 0, true);
});

test('dispose in the middle of a batch ends it', async () => {
  const index = await filled();
  const batch = index.addMany(ids.slice(100), data.subarray(100 * dims));
  await new Promise((resolve) => setTimeout(resolve));
  index.dispose();
  await refused('disposed', () => batch);
});

test('searchMany finds what search finds, in slices, and can be cancelled', async () => {
  for (const codec of codecs) {
    const index = await Index.create({ dims, codec });
    await index.addMany(ids, data);
    const queries = vectors(40, dims, 5);
    const seen = [];
    const many = await index.searchMany(queries, {
      k: 5,
      filter: (id) => !id.endsWith('7'),
      onProgress: (p) => seen.push(p.loaded),
    });
    assert.equal(seen.at(-1), 40);
    assert.ok(seen.length > 1);
    for (let q = 0; q < 40; q++) {
      const one = await index.search(queries.subarray(q * dims, (q + 1) * dims), { k: 5, filter: (id) => !id.endsWith('7') });
      assert.deepEqual(many[q], one);
    }
    const controller = new AbortController();
    const cancelled = index.searchMany(queries, { onProgress: () => controller.abort(), signal: controller.signal });
    await refused('cancelled', () => cancelled);
    index.dispose();
  }
});

test('a filter function sees the ids as they are after each change', async () => {
  const index = await filled('f32');
  const asked = async () => {
    const ids = [];
    await index.search(data.subarray(0, dims), { filter: (id) => ids.push(id) > 0 });
    return ids;
  };
  assert.deepEqual(await asked(), ['first', 'id 77', 3]);
  await index.delete('first');
  assert.deepEqual((await asked()).toSorted(), [3, 'id 77']);
  await index.add('again', data.subarray(0, dims));
  assert.equal((await asked()).length, 3);
});

test('fromBytes reports progress and can be cancelled between pieces', async () => {
  const index = await Index.create({ dims: 256, codec: 'f32' });
  await index.addMany(ids.slice(0, 7500), data);
  const bytes = index.toBytes();
  const seen = [];
  const again = await Index.fromBytes(bytes, { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(again.toBytes(), bytes);
  assert.ok(seen.length >= 7);
  assert.deepEqual(seen.at(-1), { loaded: bytes.length, total: bytes.length, level: 1, levels: 1, rows: 7500 });
  const controller = new AbortController();
  await refused('cancelled', () => Index.fromBytes(bytes, { onProgress: () => controller.abort(), signal: controller.signal }));
});
