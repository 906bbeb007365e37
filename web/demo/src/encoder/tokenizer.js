// SPDX-License-Identifier: Apache-2.0

/** The piece that stands before every word in the vocabulary (U+2581). */
const wordStart = '\u2581';

/** The first pieces are control symbols; text never yields them, except 0 for an unknown character. */
const controlSymbols = 6;
const unknown = 0;

/**
 * @typedef {readonly (readonly [piece: string, score: number | null])[]} Vocabulary
 * @typedef {{ children: Map<string, Node>, id: number }} Node  id -1: no piece ends here
 */

/** @returns {Node} */
const emptyNode = () => ({ children: new Map(), id: -1 });

/** @param {Vocabulary} vocabulary */
function buildTrie(vocabulary) {
  const root = emptyNode();
  for (let id = controlSymbols; id < vocabulary.length; id++) {
    let node = root;
    for (const symbol of vocabulary[id][0]) {
      let next = node.children.get(symbol);
      if (!next) node.children.set(symbol, (next = emptyNode()));
      node = next;
    }
    node.id = id;
  }
  return root;
}

/**
 * A SentencePiece unigram tokenizer: the split of the text into pieces with the largest sum of scores.
 *
 * Gives the tokens of `@energetic-ai/embeddings` exactly, in time linear in the text (that one copies the rest of
 * the text at every character). Two of its rules look odd and are part of the model's input:
 * a sum of exactly 0 counts as "nothing found yet", and of equal sums the later one wins.
 * A score that is missing from the vocabulary (8 pieces with a colon) counts as 0.
 */
export class Tokenizer {
  #root;
  #scores;
  #lengths;

  /** @param {Vocabulary} vocabulary */
  constructor(vocabulary) {
    this.#root = buildTrie(vocabulary);
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score ?? 0);
    this.#lengths = Uint8Array.from(vocabulary, ([piece]) => [...piece].length);
  }

  /**
   * @param {string} text
   * @returns {number[]} piece ids; empty for an empty text
   */
  encode(text) {
    const normal = text.normalize('NFKC');
    if (normal === '') return [];
    return this.#readBack(this.#bestPieces([...(wordStart + normal.replaceAll(' ', wordStart))]));
  }

  /**
   * The last piece of the best split of every prefix.
   * @param {readonly string[]} symbols
   */
  #bestPieces(symbols) {
    const best = new Float64Array(symbols.length + 1);
    const pieces = new Int32Array(symbols.length + 1);
    /** @param {number} start @param {number} end @param {number} id */
    const offer = (start, end, id) => {
      const sum = best[start] + this.#scores[id];
      if (best[end] !== 0 && sum < best[end]) return;
      best[end] = sum;
      pieces[end] = id;
    };
    for (let start = 0; start < symbols.length; start++) {
      let found = false;
      let node = this.#root.children.get(symbols[start]);
      for (let end = start + 1; node; node = node.children.get(symbols[end++])) {
        if (node.id < 0) continue;
        offer(start, end, node.id);
        found = true;
      }
      if (!found) offer(start, start + 1, unknown);
    }
    return pieces;
  }

  /**
   * Walks back from the end; a run of unknown characters becomes one token.
   * @param {Int32Array} pieces
   */
  #readBack(pieces) {
    /** @type {number[]} */
    const ids = [];
    for (let end = pieces.length - 1; end > 0; end -= this.#lengths[pieces[end]]) {
      const id = pieces[end];
      if (id !== unknown || ids.at(-1) !== unknown) ids.push(id);
    }
    return ids.reverse();
  }
}
