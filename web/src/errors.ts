// SPDX-License-Identifier: Apache-2.0
import { type ErrorCode, SimileError } from './simile-error.js';

export { type ErrorCode, SimileError } from './simile-error.js';

/** The core's error numbers, from 1. */
const coreCodes: readonly ErrorCode[] = [
  'dimension_mismatch',
  'invalid_argument',
  'not_finite',
  'zero_norm',
  'out_of_range',
  'duplicate_id',
  'unknown_id',
  'corrupt_file',
  'truncated_file',
  'unsupported_version',
  'limit_exceeded',
  'io_failure',
  'out_of_memory',
  'cancelled',
  'incomplete',
];

/** @internal */
export function coreError(status: number, message: string): SimileError {
  return new SimileError(coreCodes[status - 1] ?? 'invalid_argument', message);
}

/** @internal */
export function invalid(message: string): SimileError {
  return new SimileError('invalid_argument', message);
}

/** How a value looks in a message. @internal */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
