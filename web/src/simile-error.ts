// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong, for programs. The message says it for people, with the numbers.
 *
 * - `dimension_mismatch`: a vector or a matrix has another number of components than the index
 * - `invalid_argument`: an argument has the wrong type or form, such as `k: 0` or an ill-formed string as id
 * - `not_finite`: a component is NaN, infinite or too large for a 32-bit float
 * - `zero_norm`: a zero vector under cosine, unless the index was made with `zeroVectors: 'allow'`
 * - `out_of_range`: a number is outside of what is possible
 * - `duplicate_id`, `unknown_id`: the id is there already, or is not there
 * - `corrupt_file`, `truncated_file`, `unsupported_version`: the bytes are damaged, end too early, or come from a newer version; the
 *   last also when the WebAssembly and the JavaScript are of different versions
 * - `limit_exceeded`: larger than one of the `limits` that were given
 * - `io_failure`: a download failed; the message holds the HTTP status if there was one
 * - `out_of_memory`: WebAssembly has no room left
 * - `cancelled`: the AbortSignal was triggered; its reason is the error's `cause`
 * - `incomplete`: the index is still loading, or still adding a batch
 * - `disposed`: `dispose()` or `close()` was called before
 * - `quota_exceeded`: the browser has no room for what was to be stored; what was stored before is still there
 * - `conflict`: another tab has saved since this store loaded; load, merge and save again, or save with `overwrite: true`
 * - `not_supported`: this browser or runtime cannot run the package, for want of WebAssembly SIMD or by its security policy
 */
export type ErrorCode =
  | 'dimension_mismatch'
  | 'invalid_argument'
  | 'not_finite'
  | 'zero_norm'
  | 'out_of_range'
  | 'duplicate_id'
  | 'unknown_id'
  | 'corrupt_file'
  | 'truncated_file'
  | 'unsupported_version'
  | 'limit_exceeded'
  | 'io_failure'
  | 'out_of_memory'
  | 'cancelled'
  | 'incomplete'
  | 'disposed'
  | 'quota_exceeded'
  | 'conflict'
  | 'not_supported';

/** The only class of error that the package throws, but for what your own callbacks throw. */
export class SimileError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimileError';
    this.code = code;
  }
}
