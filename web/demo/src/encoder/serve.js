// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {import('./encoder.js').Encoder} Encoder
 * @typedef {import('./encoder.js').Progress} Progress
 * @typedef {import('./remote.js').CallOptions} CallOptions
 * @typedef {import('./remote.js').Port} Port
 * @typedef {import('./remote.js').Reply} Reply
 * @typedef {import('./remote.js').Request} Request
 * @typedef {import('./remote.js').StartOptions} StartOptions
 */

/**
 * Answers requests that come in at the port. A cancelled call is not answered.
 * @param {Port} port
 * @param {(options: StartOptions & CallOptions) => Promise<Encoder>} create
 */
export function serveEncoder(port, create) {
  /** @type {Encoder | undefined} */
  let encoder;
  /** @type {Map<number, AbortController>} */
  const running = new Map();

  /** @param {Exclude<Request, { kind: 'cancel' }>} request @param {CallOptions} options @returns {Promise<Reply>} */
  const answer = async (request, options) => {
    const { call } = request;
    if (request.kind === 'start') {
      encoder = await create({ ...request.options, ...options });
      return { kind: 'started', call, id: encoder.id, dims: encoder.dims };
    }
    if (!encoder) throw new Error('the sentence encoder has not started');
    return { kind: 'vectors', call, vectors: await encoder.embed(request.texts, options) };
  };

  port.addEventListener('message', async ({ data }) => {
    const request = /** @type {Request} */ (data);
    const { call } = request;
    if (request.kind === 'cancel') return running.get(call)?.abort();
    const cancel = new AbortController();
    running.set(call, cancel);
    /** @param {Progress} progress */
    const onProgress = (progress) => port.postMessage({ kind: 'progress', call, progress }, []);
    const reply = await answer(request, { signal: cancel.signal, onProgress }).catch((error) => failure(call, error));
    running.delete(call);
    if (cancel.signal.aborted) return;
    port.postMessage(reply, reply.kind === 'vectors' ? [reply.vectors.buffer] : []);
  });
  port.start?.();
}

/** @param {number} call @param {unknown} error @returns {Reply} */
function failure(call, error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', call, name, message };
}
