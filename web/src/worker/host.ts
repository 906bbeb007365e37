// SPDX-License-Identifier: Apache-2.0
import { buildsOf, connect } from './addresses.js';
import type { Builds } from './builds.js';
import type { Connection } from './connection.js';
import type { WorkerOptions } from './worker-index.js';

/** Where an index lives. @internal */
export interface Host {
  /** To the worker that holds it. */
  readonly connection: Connection;
  /** What this worker loads first; undefined when it has done so. */
  readonly builds: Builds | undefined;
  /** How many workers there are, those that help included. */
  readonly workers: number;
  readonly memory: 'shared' | 'separate';
}

/** One worker. @throws {SimileError} `not_supported` @internal */
export const hostAlone = (options: WorkerOptions, connection = connect(options)): Host => ({
  connection,
  builds: buildsOf(options.wasm),
  workers: 1,
  memory: 'separate',
});
