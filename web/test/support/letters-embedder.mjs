// SPDX-License-Identifier: Apache-2.0
// An embedder of nothing but the letters of a text, for tests that want vectors of texts; also as a module for a worker.

const dims = 26;

/** @param options - `scale` is multiplied in; `failsAt`: a text that it refuses */
export function letters({ scale = 1, failsAt } = {}) {
  return {
    info: { model: 'letters', dims },
    async embed(texts, { signal }) {
      if (texts.includes(failsAt)) throw new Error(`no vector for ${failsAt}`);
      if (signal?.aborted) throw signal.reason;
      const out = new Float32Array(texts.length * dims);
      texts.forEach((text, row) => {
        for (const letter of text.toLowerCase()) {
          const at = letter.charCodeAt(0) - 97;
          if (at >= 0 && at < dims) out[row * dims + at] += scale;
        }
      });
      return out;
    },
  };
}

export const embedder = letters();
