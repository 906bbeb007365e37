// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Id } from '../ids.js';
import type { AddedDoc, Change } from './contents.js';
import { own, type StoredDoc } from './schema.js';

interface StoredChange {
  readonly removed: readonly Id[];
  readonly added: readonly { readonly document: StoredDoc; readonly own: boolean; readonly numbers: number }[];
}

const wordBytes = 4;
const aligned = (bytes: number): number => Math.ceil(bytes / wordBytes) * wordBytes;

/** About the bytes that a change takes in a journal. @internal */
export const sizeOf = ({ removed, added }: Change): number =>
  added.reduce(
    (sum, { document, vectors }) => sum + JSON.stringify(document).length + (vectors?.byteLength ?? 0),
    24 * removed.length,
  );

/** Changes as they were made, with the vectors as they came: to make them again gives the same bits. @internal */
export function encodeJournal(changes: readonly Change[]): Uint8Array {
  const described: StoredChange[] = changes.map(({ removed, added }) => ({
    removed,
    added: added.map(({ document, own, vectors }) => ({ document, own, numbers: vectors?.length ?? 0 })),
  }));
  const text = new TextEncoder().encode(JSON.stringify(described));
  const begin = wordBytes + aligned(text.length);
  const numbers = described.reduce((sum, { added }) => added.reduce((all, one) => all + one.numbers, sum), 0);
  const out = new Uint8Array(begin + wordBytes * numbers);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, wordBytes);
  const floats = new Float32Array(out.buffer, begin);
  let at = 0;
  for (const { vectors } of changes.flatMap(({ added }) => added)) {
    if (!vectors) continue;
    floats.set(vectors, at);
    at += vectors.length;
  }
  return out;
}

/** @throws {SimileError} `corrupt_file` @internal */
export function decodeJournal(bytes: Uint8Array): Change[] {
  const size = bytes.length >= wordBytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
  let at = wordBytes + aligned(size);
  if (at > bytes.length) throw corrupt(`its description ends at ${at} of ${bytes.length} bytes`);
  const changes: unknown = parsed(bytes.subarray(wordBytes, wordBytes + size));
  if (!Array.isArray(changes)) throw corrupt('its description is no list');
  const out = changes.map((change: unknown): Change => {
    const { removed, added } = (change ?? {}) as StoredChange;
    if (!Array.isArray(removed) || !Array.isArray(added)) throw corrupt('a change is none');
    const docs = added.map((one: StoredChange['added'][number]): AddedDoc => {
      if (typeof one !== 'object' || one === null) throw corrupt('an addition is none');
      const { document, numbers } = one;
      if (typeof document !== 'object' || document === null) throw corrupt('a document is none');
      const end = at + wordBytes * numbers;
      if (!Number.isInteger(numbers) || numbers < 0 || end > bytes.length)
        throw corrupt(`vectors end at ${end} of ${bytes.length} bytes`);
      const vectors = numbers > 0 ? new Float32Array(bytes.slice(at, end).buffer) : undefined;
      at = end;
      return { document, own: own(one, 'own') === true, vectors };
    });
    return { removed, added: docs };
  });
  if (at !== bytes.length) throw corrupt(`${bytes.length - at} bytes are left`);
  return out;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new SimileError('corrupt_file', 'the journal of a collection is damaged: it is no JSON', { cause });
  }
}

const corrupt = (what: string): SimileError => new SimileError('corrupt_file', `the journal of a collection is damaged: ${what}`);
