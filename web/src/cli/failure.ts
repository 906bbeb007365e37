// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {}

export const corrupt = (message: string): SimileError => new SimileError('corrupt_file', message);
export const truncated = (message: string): SimileError => new SimileError('truncated_file', message);

const ofCode = new Map([
  ['corrupt_file', 3],
  ['truncated_file', 3],
  ['unsupported_version', 3],
  ['limit_exceeded', 4],
  ['out_of_memory', 4],
  ['cancelled', 130],
]);

/** 1 failed, 2 called wrongly, 3 damaged input, 4 beyond a limit, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  return error instanceof SimileError ? (ofCode.get(error.code) ?? 1) : 1;
}

/** What went wrong, for programs. */
export function codeOf(error: unknown): string {
  if (error instanceof UsageError) return 'usage';
  return error instanceof SimileError ? error.code : 'io_failure';
}

/** What is wrong with options was wrong on the command line. @throws {UsageError} in the place of `invalid_argument` and `out_of_range` */
export async function asUsage<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    const codes = ['invalid_argument', 'out_of_range'];
    throw error instanceof SimileError && codes.includes(error.code) ? new UsageError(error.message) : error;
  });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
