// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { checkSignal, Slicer } from '../slices.js';
import { Turns } from '../turns.js';
import { openPort, type Port } from './port.js';
import { fromWire, type ToPage, type ToThread, toWire } from './protocol.js';

/** Milliseconds of the page's time before others have their turn. */
const sliceTime = 2;

/** A piece of a call's data, and what of it moves instead of being copied. @internal */
export interface Piece {
  readonly piece: unknown;
  readonly transfer: readonly Transferable[];
}

/** @internal */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: never) => void) | undefined;
  readonly onPart?: (part: never) => void;
  /** Takes back what the worker had done when `onProgress` threw. */
  readonly undo?: (() => Promise<unknown>) | undefined;
  /** Sent before the call, a slice of the page's time after the other. */
  readonly pieces?: Iterable<Piece> | undefined;
  /** Not before what was called before has been sent as a whole. */
  readonly inOrder?: boolean;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly options: CallOptions;
  /** What a callback of the page threw: it ends the call, and is passed on. */
  thrown?: { readonly error: unknown };
}

/** Answers what the worker asks of the page. @internal */
export type Answer = (value: never, signal: AbortSignal) => Promise<unknown>;

/** The page's end of a worker: calls out, answers in. @internal */
export class Connection {
  /** Told with every answer: what the worker holds now. */
  onState: ((state: never) => void) | undefined;
  onEvent: ((event: string, value: never, error: Error | undefined) => void) | undefined;
  onQuestion: Answer | undefined;
  /** Told once, when the worker has ended or was ended. */
  onEnd: ((error: SimileError) => void) | undefined;

  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  readonly #questions = new Map<number, AbortController>();
  #calls = 0;
  #isStarted = false;
  #dead: SimileError | undefined;
  /** Of what is sent. */
  readonly #uploads = new Turns();

  /** @param given - makes the worker, instead of from `script` @throws {SimileError} `not_supported` */
  constructor(script: URL, given?: () => Worker) {
    this.#port = openPort(script, given, {
      message: (data) => this.#receive(data as ToPage),
      death: (reason) => this.#die(reason),
    });
  }

  /** @throws {SimileError} what the worker threw; `disposed` once it has ended; `cancelled` */
  async call<T>(method: string, args: readonly unknown[], options: CallOptions = {}): Promise<T> {
    const { signal, pieces, inOrder = pieces !== undefined } = options;
    checkSignal(signal, method);
    if (this.#dead) throw this.#dead;
    const call = ++this.#calls;
    // Wrapped, because what waits for its turn is to wait for the sending alone, and not for the answer.
    const send = async (): Promise<{ readonly answer: Promise<T> }> => {
      if (pieces !== undefined) await this.#upload(call, pieces, method, signal);
      checkSignal(signal, method);
      if (this.#dead) throw this.#dead;
      return { answer: this.#send(call, method, args, options) };
    };
    const { answer } = await (inOrder ? this.#uploads.take(send) : send());
    return answer;
  }

  /** Ends the worker; everything pending is rejected. */
  end(error: SimileError): void {
    if (this.#dead) return;
    this.#dead = error;
    this.#port.end();
    this.#rejectAll();
    this.onEnd?.(error);
  }

  async #send<T>(call: number, method: string, args: readonly unknown[], options: CallOptions): Promise<T> {
    const { signal, onProgress } = options;
    const abort = (): void => {
      if (this.#pending.has(call)) this.#post({ call, abort: true });
    };
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#post({ call, method, args, reports: onProgress !== undefined });
        this.#pending.set(call, { resolve, reject, options });
        this.#port.setBusy(true);
        signal?.addEventListener('abort', abort);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async #upload(call: number, pieces: Iterable<Piece>, what: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      const slicer = new Slicer(signal, what, sliceTime);
      for (const { piece, transfer } of pieces) {
        if (this.#dead) throw this.#dead;
        this.#post({ call, piece }, transfer);
        await slicer.pause();
      }
    } catch (error) {
      if (!this.#dead) this.#post({ call, abort: true });
      throw error;
    }
  }

  #post(message: ToThread, transfer?: readonly Transferable[]): void {
    try {
      this.#port.post(message, transfer);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new SimileError('invalid_argument', `this cannot be sent to a worker: ${why}`, { cause: error });
    }
  }

  #receive(message: ToPage): void {
    this.#isStarted = true;
    if ('state' in message && message.state !== undefined) this.onState?.(message.state as never);
    if ('event' in message) this.onEvent?.(message.event, message.value as never, message.error && fromWire(message.error));
    else if ('question' in message) this.#answer(message.question, message.value, message.stop);
    else this.#take(message);
  }

  #take(message: Extract<ToPage, { call: number }>): void {
    const pending = this.#pending.get(message.call);
    if (pending === undefined) return;
    if ('progress' in message) this.#callBack(message.call, pending, pending.options.onProgress, message.progress);
    else if ('part' in message) pending.options.onPart?.(message.part as never);
    else this.#settle(message.call, pending, message);
  }

  /** What the callback throws cancels the call. */
  #callBack(call: number, pending: Pending, callback: ((value: never) => void) | undefined, value: unknown): void {
    if (pending.thrown) return;
    try {
      callback?.(value as never);
    } catch (error) {
      pending.thrown = { error };
      this.#post({ call, abort: true });
    }
  }

  #settle(call: number, { resolve, reject, options, thrown }: Pending, message: ToPage): void {
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#port.setBusy(false);
    if ('error' in message && message.error !== undefined) {
      const cause = message.error.code === 'cancelled' ? (options.signal?.reason as unknown) : undefined;
      reject(thrown ? thrown.error : fromWire(message.error, cause));
    } else if (thrown) {
      Promise.resolve(options.undo?.()).then(() => reject(thrown.error), reject);
    } else if ('value' in message) {
      resolve(message.value as never);
    }
  }

  #answer(question: number, value: unknown, stop: boolean | undefined): void {
    if (stop) {
      this.#questions.get(question)?.abort();
      return;
    }
    const control = new AbortController();
    this.#questions.set(question, control);
    const asked = this.onQuestion?.(value as never, control.signal) ?? Promise.reject(new Error('nobody answers here'));
    asked
      .then(
        (value) => this.#dead || this.#post({ question, value }),
        (error: unknown) => this.#dead || this.#post({ question, error: toWire(error) }),
      )
      .finally(() => this.#questions.delete(question));
  }

  #die(reason: string): void {
    this.end(
      this.#isStarted
        ? new SimileError('disposed', `the worker has ended (${reason}); what it held is lost, make or load it anew`)
        : new SimileError('io_failure', `the worker did not start: ${reason}`),
    );
  }

  #rejectAll(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const control of this.#questions.values()) control.abort();
    for (const { reject } of pending) reject(this.#dead);
  }
}
