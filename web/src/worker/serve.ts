// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { nodeThreads } from './port.js';
import { fromWire, type ToPage, type ToThread, toWire } from './protocol.js';

/** What a method of a worker is given besides its arguments. @internal */
export interface Job {
  /** What the page has sent before. */
  readonly pieces: readonly unknown[];
  readonly signal: AbortSignal;
  /** Undefined if nobody listens. */
  readonly onProgress: ((progress: unknown) => void) | undefined;
  /** Sends a piece of an answer. */
  part(part: unknown, transfer?: readonly Transferable[]): void;
}

/** Methods by name. @internal */
export type Methods = Readonly<Record<string, (job: Job, ...args: never[]) => unknown>>;

/** The page, as the worker sees it. @internal */
export interface Page {
  /** Tells of a change that comes by itself. */
  tell(event: string, value?: unknown, error?: unknown): void;
  ask(value: unknown, signal: AbortSignal | undefined): Promise<unknown>;
}

interface Thread {
  post(message: ToPage, transfer: readonly Transferable[]): void;
  listen(receive: (message: ToThread) => void): void;
}

/** In browsers a global; in Node a port. */
function thread(): Thread {
  const port = 'WorkerGlobalScope' in globalThis ? undefined : nodeThreads()?.parentPort;
  if (port)
    return {
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: (receive) => port.on('message', receive as (value: never) => void),
    };
  const scope = globalThis as unknown as {
    postMessage(message: unknown, transfer: readonly Transferable[]): void;
    onmessage: ((event: MessageEvent) => void) | null;
  };
  return {
    post: (message, transfer) => scope.postMessage(message, transfer),
    listen: (receive) => {
      scope.onmessage = ({ data }) => receive(data as ToThread);
    },
  };
}

/** An array that is its whole buffer moves to the page. */
const transferOf = (value: unknown): Transferable[] =>
  ArrayBuffer.isView(value) && value.byteLength === value.buffer.byteLength ? [value.buffer as ArrayBuffer] : [];

/**
 * Answers the page's calls.
 * @param make - is told how to speak with the page
 * @param stateOf - sent with every answer
 * @internal
 */
export function serve(make: (page: Page) => Methods, stateOf: () => unknown): void {
  const { post, listen } = thread();
  const pieces = new Map<number, unknown[]>();
  const running = new Map<number, AbortController>();
  const questions = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let asked = 0;

  const methods = make({
    tell: (event, value, error) =>
      post({ event, value, state: stateOf(), ...(error === undefined ? {} : { error: toWire(error) }) }, []),
    ask: (value, signal) =>
      new Promise((resolve, reject) => {
        const question = ++asked;
        questions.set(question, { resolve, reject });
        signal?.addEventListener('abort', () => post({ question, value: undefined, stop: true }, []));
        post({ question, value }, []);
      }),
  });

  const run = async (call: number, method: string, args: readonly unknown[], reports: boolean): Promise<void> => {
    const control = new AbortController();
    running.set(call, control);
    const job: Job = {
      pieces: pieces.get(call) ?? [],
      signal: control.signal,
      onProgress: reports ? (progress) => post({ call, progress }, []) : undefined,
      part: (part, transfer = transferOf(part)) => post({ call, part }, transfer),
    };
    pieces.delete(call);
    try {
      const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (known === undefined) throw new SimileError('invalid_argument', `the worker knows no ${method}`);
      const value = await known(job, ...(args as never[]));
      post({ call, value, state: stateOf() }, transferOf(value));
    } catch (error) {
      post({ call, error: toWire(error) }, []);
    } finally {
      running.delete(call);
    }
  };

  listen((message) => {
    if ('question' in message) {
      const { resolve, reject } = questions.get(message.question) ?? {};
      questions.delete(message.question);
      if (message.error) reject?.(fromWire(message.error));
      else resolve?.(message.value);
    } else if ('piece' in message) {
      const list = pieces.get(message.call);
      if (list) list.push(message.piece);
      else pieces.set(message.call, [message.piece]);
    } else if ('abort' in message) {
      pieces.delete(message.call);
      running.get(message.call)?.abort();
    } else {
      void run(message.call, message.method, message.args, message.reports);
    }
  });
}
