// SPDX-License-Identifier: Apache-2.0
// Vectors through all formats and back, and files that are damaged in every way that has been thought of.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Index } from 'simile';
import { folderFor, run } from '../support/cli.mjs';
import { decodeVectors, exitCodeOf } from '../support/cli-internals.mjs';

const rows = 5;
const dims = 3;
const values = Float32Array.from({ length: rows * dims }, (_, i) => Math.fround(Math.sin(i + 1) * 3));
const ids = ['a', 7, '__proto__', 'ü', 2 ** 53 - 1];

const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const joined = (...parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
const u16 = (x) => bytesOf(Uint16Array.of(x));
const u32 = (x) => bytesOf(Uint32Array.of(x));
const u64 = (x) => bytesOf(BigUint64Array.of(BigInt(x)));

function npy(header, body, version = 1) {
  const text = `${header}\n`;
  return joined(`\x93NUMPY${String.fromCharCode(version)}\x00`, version === 1 ? u16(text.length) : u32(text.length), text, body);
}
const described = (type, shape, order = 'False') => `{'descr': '${type}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
function safetensors(header, body) {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  return joined(u64(Buffer.byteLength(text)), Buffer.from(text), body);
}
const tensor = (shape, begin, end, dtype = 'F32') => ({ dtype, shape, data_offsets: [begin, end] });
const fvecs = (list) => joined(...list.flatMap((vector) => [u32(vector.length), bytesOf(Float32Array.from(vector))]));
const list = Array.from({ length: rows }, (_, row) => [...values.subarray(row * dims, (row + 1) * dims)]);

/** The rows in the bytes of a file. */
async function read(name, bytes, options = {}) {
  const format = name.split('.').at(-1);
  const matrix = await decodeVectors(Uint8Array.from(Buffer.from(bytes)), name, format, options);
  return Array.from({ length: matrix.rows }, (_, row) => ({
    id: matrix.ids ? matrix.ids[row] : row,
    vector: [...matrix.values.subarray(row * matrix.dims, (row + 1) * matrix.dims)],
  }));
}
const numbers = (lines) => lines.flatMap(({ vector }) => vector);

test('vectors go through every format and come back, bit for bit, with their ids', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, '0.jsonl'), list.map((vector, i) => JSON.stringify({ id: ids[i], vector })).join('\n'));
  writeFileSync(join(folder, 'ids.json'), JSON.stringify(ids));
  const chain = ['0.jsonl', '1.npy', '2.fvecs', '3.safetensors', '4.simile', '5.safetensors', '6.jsonl'];
  const options = {
    '1.npy': ['--ids-out', 'kept.json'],
    '3.safetensors': ['--ids', 'kept.json'],
    '4.simile': ['--codec', 'f32', '--similarity', 'dot'],
  };
  for (const [i, to] of chain.slice(1).entries()) {
    const { code, out, err } = await run(['convert', chain[i], to, '--json', ...(options[to] ?? [])], { cwd: folder });
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out), { output: to, rows, dims, format: to.slice(2) });
  }
  const end = readFileSync(join(folder, '6.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    end.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(Float32Array.from(numbers(end)), values);
  // The npy file is one as NumPy writes it, and the index the one that the package makes.
  assert.deepEqual(readFileSync(join(folder, '1.npy')).subarray(0, 8), Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
  const index = await Index.create({ dims, codec: 'f32', similarity: 'dot' });
  await index.addMany(ids, values);
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, '4.simile'))), index.toBytes());
});

test('all numbers of NumPy are read: sizes, orders, versions', async () => {
  const small = [
    [1, -2, 3],
    [4, 5, -6],
  ];
  const flat = small.flat();
  const big = (bytes, size) => {
    const out = Buffer.from(bytes);
    return size === 2 ? out.swap16() : size === 4 ? out.swap32() : out.swap64();
  };
  const half = Uint16Array.of(0x3c00, 0xc000, 0x4200, 0x4400, 0x4500, 0xc600);
  const cases = [
    ['<f4', bytesOf(Float32Array.from(flat))],
    ['>f4', big(bytesOf(Float32Array.from(flat)), 4)],
    ['<f8', bytesOf(Float64Array.from(flat))],
    ['>f8', big(bytesOf(Float64Array.from(flat)), 8)],
    ['<f2', bytesOf(half)],
    ['|i1', bytesOf(Int8Array.from(flat))],
    ['<i2', bytesOf(Int16Array.from(flat))],
    ['>i4', big(bytesOf(Int32Array.from(flat)), 4)],
    ['<i8', bytesOf(BigInt64Array.from(flat.map(BigInt)))],
  ];
  for (const [type, body] of cases)
    assert.deepEqual(numbers(await read('x.npy', npy(described(type, '(2, 3)'), body))), flat, type);
  const columns = bytesOf(Float32Array.of(1, 4, -2, 5, 3, -6));
  assert.deepEqual(numbers(await read('x.npy', npy(described('<f4', '(2, 3)', 'True'), columns))), flat);
  assert.deepEqual(numbers(await read('x.npy', npy(described('<f4', '(2, 3)'), cases[0][1], 2))), flat);
  assert.equal((await read('x.npy', npy(described('<f4', '(6,)'), cases[0][1]))).length, 1, 'a vector is one row');
});

test('bytes, brain floats, CSV and chosen fields are read', async () => {
  const bvecs = joined(u32(2), Uint8Array.of(0, 255), u32(2), Uint8Array.of(3, 4));
  assert.deepEqual(numbers(await read('x.bvecs', bvecs)), [0, 255, 3, 4]);
  const brain = safetensors({ v: tensor([1, 2], 0, 4, 'BF16') }, u32(0xc0003f80));
  assert.deepEqual(numbers(await read('x.safetensors', brain)), [1, -2]);
  const two = safetensors({ a: tensor([1, 1], 0, 4), b: tensor([1, 1], 4, 8) }, bytesOf(Float32Array.of(1, 2)));
  assert.deepEqual(numbers(await read('x.safetensors', two, { tensor: 'b' })), [2]);
  const csv = 'name,"r","g"\r\n"say ""hi"", you",1,2.5\r\nplain,-3,4e1\r\n';
  assert.deepEqual(await read('x.csv', csv, { vector: ['r', 'g'], id: 'name' }), [
    { id: 'say "hi", you', vector: [1, 2.5] },
    { id: 'plain', vector: [-3, 40] },
  ]);
  assert.deepEqual(await read('x.csv', 'id,embedding\nx,"[1, 2]"\n'), [{ id: 'x', vector: [1, 2] }]);
  assert.deepEqual(await read('x.jsonl', '{"_id":"q","embedding":[0.5]}\n\n'), [{ id: 'q', vector: [0.5] }]);
});

test('vectors go into Parquet and come back, bit for bit, with their ids', async (t) => {
  const folder = folderFor(t);
  const { parquetMetadata } = await import('hyparquet');
  // The largest and smallest of all kinds, and a zero with a sign.
  const bits = Uint32Array.of(0, 0x80000000, 1, 0x807fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800001, 0x33800000);
  const hard = new Float32Array(bits.buffer);
  const kinds = {
    numbers: { ids: [0, 2 ** 53 - 1, 7], type: 'INT64', converted: undefined },
    texts: { ids: ['', '__proto__', 'ü"\n'], type: 'BYTE_ARRAY', converted: 'UTF8' },
    both: { ids: ['7', 7, 'a'], type: 'BYTE_ARRAY', converted: 'JSON' },
  };
  await Promise.all(
    Object.entries(kinds).map(async ([name, { ids, type, converted }]) => {
      const made = { name: `${name}.npy`, ids: `${name}.json`, parquet: `${name}.parquet`, back: `${name}-back.npy` };
      writeFileSync(join(folder, made.name), npy(described('<f4', '(3, 3)'), bytesOf(hard)));
      writeFileSync(join(folder, made.ids), JSON.stringify(ids));
      const there = await run(['convert', made.name, made.parquet, '--ids', made.ids, '--json'], { cwd: folder });
      assert.equal(there.code, 0, there.err);
      assert.deepEqual(JSON.parse(there.out), { output: made.parquet, rows: 3, dims: 3, format: 'parquet' });
      const file = readFileSync(join(folder, made.parquet));
      const { schema } = parquetMetadata(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
      assert.deepEqual([schema[1].type, schema[1].converted_type], [type, converted], name);
      assert.deepEqual([schema[2].converted_type, schema[4].type], ['LIST', 'FLOAT']);
      const back = await run(['convert', made.parquet, made.back, '--ids-out', `${name}-back.json`], { cwd: folder });
      assert.equal(back.code, 0, back.err);
      assert.deepEqual(readFileSync(join(folder, made.back)).subarray(-4 * bits.length), Buffer.from(bits.buffer));
      assert.deepEqual(JSON.parse(readFileSync(join(folder, `${name}-back.json`), 'utf8')), ids);
    }),
  );
  // Through pipes, and without ids: the numbers of the rows.
  const piped = await run(['convert', 'numbers.npy', '-', '--to', 'parquet'], { cwd: folder });
  assert.equal(piped.bytes.subarray(0, 4).toString(), 'PAR1');
  const read = await run(['convert', '-', '-', '--from', 'parquet', '--to', 'jsonl'], { cwd: folder, input: piped.bytes });
  assert.deepEqual(
    read.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    [0, 1, 2],
  );
});

test('Parquet is read, where hyparquet is', async (t) => {
  const folder = folderFor(t);
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const columnData = [
    { name: 'url', data: ['x', 'y'], type: 'STRING' },
    {
      name: 'embedding',
      data: [
        [1, 2.5],
        [3, -4],
      ],
      type: 'JSON',
    },
  ];
  writeFileSync(join(folder, 'x.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
  const { code, out, err } = await run(['convert', 'x.parquet', '-', '--to', 'jsonl', '--id', 'url'], { cwd: folder });
  assert.equal(code, 0, err);
  assert.equal(out, '{"id":"x","vector":[1,2.5]}\n{"id":"y","vector":[3,-4]}\n');
  // Integers of 64 bits are numbers here, as far as they are ids or components.
  const whole = [
    { name: 'id', data: [-1n, 2n] },
    { name: 'vector', data: [[1n], [2n]] },
  ];
  const schema = [
    { name: 'root', num_children: 2 },
    { name: 'id', type: 'INT64', repetition_type: 'REQUIRED' },
    { name: 'vector', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', type: 'INT64' },
  ];
  writeFileSync(join(folder, 'whole.parquet'), new Uint8Array(parquetWriteBuffer({ columnData: whole, schema })));
  const refused = await run(['convert', 'whole.parquet', '-', '--to', 'jsonl'], { cwd: folder });
  assert.deepEqual(
    [refused.code, refused.err],
    [3, 'simile: whole.parquet, row 0: an id is a string or a whole number from 0, not -1\n'],
  );
  whole[0].data[0] = 1n;
  writeFileSync(join(folder, 'whole.parquet'), new Uint8Array(parquetWriteBuffer({ columnData: whole, schema })));
  const taken = await run(['convert', 'whole.parquet', '-', '--to', 'jsonl'], { cwd: folder });
  assert.equal(taken.out, '{"id":1,"vector":[1]}\n{"id":2,"vector":[2]}\n');
  writeFileSync(join(folder, 'bad.parquet'), 'PAR1 and no more');
  assert.equal((await run(['convert', 'bad.parquet', 'x.npy'], { cwd: folder })).code, 3);
});

// As FAISS 1.7.3 and hnswlib 0.6.2 have written them: three vectors; the same with ids; four, of which the one with the label 0 was deleted.
const written = {
  'flat.faiss': 'SXhGMgIAAAADAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAABAQAAAAYAAAAAAAAAAACAPwAAIMAAAEBAAACAQM3MzD1vEoM6',
  'mapped.faiss':
    'SXhNcAIAAAADAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAABAAAAAEl4RkkCAAAAAwAAAAAAAAAAABAAAAAAAAAAEAAAAAAAAQAAAAAGAAAAAAAAAAAAgD8AACDAAABAQAAAgEDNzMw9bxKDOgMAAAAAAAAABwAAAAAAAAAAAAAAAAAAADMzMzMzMwMA',
  'x.hnswlib':
    'AAAAAAAAAAAKAAAAAAAAAAQAAAAAAAAAJAAAAAAAAAAcAAAAAAAAABQAAAAAAAAAAgAAAAEAAAACAAAAAAAAAAQAAAAAAAAAAgAAAAAAAAD+gitlRxX3PwoAAAAAAAAAAgAAAAEAAAACAAAAAAAAAAAAAAAAAIA/AAAgwAcAAAAAAAAAAwABAAAAAAACAAAAAwAAAAAAAAAAAEBAAACAQAAAAAAAAAAAAgAAAAEAAAAAAAAAAAAAAAAAAADNzMw9bxKDOioAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAAAAAAAAAKBAAADAQAEAAAAAAAAAAAAAABgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==',
};
const fileOf = (name) => Buffer.from(written[name], 'base64');
const changed = (name, at, bytes) => {
  const file = fileOf(name);
  file.set(bytes, at);
  return file;
};

test('indexes of FAISS and hnswlib give their vectors and ids', async () => {
  const three = [
    [1, -2.5],
    [3, 4],
    [0.1, 1e-3],
  ].map((vector) => [...Float32Array.from(vector)]);
  const rowsOf = async (name) => (await read(name, fileOf(name))).map(({ id, vector }) => [id, ...vector]);
  assert.deepEqual(
    await rowsOf('flat.faiss'),
    three.map((vector, id) => [id, ...vector]),
  );
  assert.deepEqual(
    await rowsOf('mapped.faiss'),
    three.map((vector, i) => [[7, 0, 900719925474099][i], ...vector]),
  );
  assert.deepEqual(await rowsOf('x.hnswlib'), [
    [7, ...three[0]],
    [42, ...three[2]],
    [1, 5, 6],
  ]);
  const other = Buffer.from('IwFl');
  await assert.rejects(read('flat.faiss', changed('flat.faiss', 0, other)), (error) => {
    assert.match(error.message, /kind IwFl: of FAISS, flat ones/);
    return exitCodeOf(error) === 2;
  });
});

const f32 = bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6));
const good = npy(described('<f4', '(2, 3)'), f32);
const damaged = [
  ['empty.npy', Buffer.alloc(0), /no \.npy/],
  ['text.npy', Buffer.from('1,2,3\n'), /no \.npy/],
  ['head.npy', good.subarray(0, 9), /ends after 9 bytes/],
  ['header.npy', good.subarray(0, 40), /40 bytes, and its header alone ends/],
  ['cut.npy', good.subarray(0, good.length - 1), /24 bytes, and has 23/],
  ['longer.npy', joined(good, 'x'), /1 bytes after/],
  ['huge.npy', npy(described('<f4', '(1000000000, 1000000)'), f32), /4000000000000000 bytes, and has 24/],
  ['huger.npy', npy(described('<f4', '(999999999999999, 999999999999999)'), f32), /999999999999999/],
  ['version.npy', npy(described('<f4', '(2, 3)'), f32, 9), /version 9/],
  ['long-header.npy', joined('\x93NUMPY\x02\x00', u32(4_000_000_000), 'x'.repeat(100)), /4000000000 bytes/],
  ['objects.npy', npy(described('|O', '(2, 3)'), f32), /no description|type/],
  ['strings.npy', npy(described('<U8', '(2, 3)'), f32), /type U8/],
  ['cube.npy', npy(described('<f4', '(1, 2, 3)'), f32), /shape/],
  ['negative.npy', npy(described('<f4', '(-2, 3)'), f32), /shape/],
  ['no-dims.npy', npy(described('<f4', '(2, 0)'), Buffer.alloc(0)), /2 vectors of 0 dims/],
  ['empty.fvecs', Buffer.alloc(0), /empty/],
  [
    'cut.fvecs',
    fvecs([
      [1, 2],
      [3, 4],
    ]).subarray(0, 20),
    /12 bytes each, and ends with 8 of them after 1/,
  ],
  ['negative.fvecs', joined(u32(0xffffffff), f32), /-1 dims/],
  ['huge.fvecs', joined(u32(0x7fffffff), f32), /2147483647 dims/],
  ['mixed.fvecs', joined(u32(2), bytesOf(Float32Array.of(1, 2)), u32(1), bytesOf(Float32Array.of(1, 2))), /1 dims at row 1/],
  ['short.safetensors', Buffer.alloc(7), /7 bytes/],
  ['bomb.safetensors', joined(u64(2n ** 63n), '{}'), /9223372036854775808/],
  ['cut.safetensors', safetensors({ v: tensor([1, 1], 0, 4) }, u32(0)).subarray(0, 30), /30 bytes/],
  ['no-json.safetensors', safetensors('[1, 2', u32(0)), /no JSON object/],
  ['list.safetensors', safetensors('[]', Buffer.alloc(0)), /no JSON object/],
  ['hole.safetensors', safetensors({ v: tensor([1, 1], 4, 8) }, bytesOf(Float32Array.of(1, 2))), /begins at 4/],
  ['overlap.safetensors', safetensors({ v: tensor([1, 1], 0, 4), w: tensor([1, 1], 0, 4) }, u32(0)), /begins at 0/],
  ['after.safetensors', safetensors({ v: tensor([1, 1], 0, 4) }, joined(u32(0), 'more')), /4 bytes after/],
  ['missing.safetensors', safetensors({ v: tensor([1, 2], 0, 8) }, u32(0)), /they end at 8/],
  ['shape.safetensors', safetensors({ v: tensor([3, 1], 0, 4) }, u32(0)), /12 bytes, and has 4/],
  [
    'twice.safetensors',
    safetensors(
      '{"v":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"v":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}',
      u32(0),
    ),
    /twice/,
  ],
  ['type.safetensors', safetensors({ v: tensor([1, 1], 0, 4, 'F8') }, u32(0)), /"F8"/],
  ['none.safetensors', safetensors({ v: tensor([1], 0, 4) }, u32(0)), /no matrix/],
  ['line.jsonl', Buffer.from('{"vector":[1]}\n{"vector":[1'), /line 2 is no JSON/],
  ['list.jsonl', Buffer.from('[1,2]\n'), /line 1 is no JSON object/],
  ['dims.jsonl', Buffer.from('{"vector":[1]}\n{"vector":[1,2]}'), /line 2: a vector of 2 dims/],
  ['words.jsonl', Buffer.from('{"vector":[1,"NaN"]}'), /line 1: component 1 is "NaN"/],
  ['null.jsonl', Buffer.from('{"vector":null}'), /line 1/],
  ['id.jsonl', Buffer.from('{"id":-1,"vector":[1]}'), /an id is/],
  ['empty.jsonl', Buffer.alloc(0), /no vectors/],
  ['utf8.jsonl', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
  ['quote.csv', Buffer.from('id,vector\nx,"[1'), /line 2: a quote is opened/],
  ['cells.csv', Buffer.from('id,vector\nx\n'), /line 2 has 1 cells/],
  ['twice.csv', Buffer.from('id,id\nx,y\n'), /two columns "id"/],
  ['empty.faiss', Buffer.alloc(0), /0 bytes, and what begins at 0 needs 4/],
  ['text.faiss', Buffer.from('text'), /no index of FAISS/],
  ['cut.faiss', fileOf('flat.faiss').subarray(0, 60), /24 bytes, and has 15/],
  ['longer.faiss', joined(fileOf('flat.faiss'), 'x'), /1 bytes after its index/],
  ['dims.faiss', changed('flat.faiss', 4, u32(3)), /3 vectors of 3 dims, and 6 numbers/],
  ['huge.faiss', changed('flat.faiss', 8, u64(2n ** 62n)), /4611686018427388000 vectors of 2 dims/],
  ['ids.faiss', changed('mapped.faiss', 8, u64(4)), /says that it has 4 vectors, has 3 of them, and 3 ids/],
  ['id.faiss', changed('mapped.faiss', fileOf('mapped.faiss').length - 8, u64(2n ** 63n)), /id 2: an id is/],
  ['text.hnswlib', Buffer.alloc(96, 'x'), /no index of hnswlib/],
  ['cut.hnswlib', fileOf('x.hnswlib').subarray(0, 230), /230 bytes, and what begins at 96 needs 144/],
  ['links.hnswlib', fileOf('x.hnswlib').subarray(0, 260), /260 bytes/],
  ['longer.hnswlib', joined(fileOf('x.hnswlib'), 'x'), /1 bytes after its index/],
  ['count.hnswlib', changed('x.hnswlib', 16, u64(2n ** 60n)), /no index of hnswlib/],
  ['label.hnswlib', changed('x.hnswlib', 96 + 28, u64(2n ** 63n)), /item 0: an id is/],
];
for (const [name, bytes, message] of damaged) {
  test(`a damaged file is refused with the numbers: ${name}`, async () => {
    await assert.rejects(read(name, bytes), (error) => {
      assert.match(error.message, message);
      return exitCodeOf(error) === 3;
    });
  });
}

test('a damaged file ends the program with 3 and no result', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'cut.npy'), good.subarray(0, good.length - 1));
  const { code, out, err } = await run(['convert', 'cut.npy', 'out.simile'], { cwd: folder });
  assert.deepEqual([code, out], [3, '']);
  assert.match(err, /cut\.npy .* 24 bytes, and has 23/);
});

test('any bytes are refused or read, at once and whole', async () => {
  const formats = ['npy', 'fvecs', 'bvecs', 'safetensors', 'faiss', 'hnswlib', 'jsonl', 'csv', 'tsv'];
  const seeds = [
    good,
    fvecs([
      [1, 2],
      [3, 4],
    ]),
    safetensors({ v: tensor([1, 1], 0, 4) }, u32(0)),
    ...Object.keys(written).map(fileOf),
    Buffer.from('{"vector":[1]}'),
    Buffer.from('id,vector\nx,"[1]"\n'),
  ];
  const change = fc.tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }), fc.nat(300));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...formats), change, async (format, [seed, changes, length]) => {
      const bytes = Buffer.from(seed.subarray(0, Math.max(0, seed.length - (length > 150 ? length - 150 : 0))));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        const rows = await read(`x.${format}`, bytes);
        assert.ok(rows.length <= bytes.length);
      } catch (error) {
        assert.ok([2, 3, 4].includes(exitCodeOf(error)), `${error.stack}`);
      }
    }),
    { numRuns: 3000 },
  );
});
