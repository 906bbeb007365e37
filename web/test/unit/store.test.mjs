// SPDX-License-Identifier: Apache-2.0
// The store in memory: its protocol is that of every backend, and here each bit of it can be damaged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Index, SimileError } from 'simile';
import { openStore } from 'simile/store';
import { internals } from '../support/store-internals.mjs';

const bytes = (n, seed = 1) => Uint8Array.from({ length: n }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 255);
const rejects = (promise, code, says = /./) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.name, 'SimileError');
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  });
let names = 0;
const fresh = () => `unit-${names++}`;

test('Node has memory, and says so', async () => {
  const store = await openStore(fresh());
  assert.equal(store.kind, 'memory');
  assert.equal(await store.load(), undefined);
  assert.equal(store.generation, undefined);
  await rejects(openStore('x', { backend: 'opfs' }), 'not_supported', /opfs/);
  await rejects(openStore('x', { backend: 'indexeddb' }), 'not_supported');
  for (const backend of ['disk', '__proto__', 'constructor', 1]) await rejects(openStore('x', { backend }), 'invalid_argument');
  for (const name of [undefined, null, 1, {}, Symbol('x')]) await rejects(openStore(name), 'invalid_argument', /string/);
});

test('what was saved is loaded: bytes of every kind and size, and a copy', async () => {
  const store = await openStore(fresh());
  for (const n of [0, 1, 15, 16, 17, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_001]) {
    const given = bytes(n, n);
    await store.save(given);
    const found = await store.load();
    assert.ok(Buffer.from(found).equals(given), `${n}`);
    assert.notEqual(found.buffer, given.buffer);
  }
  assert.equal(store.generation, 9);
  await store.save(bytes(64).buffer);
  assert.deepEqual(await store.load(), bytes(64));
  await store.save(bytes(64).subarray(3, 9));
  assert.deepEqual(await store.load(), bytes(64).slice(3, 9));
  for (const wrong of [undefined, null, 'text', [1], new Float32Array(2), { toBytes: () => 'no' }])
    await rejects(store.save(wrong), 'invalid_argument');
  assert.equal(store.generation, 11);
});

test('an index is saved and comes back', async () => {
  const store = await openStore(fresh());
  const index = await Index.create({ dims: 2 });
  await index.addMany(['a', 'b'], [1, 0, 0, 1]);
  await store.save(index);
  const again = await Index.fromBytes(await store.load());
  assert.equal((await again.search([1, 0.1]))[0].id, 'a');
  await rejects(
    (async () => {
      index.dispose();
      await store.save(index);
    })(),
    'disposed',
  );
  again.dispose();
});

test('every string is a name of its own', async () => {
  const long = 'x'.repeat(10_000);
  const all = ['', 'a', 'A', 'a/b', 'a\\b', '..', '.', '__proto__', 'constructor', '=0041', '\0', ' ', 'é', 'e\u0301', '\ud800'];
  all.push('\udc00', '\ud83d', '😀', '-', long, `${long}y`, '/'.repeat(10_000), '\ud800'.repeat(10_000));
  for (const [i, name] of all.entries()) await (await openStore(name)).save(bytes(8, i));
  for (const [i, name] of all.entries()) assert.deepEqual(await (await openStore(name)).load(), bytes(8, i), name.slice(0, 9));
  const folders = await Promise.all(all.map((name) => internals.folderName(internals.encodeName(name))));
  assert.equal(new Set(folders.map((name) => name.toLowerCase())).size, all.length);
  for (const folder of folders) assert.match(folder, /^[nh]-[a-z0-9=-]{0,120}$/);
});

test('a lost update is a conflict, and overwriting has to be said', async () => {
  const name = fresh();
  const [one, two] = [await openStore(name), await openStore(name)];
  await one.save(bytes(1));
  await rejects(two.save(bytes(2)), 'conflict', /generation 1 .* nothing/);
  assert.deepEqual(await one.load(), bytes(1));
  await two.load();
  await two.save(bytes(2));
  await rejects(one.save(bytes(3)), 'conflict', /generation 2 .* generation 1/);
  await one.save(bytes(3), { overwrite: true });
  assert.deepEqual(await two.load(), bytes(3));
  // Deleted and saved anew: the same number, and yet not the same.
  await one.delete();
  for (let i = 0; i < 3; i++) await one.save(bytes(4 + i));
  assert.equal(one.generation, two.generation);
  await rejects(two.save(bytes(9)), 'conflict');
  await two.delete();
  await rejects(one.save(bytes(9)), 'conflict', /nothing/);
  assert.equal(await one.load(), undefined);
  await one.save(bytes(9));
  assert.equal(one.generation, 1);
});

test('of writers at once each counts once', async () => {
  const name = fresh();
  let conflicts = 0;
  const writer = async () => {
    const store = await openStore(name);
    for (let done = 0; done < 20; ) {
      const [count = 0] = (await store.load()) ?? [];
      try {
        await store.save(Uint8Array.of(count + 1));
        done++;
      } catch (error) {
        assert.equal(error.code, 'conflict');
        conflicts++;
      }
    }
  };
  await Promise.all([writer(), writer(), writer()]);
  assert.deepEqual([...(await (await openStore(name)).load())], [60]);
  assert.ok(conflicts > 0);
  const store = await openStore(name);
  await Promise.all(Array.from({ length: 10 }, (_, i) => store.save(bytes(i))));
  assert.equal(store.generation, 70);
});

test('others hear of saves and deletes, and no longer after the end', async () => {
  const name = fresh();
  const [one, two] = [await openStore(name), await openStore(name)];
  const heard = [];
  const own = [];
  const end = two.onChange(({ generation }) => heard.push(generation));
  one.onChange((change) => own.push(change));
  await one.save(bytes(3));
  await one.save(bytes(4));
  await one.delete();
  for (let i = 0; i < 100 && heard.length < 3; i++) await wait(5);
  assert.deepEqual(heard, [1, 2, undefined]);
  assert.deepEqual(own, []);
  end();
  await one.save(bytes(3));
  await wait(20);
  assert.equal(heard.length, 3);
});

test('a cancelled save leaves what was there', async () => {
  const store = await openStore(fresh());
  await store.save(bytes(100));
  const reason = new Error('enough');
  await rejects(store.save(bytes(200), { signal: AbortSignal.abort(reason) }), 'cancelled');
  const control = new AbortController();
  const saving = store.save(new Uint8Array(64 << 20), { signal: control.signal });
  setTimeout(() => control.abort(reason), 20);
  await assert.rejects(saving, (error) => error.code === 'cancelled' && error.cause === reason);
  assert.deepEqual(await store.load(), bytes(100));
  await rejects(store.load({ signal: AbortSignal.abort() }), 'cancelled');
  // Also one that still waits for another, which goes on.
  const waiting = new AbortController();
  const [first, second] = [store.save(bytes(3 << 20)), store.save(bytes(8), { signal: waiting.signal })];
  waiting.abort(reason);
  await rejects(second, 'cancelled');
  await first;
  assert.equal((await store.load()).length, 3 << 20);
  await store.save(bytes(7));
  assert.equal(store.generation, 3);
});

test('a save that did not come to its end gives its room back', async () => {
  const { store, slots, newer } = await twoGenerations();
  const control = new AbortController();
  const saving = store.save(new Uint8Array(64 << 20), { signal: control.signal });
  setTimeout(() => control.abort(), 5);
  await rejects(saving, 'cancelled');
  assert.equal(slots[0], undefined);
  assert.deepEqual(await store.load(), newer);
});

test('bytes that change while they are saved do not tear it', async () => {
  const store = await openStore(fresh());
  const given = new Uint8Array(48 << 20);
  const saving = store.save(given);
  const timer = setInterval(() => given.fill(given[0] + 1), 1);
  await saving;
  clearInterval(timer);
  assert.equal((await store.load()).length, given.length);
  assert.equal(store.recovered, false);
});

test('a closed store is closed', async () => {
  const store = await openStore(fresh());
  store.close();
  store.close();
  for (const call of [() => store.load(), () => store.save(bytes(1)), () => store.delete()]) await rejects(call(), 'disposed');
  assert.throws(() => store.onChange(() => {}), SimileError);
});

/** Two generations of a name, of which the newer can be damaged. */
async function twoGenerations(n = 40) {
  const name = fresh();
  const store = await internals.openStore(name);
  const [older, newer] = [bytes(n, 1), bytes(n, 2)];
  await store.save(older);
  await store.save(newer);
  const slots = internals.memoryOf(internals.encodeName(name));
  return { name, store, slots, older, newer };
}

test('every flipped bit of a slot is noticed, and the older generation taken', async () => {
  const { store, slots, older, newer } = await twoGenerations();
  for (const part of [slots[1].header, ...slots[1].pieces]) {
    for (let bit = 0; bit < part.length * 8; bit++) {
      part[bit >> 3] ^= 1 << (bit & 7);
      assert.deepEqual(await store.load(), older, `bit ${bit} of ${part.length} bytes`);
      assert.ok(store.recovered);
      part[bit >> 3] ^= 1 << (bit & 7);
    }
  }
  assert.deepEqual(await store.load(), newer);
  assert.ok(!store.recovered);
});

test('every truncation and every extension of a slot is noticed', async () => {
  const { name, store, slots, older, newer } = await twoGenerations();
  const { header, pieces } = slots[1];
  for (let n = 0; n < header.length; n++) {
    slots[1] = { header: header.slice(0, n), pieces: [] };
    assert.deepEqual(await store.load(), older);
    slots[1] = { header: new Uint8Array(n), pieces };
    assert.deepEqual(await store.load(), older);
  }
  for (let n = 0; n < newer.length; n++) {
    slots[1] = { header, pieces: [newer.slice(0, n)] };
    assert.deepEqual(await store.load(), older);
    const opened = await internals.openStore(name);
    assert.equal(opened.generation, 1);
    opened.close();
  }
  slots[1] = { header, pieces: [...pieces, Uint8Array.of(0)] };
  assert.deepEqual(await store.load(), older);
  slots[1] = { header: slots[0].header, pieces };
  assert.deepEqual(await store.load(), older);
  slots[1] = { header, pieces };
  assert.deepEqual(await store.load(), newer);
});

test('a save never touches the only whole generation', async () => {
  const { name, slots, older } = await twoGenerations();
  slots[1].pieces[0][3] ^= 1;
  const store = await internals.openStore(name);
  await rejects(store.save(bytes(5)), 'conflict');
  assert.deepEqual(await store.load(), older);
  const whole = slots[0];
  await store.save(bytes(6));
  assert.equal(slots[0], whole);
  assert.equal(store.generation, 2);
});

test('when everything is damaged that is an error, which a save or a delete ends', async () => {
  for (const end of ['save', 'delete']) {
    const { store, slots } = await twoGenerations();
    for (const slot of slots) slot.header[20] ^= 1;
    await rejects(store.load(), 'corrupt_file', /save\(\)/);
    await store[end](bytes(3));
    assert.deepEqual(await store.load(), end === 'save' ? bytes(3) : undefined);
  }
});

test('a first save that broke off has stored nothing', async () => {
  const { store, slots } = await twoGenerations();
  const { pieces } = slots[1];
  slots[1] = undefined;
  for (const header of [new Uint8Array(0), new Uint8Array(64)]) {
    slots[0] = { header, pieces };
    assert.equal(await store.load(), undefined);
  }
});

test('a newer version is refused and not overwritten', async () => {
  const { name, store, slots } = await twoGenerations();
  const { header } = slots[1];
  header[8] = 2;
  new DataView(header.buffer).setBigUint64(56, new internals.Checksum().update(header.subarray(0, 56)).digest(), true);
  await rejects(store.load(), 'unsupported_version', /version 2/);
  await rejects(store.save(bytes(1), { overwrite: true }), 'unsupported_version');
  await rejects(internals.openStore(name), 'unsupported_version');
  await store.delete();
  assert.equal(await store.load(), undefined);
});

test('the header is the one that is written down', () => {
  const header = { generation: 2n ** 40n + 3n, length: 2 ** 35 + 5, stamp: 2n ** 63n + 7n, checksum: 2n ** 62n + 11n };
  const encoded = internals.encodeHeader(header);
  assert.equal(String.fromCharCode(...encoded.subarray(0, 8)), 'simstore');
  assert.deepEqual(internals.decodeHeader(encoded), header);
  assert.equal(internals.decodeHeader(encoded.subarray(1)), undefined);
});

test('the checksum is XXH32, in whatever pieces the bytes come', () => {
  const hash = (data, seed) => new internals.Xxh32(seed).update(data).digest();
  const text = (string) => new TextEncoder().encode(string);
  // Known answers of the reference implementation.
  assert.equal(hash(text(''), 0), 0x02cc5d05);
  assert.equal(hash(text('abc'), 0), 0x32d153ff);
  assert.equal(hash(text('Nobody inspects the spammish repetition'), 0), 0xe2293b2f);
  const all = bytes(1000);
  for (const cut of [0, 1, 3, 15, 16, 17, 100, 999]) {
    const pieces = new internals.Xxh32(9)
      .update(all.subarray(0, cut))
      .update(all.subarray(cut, cut + 5))
      .update(all.subarray(cut + 5));
    assert.equal(pieces.digest(), hash(all, 9), `${cut}`);
  }
});

test('errors of the browser become errors of the package', async () => {
  const quota = internals.storageError(new DOMException('full', 'QuotaExceededError'), 'save()');
  assert.equal(quota.code, 'quota_exceeded');
  assert.match(quota.message, /still there/);
  const other = internals.storageError(new DOMException('held', 'NoModificationAllowedError'), 'save()');
  assert.equal(other.code, 'io_failure');
  assert.match(other.message, /NoModificationAllowedError/);
  assert.equal(internals.storageError(quota, 'load()'), quota);
});
