// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';

/** What a browser's storage threw, as an error of the package. @internal */
export function storageError(error: unknown, doing: string, signal?: AbortSignal): SimileError {
  if (error instanceof SimileError) return error;
  if (signal?.aborted) return new SimileError('cancelled', `${doing} was cancelled`, { cause: signal.reason });
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  if (name === 'QuotaExceededError') {
    const advice = 'what was stored before is still there; free some room, or ask for more with navigator.storage.persist()';
    return new SimileError('quota_exceeded', `${doing}: the browser has no room left (${message}); ${advice}`, { cause: error });
  }
  return new SimileError('io_failure', `${doing} failed: ${name}: ${message}`, { cause: error });
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** A tenth more than the bytes, for what the browser writes around them. */
const margin = 1.1;

/**
 * Asks before writing. A browser that does not say is believed to have room.
 * @param bytes - to be written; @param freed - that go away before
 * @throws {SimileError} `quota_exceeded` @internal
 */
export async function checkQuota(bytes: number, freed: number): Promise<void> {
  const { quota, usage } = (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
  if (quota === undefined || usage === undefined) return;
  const available = Math.max(0, quota - usage) + freed;
  if (bytes * margin <= available) return;
  const numbers = `needs ${megabytes(bytes * margin)}, the browser has ${megabytes(available)} of ${megabytes(quota)}`;
  throw new SimileError('quota_exceeded', `save() ${numbers}; what was stored before is still there`);
}
