// SPDX-License-Identifier: Apache-2.0

/**
 * The page's end of an encoder in a worker; serve.js is the other end. Nothing of TensorFlow.js is loaded here.
 *
 * @typedef {import('./encoder.js').Encoder} Encoder
 * @typedef {import('./encoder.js').Progress} Progress
 *
 * @typedef {object} StartOptions  see EncoderOptions; URLs are absolute, as the worker has another base
 * @property {string} modelUrl
 * @property {string} wasmPaths
 *
 * @typedef {(
 *   | { kind: 'start', options: StartOptions }
 *   | { kind: 'embed', texts: readonly string[] }
 *   | { kind: 'cancel' }
 * ) & { call: number }} Request
 *
 * @typedef {(
 *   | { kind: 'progress', progress: Progress }
 *   | { kind: 'started', id: string, dims: number }
 *   | { kind: 'vectors', vectors: Float32Array }
 *   | { kind: 'failed', name: string, message: string }
 * ) & { call: number }} Reply
 *
 * @typedef {object} Port  a Worker, a MessagePort, or the global scope of a worker
 * @property {(message: unknown, transfer: Transferable[]) => void} postMessage
 * @property {(type: 'message' | 'error', listener: (event: MessageEvent & ErrorEvent) => void) => void} addEventListener
 * @property {() => void} [start]
 * @property {() => void} [terminate]
 * @property {() => void} [close]
 *
 * @typedef {{ signal?: AbortSignal, onProgress?: (progress: Progress) => void }} CallOptions
 */

/**
 * Starts the encoder at the other end of the port. `dispose` ends the worker, or closes the port.
 * @param {Port} port
 * @param {StartOptions & CallOptions} options
 * @returns {Promise<Encoder>}
 */
export async function connectEncoder(port, { signal, onProgress, ...options }) {
  const calls = new Calls(port);
  const started = await calls.make({ kind: 'start', options }, { signal, onProgress });
  if (started.kind !== 'started') throw new Error(`unexpected answer: ${started.kind}`);
  return {
    id: started.id,
    dims: started.dims,
    async embed(texts, callOptions = {}) {
      const reply = await calls.make({ kind: 'embed', texts }, callOptions);
      if (reply.kind !== 'vectors') throw new Error(`unexpected answer: ${reply.kind}`);
      return reply.vectors;
    },
    dispose: () => calls.end(),
  };
}

/** @typedef {{ resolve: (reply: Reply) => void, reject: (reason: unknown) => void, onProgress?: (progress: Progress) => void }} Waiting */

/** Calls that wait for their reply. */
class Calls {
  #port;
  #count = 0;
  /** Why no call can be made any more. @type {Error | undefined} */
  #ended;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();

  /** @param {Port} port */
  constructor(port) {
    this.#port = port;
    port.addEventListener('message', ({ data }) => this.#settle(data));
    port.addEventListener('error', (event) => this.#failAll(new Error(event.message || 'the encoder worker did not start')));
    port.start?.();
  }

  /**
   * @param {{ kind: 'start', options: StartOptions } | { kind: 'embed', texts: readonly string[] }} request
   * @param {CallOptions} options
   * @returns {Promise<Reply>}
   */
  async make(request, { signal, onProgress }) {
    signal?.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const call = this.#count++;
    const cancel = () => {
      this.#port.postMessage({ kind: 'cancel', call }, []);
      this.#waiting.get(call)?.reject(signal?.reason);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(call, { resolve, reject, onProgress });
        this.#port.postMessage({ ...request, call }, []);
      });
    } finally {
      this.#waiting.delete(call);
      signal?.removeEventListener('abort', cancel);
    }
  }

  end() {
    (this.#port.terminate ?? this.#port.close)?.call(this.#port);
    this.#failAll(new Error('the sentence encoder was disposed'));
  }

  /** @param {Reply} reply */
  #settle(reply) {
    const waiting = this.#waiting.get(reply.call);
    if (reply.kind === 'progress') waiting?.onProgress?.(reply.progress);
    else if (reply.kind === 'failed') waiting?.reject(Object.assign(new Error(reply.message), { name: reply.name }));
    else waiting?.resolve(reply);
  }

  /** @param {Error} error */
  #failAll(error) {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
