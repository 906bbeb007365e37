// SPDX-License-Identifier: Apache-2.0
import { loadEngine } from './core.js';
import { invalid, SimileError, shown } from './errors.js';
import { checkRelevance, type RelevanceModel, type RelevanceStep } from './relevance.js';

/**
 * What an index says of its scores' meaning: a `RelevanceModel`, or a model of more numbers than are worth showing.
 *
 * - `surprise`: how far a score stands out of those of the whole index; `setRelevance({ method: 'surprise' })` makes it
 * - `cosine_adapter`: a small network that reads the query; fitted natively
 */
export type IndexRelevance = RelevanceModel | { readonly method: 'surprise' | 'cosine_adapter' };

// As files number them.
const kinds = ['sigmoid', 'platt', 'beta', 'isotonic', 'cosine_adapter', 'surprise'] as const;
const headBytes = 4;

/** The arguments of `set_relevance` after the index. @throws {SimileError} `not_finite`, `invalid_argument` @internal */
export function modelArguments(model: RelevanceModel): readonly [kind: number, numbers: Uint8Array, size: number] {
  checkRelevance(model);
  const numbers = new Uint8Array(numbersOf(model));
  return [kinds.indexOf(model.method), numbers, numbers.length];
}

function numbersOf(model: RelevanceModel): ArrayBuffer {
  switch (model.method) {
    case 'sigmoid':
      return Float64Array.of(model.scale, model.offset).buffer;
    case 'platt':
      return Float64Array.of(model.a, model.b).buffer;
    case 'beta':
      return Float64Array.of(model.a, model.b, model.c).buffer;
    default: {
      const view = new DataView(new ArrayBuffer(4 + 24 * model.steps.length));
      view.setUint32(0, model.steps.length, true);
      for (const [i, value] of model.steps.flat().entries()) view.setFloat64(4 + 8 * i, value, true);
      return view.buffer;
    }
  }
}

/** The model that the core answers with; undefined for no bytes. @internal */
export function modelOf(bytes: Uint8Array): IndexRelevance | undefined {
  const method = kinds[bytes[1] ?? kinds.length];
  if (method === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + headBytes);
  const real = (i: number): number => view.getFloat64(8 * i, true);
  switch (method) {
    case 'sigmoid':
      return { method, scale: real(0), offset: real(1) };
    case 'platt':
      return { method, a: real(0), b: real(1) };
    case 'beta':
      return { method, a: real(0), b: real(1), c: real(2) };
    case 'isotonic': {
      const value = (i: number): number => view.getFloat64(4 + 8 * i, true);
      const steps = Array.from({ length: view.getUint32(0, true) }, (_, i): RelevanceStep => {
        return [value(3 * i), value(3 * i + 1), value(3 * i + 2)];
      });
      return { method, steps };
    }
    default:
      return { method };
  }
}

/**
 * Learns what scores mean from labelled ones, such as those of hits that people judged. Fit it to scores of the kind that searches
 * give, and measure it on others: `platt` needs about 50 of each label, `beta` some hundreds, `isotonic` more than a thousand.
 *
 * @param scores - one a pair of query and item; for `beta` cosines
 * @param labels - 1 or true for relevant, 0 or false for not; both must occur but for `platt`
 * @throws {SimileError} `dimension_mismatch` (not as many labels as scores), `not_finite`, `invalid_argument` (no scores, one label
 *   only, or larger scores are the less relevant); whatever `init` throws
 * @example
 * const model = await fitRelevance([0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1], { method: 'platt' });
 * relevanceOf(model, 0.8); // near 1
 */
export async function fitRelevance(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: { readonly method: 'platt' | 'beta' | 'isotonic' },
): Promise<RelevanceModel> {
  const kind = (kinds as readonly string[]).indexOf(options.method);
  if (kind < 1 || kind > 3) throw invalid(`method must be platt, beta or isotonic, not ${shown(options.method)}`);
  if (labels.length !== scores.length)
    throw new SimileError('dimension_mismatch', `there are ${scores.length} scores and ${labels.length} labels`);
  const ones = Uint8Array.from(labels, (label) => labelOf(label));
  const positive = ones.reduce((sum, label) => sum + label, 0);
  // Platt's smoothed targets are defined for one label too: scores then say nothing.
  if (options.method !== 'platt' && (positive === 0 || positive === ones.length))
    throw invalid(`${positive} of ${ones.length} labels are 1: both have to occur`);
  const engine = await loadEngine();
  const given = Float32Array.from(scores, (score) => scoreOf(score));
  return modelOf(engine.call('fit_relevance', kind, given, ones, ones.length)) as RelevanceModel;
}

function labelOf(label: number | boolean): number {
  if (![0, 1, true, false].includes(label)) throw invalid(`a label must be 0 or 1, not ${shown(label)}`);
  return Number(label);
}

function scoreOf(score: number): number {
  if (typeof score !== 'number') throw invalid(`a score must be a number, not ${shown(score)}`);
  return score;
}
