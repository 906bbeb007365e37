// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';

/** One end of a worker, in browsers, Deno and Bun, or in Node. @internal */
export interface Port {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Node ends while only workers without work are left. */
  setBusy(isBusy: boolean): void;
  end(): void;
}

/** @internal */
export interface PortEvents {
  message(data: unknown): void;
  /** The worker did not start, broke, or has ended. */
  death(reason: string): void;
}

/** The parts of node:worker_threads in use. */
interface NodeThread {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  on(event: 'message' | 'error' | 'exit' | 'messageerror', listener: (value: never) => void): void;
  ref?(): void;
  unref?(): void;
  terminate?(): unknown;
}
interface NodeThreads {
  readonly Worker: new (script: URL, options: { execArgv: string[] }) => NodeThread;
  readonly parentPort: NodeThread | null;
}

/** @internal */
export const nodeThreads = (): NodeThreads | undefined =>
  (
    globalThis as { readonly process?: { getBuiltinModule?(name: 'node:worker_threads'): NodeThreads } }
  ).process?.getBuiltinModule?.('node:worker_threads');

/** A page with trusted types lets a worker start from what a policy of its own says; `trusted-types simile` allows this one. */
interface Policy {
  createScriptURL(address: string): string;
}
interface TrustedTypes {
  createPolicy(name: 'simile', rules: Policy): Policy;
}

let policy: Policy | undefined;

/** @param own - the address of a script of this package; nothing else is ever let through */
function trusted(own: URL): URL | string {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return own;
  try {
    policy ??= trustedTypes.createPolicy('simile', { createScriptURL: (address) => address });
    return policy.createScriptURL(own.href);
  } catch {
    // The page's policy does not name it. If it asks for trusted scripts, starting the worker will say so.
    return own;
  }
}

/** @internal */
export function openPort(script: URL, given: (() => Worker) | undefined, events: PortEvents): Port {
  if (given === undefined && typeof Worker === 'undefined') return nodePort(script, events);
  let worker: Worker;
  try {
    worker = given?.() ?? new Worker(trusted(script) as URL, { type: 'module', name: 'simile' });
  } catch (error) {
    throw new SimileError('not_supported', `no worker can be started here: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  worker.onmessage = ({ data }) => events.message(data);
  worker.onmessageerror = () => events.death('a message could not be read');
  worker.onerror = (event) => {
    event.preventDefault?.();
    events.death(event.message || `${script} could not be run`);
  };
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as Transferable[]),
    setBusy: () => {},
    end: () => worker.terminate(),
  };
}

function nodePort(script: URL, events: PortEvents): Port {
  const threads = nodeThreads();
  if (threads === undefined) throw new SimileError('not_supported', 'there are no workers here');
  // What the program was started with, such as `--eval`, is not for this script.
  const worker = new threads.Worker(script, { execArgv: [] });
  worker.on('message', (data) => events.message(data));
  worker.on('messageerror', () => events.death('a message could not be read'));
  worker.on('error', (error: Error) => events.death(error.message));
  worker.on('exit', (code) => events.death(`it ended with ${code}`));
  worker.unref?.();
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    setBusy: (isBusy) => (isBusy ? worker.ref?.() : worker.unref?.()),
    end: () => void worker.terminate?.(),
  };
}
