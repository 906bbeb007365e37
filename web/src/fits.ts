// SPDX-License-Identifier: Apache-2.0
import type { Engine } from './engine.js';
import { invalid, shown } from './errors.js';
import { word } from './loader.js';
import { count } from './search.js';
import type { Progress, Slicer } from './slices.js';
import type { Rows } from './vectors.js';

/**
 * How a bank of queries tells hubs: items that are close to much of what is asked, and so stand in the way of better ones.
 *
 * - `inverted_softmax`: an item's scores with the bank, as a softmax of inverse temperature `beta` (20)
 * - `nnn`: the mean of an item's `k` (128) largest scores with the bank, times `alpha` (0.75)
 * - `csls`: half the mean of its `k` (10) largest scores with the bank
 */
export interface CorrectionOptions {
  /** @defaultValue 'nnn', which is the least harmful where there are no hubs */
  readonly method?: 'inverted_softmax' | 'nnn' | 'csls';
  /**
   * Corrects a query only if its best item is among the `activeK` (1) best of one of the bank, so that a bank of other matters
   * does no harm.
   * @defaultValue false
   */
  readonly dynamic?: boolean;
  readonly activeK?: number;
  /** More than 0. */
  readonly beta?: number;
  /** From 1. */
  readonly k?: number;
  /** At least 0. */
  readonly alpha?: number;
}

export interface CalibrateOptions extends CorrectionOptions {
  /** Called after every slice, in items. What it throws ends the work, changes nothing, and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled`; nothing has changed then. */
  readonly signal?: AbortSignal;
}

const methods = ['inverted_softmax', 'nnn', 'csls'];
const defaults = { beta: 20, alpha: 0.75 };

const numberOf = (name: string, value: number): number => {
  if (typeof value !== 'number') throw invalid(`${name} must be a number, not ${shown(value)}`);
  return value;
};

/** Correction options as the core takes them. @throws {SimileError} `invalid_argument` @internal */
export function correctionArguments(options: CorrectionOptions): readonly number[] {
  const { method = 'nnn', dynamic = false, activeK = 1, beta = defaults.beta, k, alpha = defaults.alpha } = options;
  const at = methods.indexOf(method);
  if (at < 0) throw invalid(`method must be one of ${methods.join(', ')}, not ${shown(method)}`);
  if (typeof dynamic !== 'boolean') throw invalid(`dynamic must be true or false, not ${shown(dynamic)}`);
  const neighbours = k === undefined ? 0 : count('k', k);
  return [at, dynamic ? 1 : 0, neighbours, count('activeK', activeK), numberOf('beta', beta), numberOf('alpha', alpha)];
}

/** All rows in one array. @internal */
export function allOf(rows: Rows): Float32Array {
  const out = new Float32Array(rows.count * rows.dims);
  for (let i = 0; i < rows.count; i++) rows.copy(i, out, i * rows.dims);
  return out;
}

/** Work on an index that the core does some rows at a time. Release it in any case. @internal */
export class Fit {
  readonly #engine: Engine;
  readonly #live: () => Engine;
  readonly #index: number;
  /** What a search takes for its correction, once all rows were looked at. */
  readonly handle: number;

  private constructor(live: () => Engine, index: number, handle: number) {
    this.#engine = live();
    this.#live = live;
    this.#index = index;
    this.handle = handle;
  }

  /** @param live - throws `disposed` once the index is */
  static ofBank(live: () => Engine, index: number, bank: Rows, options: readonly number[]): Fit {
    return new Fit(live, index, word(live().call('fit_bank', index, allOf(bank), bank.count, bank.dims, ...options)));
  }

  static ofMoments(live: () => Engine, index: number, sample: number): Fit {
    return new Fit(live, index, word(live().call('fit_moments', index, sample)));
  }

  /**
   * Does it all, makes the index use it, and releases it.
   * @param isKept - of moments: whether they become the index's own model
   */
  async run(slicer: Slicer, onProgress: ((progress: Progress) => void) | undefined, isKept: boolean): Promise<void> {
    try {
      await this.look(slicer, onProgress);
      this.#engine.call('fit_take', this.handle, this.#index, isKept ? 1 : 0);
    } finally {
      this.release();
    }
  }

  /** Looks at all rows, in slices of a few milliseconds. */
  async look(slicer: Slicer, onProgress?: (progress: Progress) => void): Promise<void> {
    let rows = 32;
    for (let isDone = false; !isDone; ) {
      const start = performance.now();
      const state = new Uint32Array(this.#engine.call('fit_step', this.handle, rows).buffer);
      const [loaded = 0, total = 0] = state;
      // As many rows as fit into about 8 ms; clocks of browsers are coarse.
      rows = Math.min(2 * rows, Math.max(32, Math.round((rows * 8) / Math.max(performance.now() - start, 0.1))));
      isDone = loaded >= total;
      onProgress?.({ loaded, total });
      await slicer.pause();
      this.#live();
    }
  }

  release(): void {
    this.#engine.release('fit_destroy', this.handle);
  }
}
