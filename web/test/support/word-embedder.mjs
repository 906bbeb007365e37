// SPDX-License-Identifier: Apache-2.0
// An embedder for tests: the sum of a direction for each word, the same for words of the same group.

/** Numbers in [-1, 1) that depend on the word alone. */
function directionOf(word, dims) {
  let state = 2166136261;
  for (const unit of word) state = Math.imul(state ^ unit.codePointAt(0), 16777619) >>> 0;
  return Float32Array.from({ length: dims }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** @param groups - words that mean the same, such as [['boat', 'ferry']] */
export function wordEmbedder({ dims = 64, model = 'words', groups = [] } = {}) {
  const meaning = new Map(groups.flatMap(([first, ...rest]) => rest.map((word) => [word, first])));
  const calls = [];
  return {
    info: { model, dims },
    calls,
    async embed(texts, { kind, signal }) {
      calls.push({ kind, texts: [...texts] });
      signal?.throwIfAborted();
      const out = new Float32Array(texts.length * dims);
      texts.forEach((text, i) => {
        for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []) {
          const direction = directionOf(meaning.get(word) ?? word, dims);
          for (let j = 0; j < dims; j++) out[i * dims + j] += direction[j];
        }
      });
      return out;
    },
  };
}
