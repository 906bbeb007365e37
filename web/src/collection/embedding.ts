// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../embedders/embedder.js';
import { invalid, SimileError, shown } from '../errors.js';
import type { Index } from '../index.js';
import { checkSignal } from '../slices.js';
import type { PreparedDoc } from './contents.js';
import type { Draft } from './schema.js';

/** What makes the vectors of one collection. @internal */
export class Embedding {
  readonly #vectors: Index;
  readonly #embedder: Embedder | undefined;

  constructor(vectors: Index, embedder: Embedder | undefined) {
    this.#vectors = vectors;
    this.#embedder = embedder;
  }

  /** Whether texts can be made vectors. */
  get isThere(): boolean {
    return this.#embedder !== undefined;
  }

  /**
   * Of all texts, one after the other.
   * @throws {SimileError} `invalid_argument` without an embedder, `dimension_mismatch`, `cancelled`; whatever the embedder throws
   */
  async of(texts: readonly string[], kind: 'query' | 'passage', signal: AbortSignal | undefined): Promise<Float32Array> {
    const { dims } = this.#vectors;
    if (!this.#embedder) throw invalid('the collection was opened without an embedder: give it one, or vectors');
    const made = await this.#embedder.embed(texts, { kind, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
      checkSignal(signal, 'embedding');
      throw error;
    });
    checkSignal(signal, 'embedding');
    if (made.length !== texts.length * dims)
      throw new SimileError(
        'dimension_mismatch',
        `the embedder gave ${made.length} numbers for ${texts.length} texts of ${dims} dims`,
      );
    return made;
  }

  /** The vectors of all rows of a batch, in order; those that documents bring themselves are taken. @throws {SimileError} as `of` */
  async ofRows(batch: readonly PreparedDoc[], signal: AbortSignal | undefined): Promise<Float32Array> {
    const { dims } = this.#vectors;
    const texts = batch.flatMap(({ draft, rows }) => (draft.vector ? [] : rows.map(({ embedded }) => embedded)));
    const made = texts.length > 0 ? await this.of(texts, 'passage', signal) : new Float32Array();
    const out = new Float32Array(batch.reduce((sum, { rows }) => sum + rows.length, 0) * dims);
    let [to, from] = [0, 0];
    for (const { draft, rows } of batch) {
      const size = rows.length * dims;
      if (draft.vector) out.set(draft.vector, to);
      else {
        out.set(made.subarray(from, from + size), to);
        from += size;
      }
      to += size;
    }
    return out;
  }

  /** @throws {SimileError} `invalid_argument`, `dimension_mismatch`, `not_finite`, `zero_norm` */
  check({ id, vector }: Draft): void {
    const { dims, similarity } = this.#vectors;
    if (!vector) {
      if (!this.#embedder) throw invalid(`document ${shown(id)} has no vector, and the collection no embedder`);
      return;
    }
    if (vector.length !== dims)
      throw new SimileError(
        'dimension_mismatch',
        `the vector of document ${shown(id)} has ${vector.length} dims, the collection ${dims}`,
      );
    const bad = vector.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0)
      throw new SimileError('not_finite', `component ${bad} of the vector of document ${shown(id)} is ${vector[bad]}`);
    if (similarity === 'cosine' && vector.every((x) => x === 0))
      throw new SimileError('zero_norm', `the vector of document ${shown(id)} is zero`);
  }
}

/** @throws {SimileError} `invalid_argument` @internal */
export function checkShape(embedder: Embedder): void {
  const { info, embed } = (embedder ?? {}) as Partial<Embedder>;
  if (typeof embed !== 'function' || typeof info?.model !== 'string' || !Number.isInteger(info.dims) || info.dims < 1)
    throw invalid('an embedder is { info: { model, dims }, embed(texts, options) }, such as those of simile/embedders');
}
