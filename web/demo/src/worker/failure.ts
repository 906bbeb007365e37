// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, SimileError } from 'simile';
import type { Failure } from './protocol.js';

/** The server did not answer, or not as expected. */
export class NetworkError extends Error {}

/** The parts of the page do not belong together. */
export class MismatchError extends Error {}

const reasons: Partial<Record<ErrorCode, Failure['reason']>> = {
  corrupt_file: 'damaged',
  truncated_file: 'damaged',
  unsupported_version: 'damaged',
  limit_exceeded: 'damaged',
  io_failure: 'network',
  not_supported: 'unsupported',
  out_of_memory: 'memory',
};

function reasonOf(error: unknown): Failure['reason'] {
  if (error instanceof SimileError) return reasons[error.code] ?? 'unknown';
  if (error instanceof NetworkError) return 'network';
  if (error instanceof MismatchError) return 'mismatch';
  if (error instanceof SyntaxError) return 'damaged'; // JSON that does not parse
  if (error instanceof RangeError) return 'memory'; // a typed array that does not fit
  return 'unknown';
}

export function failureOf(part: Failure['part'], error: unknown): Failure {
  const reason = reasonOf(error);
  // TensorFlow.js does not say why it could not start; that a part of it did not arrive is the one reason that happens.
  const known = part === 'model' && reason === 'unknown' ? 'network' : reason;
  return { part, reason: known, detail: error instanceof Error ? error.message : String(error) };
}
