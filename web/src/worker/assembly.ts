// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import { buildsOf, connect } from './addresses.js';
import type { Piece } from './connection.js';
import type { RowTable } from './rows.js';
import type { Shards } from './shards.js';
import type { WorkerOptions } from './worker-index.js';

/** Codecs that code again what they have decoded with a relative change of scores of at most 3e-5; those of fewer bits lose much. */
const recodable = /^(f32|f16|bf16|int8|planes\d*)$/;
const pieceIds = 1024;

/** A worker that gives its vectors away is told where to and in which order. @internal */
export type Giving = { readonly port: MessagePort } | { readonly ids: readonly Id[] };

/** One that takes them: from which ports, and from which of them each row. @internal */
export interface Taking {
  readonly ports: readonly MessagePort[];
  readonly owners: Uint8Array;
}

/** The port, and then the ids of one worker in the order of rows. */
function* givingPieces(port: MessagePort, { ids, owners }: RowTable, which: number): Generator<Piece> {
  yield { piece: { port } satisfies Giving, transfer: [port] };
  for (let first = 0; first < ids.length; first += pieceIds) {
    const own = ids.slice(first, first + pieceIds).filter((_, i) => owners[first + i] === which);
    yield { piece: { ids: own } satisfies Giving, transfer: [] };
  }
}

/**
 * The file of an index that is spread over workers, put together in one worker more. What it is made of goes there directly: so much
 * garbage would hold the page up.
 * @throws {SimileError} `not_supported` where too much would be lost
 * @internal
 */
export async function assembled(shards: Shards, options: WorkerOptions): Promise<Uint8Array> {
  const { each, first, table } = shards;
  if (!recodable.test(first.codec))
    throw new SimileError(
      'not_supported',
      `the shares of ${shards.count} workers make no file with ${first.codec}: take one worker`,
    );
  const whole = connect(options);
  const stop = new AbortController();
  try {
    const channels = each.map(() => new MessageChannel());
    const taking: Taking = { ports: channels.map(({ port2 }) => port2), owners: Uint8Array.from(table.owners) };
    const given = channels.map(({ port1 }, i) => shards.at(i).give(givingPieces(port1, table, i), stop.signal));
    const pieces = [{ piece: taking, transfer: taking.ports }];
    const [bytes] = await Promise.all([whole.call<Uint8Array>('assemble', [buildsOf(options.wasm)], { pieces }), ...given]);
    return bytes;
  } finally {
    stop.abort();
    whole.end(new SimileError('disposed', 'the file is ready'));
  }
}
