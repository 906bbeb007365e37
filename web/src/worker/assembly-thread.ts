// SPDX-License-Identifier: Apache-2.0
// The workers' side of a file that is put together from several of them.
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import { Index } from '../index.js';
import type { Giving, Taking } from './assembly.js';
import type { Job } from './serve.js';

const givenRows = 512;

/** What is asked of a worker that gives: its file, or the rows that come next, or nothing more. */
type Question = 'file' | 'rows' | 'end';

interface Given {
  readonly ids: readonly Id[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Answers the worker that takes, until it has all rows, in the order of the page's ids. @internal */
export function give(index: Index, { pieces, signal }: Job): Promise<void> {
  const list = pieces as Giving[];
  const ids = list.flatMap((piece) => ('ids' in piece ? piece.ids : []));
  const port = list.flatMap((piece) => ('port' in piece ? [piece.port] : []))[0] as MessagePort;
  let at = 0;

  const next = (): Given => {
    const some = ids.slice(at, at + givenRows);
    at += some.length;
    const data = new Float32Array(some.length * index.dims);
    for (const [i, id] of some.entries()) data.set(index.get(id) ?? [], i * index.dims);
    return { ids: some, data };
  };
  return new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new SimileError('cancelled', 'toBytes was cancelled')));
    port.onmessage = ({ data: asked }: MessageEvent<Question>) => {
      try {
        if (asked === 'end') {
          resolve();
        } else if (asked === 'file') {
          port.postMessage(index.toBytes());
        } else {
          const rows = next();
          port.postMessage(rows, [rows.data.buffer]);
        }
      } catch (error) {
        reject(error);
      }
    };
  }).finally(() => port.close());
}

function asked<T>(port: MessagePort, question: Question): Promise<T> {
  return new Promise((resolve) => {
    port.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
    port.postMessage(question);
  });
}

/** What one worker gives, row after row. */
async function* rowsOf(port: MessagePort, dims: number): AsyncGenerator<readonly [Id, Float32Array]> {
  for (;;) {
    const { ids, data } = await asked<Given>(port, 'rows');
    if (ids.length === 0) return;
    for (const [i, id] of ids.entries()) yield [id, data.subarray(i * dims, (i + 1) * dims)];
  }
}

/** The file of the whole, from those that give. @internal */
export async function assemble({ pieces }: Job): Promise<Uint8Array> {
  const { ports, owners } = pieces[0] as Taking;
  // The first worker's file has all that is said of the whole, and how vectors are coded.
  const index = await Index.fromBytes(await asked<Uint8Array>(ports[0] as MessagePort, 'file'));
  await index.deleteMany(index.ids());
  const givers = ports.map((port) => rowsOf(port, index.dims));
  const ids: Id[] = [];
  const vectors: Float32Array[] = [];
  for (const owner of owners) {
    const { value } = (await givers[owner]?.next()) ?? {};
    if (value === undefined) throw new SimileError('incomplete', 'a worker has given too few vectors');
    ids.push(value[0]);
    vectors.push(value[1]);
  }
  for (const port of ports) port.postMessage('end' satisfies Question);
  await index.addMany(ids, vectors);
  return index.toBytes();
}
