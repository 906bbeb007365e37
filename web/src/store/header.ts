// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import { Checksum } from './checksum.js';

/**
 * What stands before the bytes of a slot, in little-endian order:
 *
 *     0  magic "simstore"           32  stamp of the save
 *     8  version, 32 bits           40  checksum of the bytes
 *    16  generation                 48  zero
 *    24  length of the bytes        56  checksum of 0 to 55
 *
 * @internal
 */
export interface Header {
  /** 1 for the first save of a name, one more for every further one. */
  readonly generation: bigint;
  /** Bytes that follow the header. */
  readonly length: number;
  /** Random: tells two saves of the same generation apart, such as one before and one after a delete(). */
  readonly stamp: bigint;
  /** {@link Checksum} of the bytes that follow. */
  readonly checksum: bigint;
}

/** @internal */
export const headerBytes = 64;

const version = 1;
const magic = 0x65726f74736d6973n; // "simstore"
const ownChecksum = (bytes: Uint8Array): bigint => new Checksum().update(bytes.subarray(0, 56)).digest();

/** @internal */
export function encodeHeader({ generation, length, stamp, checksum }: Header): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const fields = new DataView(bytes.buffer);
  fields.setBigUint64(0, magic, true);
  fields.setUint32(8, version, true);
  fields.setBigUint64(16, generation, true);
  fields.setBigUint64(24, BigInt(length), true);
  fields.setBigUint64(32, stamp, true);
  fields.setBigUint64(40, checksum, true);
  fields.setBigUint64(56, ownChecksum(bytes), true);
  return bytes;
}

/**
 * @returns undefined unless the header is whole
 * @throws {SimileError} `unsupported_version` for a whole header of a newer version
 * @internal
 */
export function decodeHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length !== headerBytes) return undefined;
  const fields = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  if (fields.getBigUint64(0, true) !== magic || fields.getBigUint64(56, true) !== ownChecksum(bytes)) return undefined;
  const found = fields.getUint32(8, true);
  if (found !== version) {
    throw new SimileError(
      'unsupported_version',
      `the stored data has version ${found}, this package reads ${version}: update it`,
    );
  }
  return {
    generation: fields.getBigUint64(16, true),
    length: Number(fields.getBigUint64(24, true)),
    stamp: fields.getBigUint64(32, true),
    checksum: fields.getBigUint64(40, true),
  };
}
