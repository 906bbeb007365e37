// SPDX-License-Identifier: Apache-2.0

/** Pieces and their scores, as vocab.json of the sentence encoder has them. @internal */
export type Vocabulary = readonly (readonly [piece: string, score: number | null])[];

interface Node {
  readonly children: Map<string, Node>;
  /** -1: no piece ends here. */
  id: number;
}

const wordStart = '\u2581'; // stands before every word in the vocabulary
const controlSymbols = 6; // the first pieces; text never yields them, except 0 for an unknown character
const unknown = 0;

const emptyNode = (): Node => ({ children: new Map(), id: -1 });

function trieOf(vocabulary: Vocabulary): Node {
  const root = emptyNode();
  vocabulary.forEach(([piece], id) => {
    if (id < controlSymbols) return;
    let node = root;
    for (const symbol of piece) {
      const next = node.children.get(symbol) ?? emptyNode();
      node.children.set(symbol, next);
      node = next;
    }
    node.id = id;
  });
  return root;
}

/**
 * A SentencePiece unigram tokenizer: the split of the text into pieces with the largest sum of scores, in time linear in the text.
 *
 * Gives the tokens that the model was run with in `@energetic-ai/embeddings`. Two rules look odd and belong to it: a sum of exactly 0
 * counts as "nothing found yet", and of equal sums the later one wins. A score that is missing counts as 0. @internal
 */
export class SentencePieces {
  readonly #root: Node;
  readonly #scores: Float64Array;
  readonly #lengths: Uint8Array;

  constructor(vocabulary: Vocabulary) {
    this.#root = trieOf(vocabulary);
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score ?? 0);
    this.#lengths = Uint8Array.from(vocabulary, ([piece]) => [...piece].length);
  }

  /** @returns the numbers of the pieces; none for an empty text */
  encode(text: string): number[] {
    const normal = text.normalize('NFKC');
    return normal === '' ? [] : this.#readBack(this.#lastPieces([...(wordStart + normal.replaceAll(' ', wordStart))]));
  }

  /** The last piece of the best split of every beginning. */
  #lastPieces(symbols: readonly string[]): Int32Array {
    const best = new Float64Array(symbols.length + 1);
    const pieces = new Int32Array(symbols.length + 1);
    const offer = (start: number, end: number, id: number): void => {
      const sum = (best[start] as number) + (this.#scores[id] as number);
      if (best[end] !== 0 && sum < (best[end] as number)) return;
      best[end] = sum;
      pieces[end] = id;
    };
    for (let start = 0; start < symbols.length; start++) {
      let isFound = false;
      let node = this.#root.children.get(symbols[start] as string);
      for (let end = start + 1; node; node = node.children.get(symbols[end++] ?? '')) {
        if (node.id < 0) continue;
        offer(start, end, node.id);
        isFound = true;
      }
      if (!isFound) offer(start, start + 1, unknown);
    }
    return pieces;
  }

  /** From the end; a run of unknown characters becomes one token. */
  #readBack(pieces: Int32Array): number[] {
    const ids: number[] = [];
    for (let end = pieces.length - 1; end > 0; ) {
      const id = pieces[end] as number;
      if (id !== unknown || ids.at(-1) !== unknown) ids.push(id);
      end -= this.#lengths[id] as number;
    }
    return ids.reverse();
  }
}
