// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';
import { connect, sharedBuildOf } from './addresses.js';
import type { Connection } from './connection.js';
import type { Share } from './helper.js';
import type { Host } from './host.js';
import { canShareMemory } from './memory.js';
import type { WorkerOptions } from './worker-index.js';

const choices = ['auto', 'shared', 'separate'];
const maxWorkers = 64;

/** @throws {SimileError} `invalid_argument` @internal */
export function workersOf({ workers = 1 }: WorkerOptions): number {
  if (!Number.isInteger(workers) || workers < 1 || workers > maxWorkers)
    throw invalid(`workers must be an integer from 1 to ${maxWorkers}, not ${shown(workers)}`);
  return workers;
}

/**
 * Workers with one memory, if they are wanted and can be had; else undefined.
 * @throws {SimileError} `not_supported` and others where `memory: 'shared'` cannot be had
 * @internal
 */
export async function hostOfTeam(
  options: WorkerOptions,
  workers: number,
  connecting: () => Connection = () => connect(options),
): Promise<Host | undefined> {
  const { memory = 'auto', wasm } = options;
  if (!choices.includes(memory)) throw invalid(`memory must be one of ${choices.join(', ')}, not ${shown(memory)}`);
  if (workers === 1 || memory === 'separate') return undefined;
  if (memory === 'shared') return started(options, workers, connecting);
  // A build that is given is the plain one.
  if (wasm !== undefined || !canShareMemory()) return undefined;
  return started(options, workers, connecting).catch(() => undefined);
}

/** The first worker makes the memory and holds the index, the others help it. The end of one is the end of all. */
async function started({ wasm }: WorkerOptions, workers: number, connecting: () => Connection): Promise<Host> {
  if (!canShareMemory())
    throw new SimileError(
      'not_supported',
      'workers have one memory only in a page that is isolated (Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp), and in Node',
    );
  const connections: Connection[] = [];
  try {
    for (let i = 0; i < workers; i++) connections.push(connecting());
    const [connection, ...helpers] = connections;
    if (connection === undefined) throw invalid('a team has no workers');
    for (const one of connections) one.onEnd = (error) => connections.forEach((other) => void other.end(error));
    const shares = await connection.call<Share[]>('share', [sharedBuildOf(wasm), helpers.length]);
    await Promise.all(helpers.map((helper, i) => helper.call('help', [shares[i]])));
    return { connection, builds: undefined, workers, memory: 'shared' };
  } catch (error) {
    for (const one of connections) one.end(new SimileError('disposed', 'not all of the workers have started'));
    throw error;
  }
}
