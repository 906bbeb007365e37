// SPDX-License-Identifier: Apache-2.0
import { finiteRows, finiteVector, type Vectors } from './directions.js';
import { invalid, SimileError, shown } from './errors.js';
import type { Moments } from './scores.js';
import type { Vector } from './vectors.js';

/**
 * The mean and the covariance of the vectors of a gallery, from which the mean and the deviation of any query's inner products with all of them follow
 * exactly, without a scan: for z-scores that mean the same for every query. Give vectors and queries at unit length for cosines. Holds dims^2 numbers.
 *
 * @example
 * const gallery = new GalleryMoments(2);
 * gallery.add([[1, 0], [0, 1], [-1, 0]]);
 * gallery.of([1, 0]); // { mean: 0, deviation: 0.816… }, those of 1, 0 and -1
 */
export class GalleryMoments {
  readonly dims: number;
  #count = 0;
  readonly #mean: Float64Array;
  /** Sums of products of deviations, row after row. */
  readonly #products: Float64Array;

  /** @throws {SimileError} `invalid_argument` */
  constructor(dims: number) {
    if (!Number.isInteger(dims) || dims < 1 || dims > 2 ** 13)
      throw invalid(`dims must be an integer of 1 to 8192, not ${shown(dims)}`);
    this.dims = dims;
    this.#mean = new Float64Array(dims);
    this.#products = new Float64Array(dims * dims);
  }

  /** Of the vectors that were added. */
  get count(): number {
    return this.#count;
  }

  /** All or nothing. @throws {SimileError} `dimension_mismatch`, `not_finite`, `invalid_argument` */
  add(vectors: Vectors): void {
    for (const row of finiteRows(vectors, 'vector', this.dims, true)) this.#addOne(row);
  }

  /** Welford's update. */
  #addOne(x: Float32Array): void {
    this.#count++;
    const before = this.#mean.map((m, i) => (x[i] as number) - m);
    for (const [i, d] of before.entries()) this.#mean[i] = (this.#mean[i] as number) + d / this.#count;
    for (let i = 0; i < this.dims; i++) {
      const after = (x[i] as number) - (this.#mean[i] as number);
      for (let j = 0; j < this.dims; j++) {
        const at = i * this.dims + j;
        this.#products[at] = (this.#products[at] as number) + after * (before[j] as number);
      }
    }
  }

  /** The mean of component i. @throws {SimileError} `out_of_range` */
  mean(i: number): number {
    this.#checkComponent(i);
    return this.#mean[i] as number;
  }

  /** The covariance of two components, over n. @throws {SimileError} `out_of_range` */
  covariance(i: number, j: number): number {
    this.#checkComponent(i);
    this.#checkComponent(j);
    return this.#count > 0 ? (this.#products[i * this.dims + j] as number) / this.#count : 0;
  }

  #checkComponent(i: number): void {
    if (!Number.isInteger(i) || i < 0 || i >= this.dims) throw new SimileError('out_of_range', `component ${i} of ${this.dims}`);
  }

  /** Of the inner products of the query with all vectors, the deviation over n. @throws {SimileError} `dimension_mismatch`, `not_finite`, `invalid_argument` */
  of(query: Vector): Moments {
    const q = finiteVector(query, 'the query', this.dims);
    let mean = 0;
    let variance = 0;
    for (let i = 0; i < this.dims; i++) {
      mean += (q[i] as number) * (this.#mean[i] as number);
      for (let j = 0; j < this.dims; j++) variance += (q[i] as number) * (q[j] as number) * this.covariance(i, j);
    }
    return { mean, deviation: Math.sqrt(Math.max(0, variance)) };
  }
}
