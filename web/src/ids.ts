// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from './errors.js';

/**
 * Your own key of an item: an integer from 0 to 2^53 - 1, or a well-formed string of at most 65,535 bytes of UTF-8.
 * The number 1 and the string '1' are two different ids.
 */
export type Id = string | number;

const maxIdBytes = 65_535;
const maxVarintBytes = 8; // 54 bits, 7 in each byte
const illFormed = /\p{Surrogate}/u;
const encoder = /* @__PURE__ */ new TextEncoder();
// A leading U+FEFF is a part of the id.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8; TextEncoder alone would quietly change what is no text. @throws {SimileError} `invalid_argument` @internal */
export function encodeText(text: string, what: string): Uint8Array {
  if (illFormed.test(text)) throw invalid(`${what} holds half of a surrogate pair: ${shown(text)}`);
  return encoder.encode(text);
}

/** The ids one after another. @throws {SimileError} `invalid_argument` for what is no id. @internal */
export function encodeIds(ids: readonly Id[]): Uint8Array {
  let bytes = new Uint8Array(Math.max(64, 12 * ids.length));
  let size = 0;

  /** Numbers up to 2^54 - 1 are beyond exact doubles, so the lowest bit comes apart: the value is 2 high + low. */
  const varint = (high: number, low: 0 | 1): void => {
    let rest = Math.floor(high / 64);
    bytes[size++] = (high % 64) * 2 + low + (rest > 0 ? 128 : 0);
    while (rest > 0) {
      const next = Math.floor(rest / 128);
      bytes[size++] = (rest % 128) + (next > 0 ? 128 : 0);
      rest = next;
    }
  };
  const reserve = (more: number): void => {
    if (size + more <= bytes.length) return;
    const larger = new Uint8Array(2 * bytes.length + more);
    larger.set(bytes.subarray(0, size));
    bytes = larger;
  };

  // An index and no iterator: a hole of a sparse array is no id either.
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (typeof id === 'string') {
      const text = encodeText(id, 'an id');
      if (text.length > maxIdBytes) {
        throw new SimileError('limit_exceeded', `an id of ${text.length} bytes is longer than ${maxIdBytes}`);
      }
      reserve(maxVarintBytes + text.length);
      varint(text.length, 0);
      bytes.set(text, size);
      size += text.length;
    } else {
      if (!Number.isSafeInteger(id) || (id as number) < 0) {
        throw invalid(`an id is a string or an integer from 0 to 2^53 - 1, not ${shown(id)}`);
      }
      reserve(maxVarintBytes);
      varint(id as number, 1);
    }
  }
  return bytes.subarray(0, size);
}

/** Reads every id in `bytes`, which the core wrote. @internal */
export function decodeIds(bytes: Uint8Array): Id[] {
  const ids: Id[] = [];
  let at = 0;
  while (at < bytes.length) {
    let byte = bytes[at++] as number;
    const isNumber = (byte & 1) === 1;
    let value = (byte & 127) >> 1;
    for (let scale = 64; byte >= 128; scale *= 128) {
      byte = bytes[at++] as number;
      value += (byte & 127) * scale;
    }
    if (isNumber) {
      ids.push(value);
    } else {
      ids.push(decoder.decode(bytes.subarray(at, at + value)));
      at += value;
    }
  }
  return ids;
}
