// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';

// Names of files end at 255 bytes; some systems do not tell A from a.
const longest = 120;
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

/** Only a to z, 0 to 9, - and =: every other UTF-16 unit becomes = and four digits, so that no two names become one. @internal */
export function encodeName(name: unknown): string {
  if (typeof name !== 'string') throw new SimileError('invalid_argument', `the name of a store is a string, not ${typeof name}`);
  return name.replace(/[^a-z0-9-]/g, (unit) => `=${hex(unit.charCodeAt(0), 4)}`);
}

/** The name of a folder: the encoded name, or its SHA-256 where that is too long. @internal */
export async function folderName(key: string): Promise<string> {
  if (key.length <= longest) return `n-${key}`;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  return `h-${[...new Uint8Array(digest)].map((byte) => hex(byte, 2)).join('')}`;
}
