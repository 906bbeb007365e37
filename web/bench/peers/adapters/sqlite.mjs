// SPDX-License-Identifier: Apache-2.0
import { k } from '../contest.mjs';

const bytesOf = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** SQLite has no vectors: rows are BLOBs, and a function of ours scores each of them. */
const blobs = {
  async load(runtime) {
    const { default: init } = await import('@sqlite.org/sqlite-wasm');
    const wasm = await runtime.file('@sqlite.org/sqlite-wasm/dist/sqlite3.wasm');
    return init({ wasmBinary: wasm });
  },
  prepare(database) {
    let query;
    const dot = (_context, blob) => {
      // Where it begins need not be a multiple of four.
      const row = new Float32Array(blob.slice().buffer);
      let sum = 0;
      for (let i = 0; i < row.length; i++) sum += row[i] * query[i];
      return sum;
    };
    database.createFunction('nearness', dot, { arity: 1, deterministic: false });
    return (vector) => {
      query = vector;
    };
  },
  table: () => 'create table rows(id integer primary key, vector blob)',
  insert: 'insert into rows values (?, ?)',
  select: `select id from rows order by nearness(vector) desc limit ${k}`,
};

const vec = (kind, distance, code) => ({
  async load(runtime) {
    const wasm = await runtime.file('sqlite-vec-wasm-demo/sqlite3.wasm');
    runtime.pretendPage(); // it refuses to run elsewhere
    const { default: init } = await import('../node_modules/sqlite-vec-wasm-demo/sqlite3.mjs');
    const instantiateWasm = (imports, done) => {
      WebAssembly.instantiate(wasm, imports).then(({ instance, module }) => done(instance, module));
      return {};
    };

    return init({ instantiateWasm, print: () => {}, printErr: () => {} });
  },
  table: (dims) => `create virtual table rows using vec0(vector ${kind}[${dims}]${distance})`,
  insert: `insert into rows(rowid, vector) values (?, ${code})`,
  select: `select rowid from rows where vector match ${code} order by distance limit ${k}`,
});

const contest = (way) => ({
  of: 'vectors',
  async start(runtime) {
    const sqlite = await way.load(runtime);
    const { capi, oo1, wasm } = sqlite;
    let database;
    let statement;
    let ask;
    const open = () => {
      database = new oo1.DB(':memory:');
    };
    const ready = () => {
      ask = way.prepare?.(database);
      statement = database.prepare(way.select);
    };
    return {
      build({ rows, dims, values }) {
        open();
        database.exec(way.table(dims));
        database.exec('begin');
        const insert = database.prepare(way.insert);
        for (let id = 0; id < rows; id++) {
          insert.bind(1, id).bind(2, bytesOf(values.subarray(id * dims, (id + 1) * dims)));
          insert.stepReset();
        }
        insert.finalize();
        database.exec('commit');
        ready();
      },
      save: () => capi.sqlite3_js_db_export(database),
      load(bytes) {
        open();
        const { length } = bytes;
        const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE;
        database.checkRc(
          capi.sqlite3_deserialize(database.pointer, 'main', wasm.allocFromTypedArray(bytes), length, length, flags),
        );
        ready();
      },
      search({ vector }) {
        if (ask) ask(vector);
        else statement.bind(1, bytesOf(vector));
        const ids = [];
        while (statement.step()) ids.push(statement.get(0));
        statement.reset();
        return ids;
      },
    };
  },
});

export const contests = {
  'sqlite-wasm, BLOBs and a function': contest(blobs),
  'sqlite-vec, f32': contest(vec('float', ' distance_metric=cosine', '?')),
  'sqlite-vec, int8': contest(vec('int8', '', "vec_quantize_int8(?, 'unit')")),
};
