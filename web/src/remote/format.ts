// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../errors.js';
import type { Similarity } from '../index.js';
import { Checksum } from '../store/checksum.js';
import { type Bits, codeBytes, decode, encode, fullCodes } from './codes.js';

/** How the vectors of the candidates are stored. */
export type RowCodec = 'int8' | 'f32';

/**
 * A partitioned file, in little-endian order: a head, the lists, the rows.
 *
 *     0  magic "simparts"           40  lists that a search looks into
 *     8  version, 32 bits           44  seed of the rotation
 *    12  length of the head         48  length of the metadata
 *    16  length of the file         52  similarity, bits, row codec: a byte each; zeros up to 64
 *    24  rows, dims, lists, zero    64  metadata, in UTF-8, zeros up to a multiple of 4
 *
 * Then for each list the number of its rows, the bytes of its rows and the 64-bit checksum of its list chunk; for each list its centre
 * (a factor and codes of 4 bits); the 64-bit checksum of the head. A list chunk holds for each of its rows a factor, with
 * `squared_l2` the squared norm, the checksum of the row, the length of its id (16 bits), all as columns, and the codes. A row is its
 * full code and its id. @internal
 */
export interface Head {
  readonly bytes: Uint8Array;
  readonly fileBytes: number;
  readonly size: number;
  readonly dims: number;
  readonly probes: number;
  readonly seed: number;
  readonly similarity: Similarity;
  readonly bits: Bits;
  readonly rowCodec: RowCodec;
  readonly metadata: string;
  readonly lists: readonly ListPlace[];
  /** Of the head, and so of everything that its checksums tell of. */
  readonly checksum: string;
  /** Of list `i`, in rotated space. */
  centre(i: number): Float32Array;
}

/** Where a list is. @internal */
export interface ListPlace {
  readonly count: number;
  /** Position of its chunk in the file. */
  readonly start: number;
  readonly end: number;
  /** Position of its first row in the file, and the end of its last one. */
  readonly rowsStart: number;
  readonly rowsEnd: number;
  readonly checksum: string;
}

/** What one list says of its rows. @internal */
export interface ListChunk {
  readonly factors: Float32Array;
  /** Empty but with `squared_l2`. */
  readonly squares: Float32Array;
  readonly checksums: Uint32Array;
  /** Position of each row in the file, and the end of the last one. */
  readonly places: Float64Array;
  readonly codes: Uint8Array;
}

export const similarities: readonly Similarity[] = ['cosine', 'dot', 'squared_l2'];
export const rowCodecs: readonly RowCodec[] = ['int8', 'f32'];

/** @internal */
export const fixedBytes = 64;
const magic = 0x73747261706d6973n; // "simparts"
const version = 1;
const listEntry = 16;
const centreBits = 4;
const maxDims = 1 << 16;
const maxIdBytes = 0xffff;

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;
const centreBytes = (dims: number): number => padded(4 + codeBytes(dims, centreBits));
const perRow = (similarity: Similarity): number => (similarity === 'squared_l2' ? 14 : 10);
const chunkBytes = (count: number, dims: number, bits: Bits, similarity: Similarity): number =>
  count * (perRow(similarity) + codeBytes(dims, bits));

/** 16 hexadecimal digits. @internal */
export const checksumOf = (bytes: Uint8Array): string => new Checksum().update(bytes).digest().toString(16).padStart(16, '0');

const corrupt = (what: string): SimileError => new SimileError('corrupt_file', `not a partitioned index, or damaged: ${what}`);

/** Of the first 64 bytes. @throws {SimileError} `corrupt_file`, `unsupported_version` @internal */
export function headLength(bytes: Uint8Array): number {
  if (bytes.length < fixedBytes) throw new SimileError('truncated_file', `the file ends after ${bytes.length} bytes of its head`);
  const fields = new DataView(bytes.buffer, bytes.byteOffset, fixedBytes);
  if (fields.getBigUint64(0, true) !== magic) throw corrupt('its first bytes are others; partition() makes such files');
  const found = fields.getUint32(8, true);
  if (found !== version) {
    throw new SimileError('unsupported_version', `the file has version ${found}, this package reads ${version}: update it`);
  }
  return fields.getUint32(12, true);
}

/** @param bytes - `headLength` bytes @throws {SimileError} `corrupt_file` @internal */
export function decodeHead(bytes: Uint8Array): Head {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [size, dims, count] = [fields.getUint32(24, true), fields.getUint32(28, true), fields.getUint32(32, true)];
  const metadataBytes = fields.getUint32(48, true);
  const table = fixedBytes + padded(metadataBytes);
  const centres = table + listEntry * count;
  const end = centres + centreBytes(dims) * count;
  if (bytes.length !== end + 8) throw corrupt(`a head of ${bytes.length} bytes for ${count} lists of ${dims} dims`);
  const checksum = fields.getBigUint64(end, true).toString(16).padStart(16, '0');
  if (checksumOf(bytes.subarray(0, end)) !== checksum) throw corrupt('the checksum of its head is another');
  const similarity = similarities[fields.getUint8(52)];
  const bits = fields.getUint8(53) as Bits;
  const rowCodec = rowCodecs[fields.getUint8(54)];
  if (!similarity || ![1, 2, 4].includes(bits) || !rowCodec || dims < 1 || dims > maxDims)
    throw corrupt('its head has unknown values');

  const lists: ListPlace[] = [];
  let start = bytes.length;
  for (let i = 0; i < count; i++) {
    const at = table + listEntry * i;
    const rows = fields.getUint32(at, true);
    const stop = start + chunkBytes(rows, dims, bits, similarity);
    const sum = fields
      .getBigUint64(at + 8, true)
      .toString(16)
      .padStart(16, '0');
    lists.push({ count: rows, start, end: stop, rowsStart: 0, rowsEnd: fields.getUint32(at + 4, true), checksum: sum });
    start = stop;
  }
  let rowsStart = start;
  for (const [i, list] of lists.entries()) {
    lists[i] = { ...list, rowsStart, rowsEnd: rowsStart + list.rowsEnd };
    rowsStart += list.rowsEnd;
  }
  const fileBytes = Number(fields.getBigUint64(16, true));
  if (rowsStart !== fileBytes || lists.reduce((sum, list) => sum + list.count, 0) !== size)
    throw corrupt('its lists do not fill it');
  return {
    bytes,
    fileBytes,
    size,
    dims,
    probes: Math.max(1, Math.min(fields.getUint32(40, true), count)),
    seed: fields.getUint32(44, true),
    similarity,
    bits,
    rowCodec,
    metadata: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(fixedBytes, fixedBytes + metadataBytes)),
    lists,
    checksum,
    centre: (i) => {
      const at = centres + centreBytes(dims) * i;
      return decode(bytes.subarray(at + 4, at + centreBytes(dims)), centreBits, fields.getFloat32(at, true), dims);
    },
  };
}

/** @param bytes - whole, and of the right checksum @throws {SimileError} `corrupt_file` @internal */
export function decodeList(bytes: Uint8Array, head: Head, list: ListPlace): ListChunk {
  const { count } = list;
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const floats = (length: number): Float32Array => {
    const found = Float32Array.from({ length }, (_, i) => fields.getFloat32(at + 4 * i, true));
    at += 4 * length;
    return found;
  };
  const factors = floats(count);
  const squares = floats(head.similarity === 'squared_l2' ? count : 0);
  const checksums = Uint32Array.from({ length: count }, (_, i) => fields.getUint32(at + 4 * i, true));
  at += 4 * count;
  const places = new Float64Array(count + 1);
  places[0] = list.rowsStart;
  const full = fullCodes[head.rowCodec].bytes(head.dims);
  for (let i = 0; i < count; i++) places[i + 1] = (places[i] as number) + full + fields.getUint16(at + 2 * i, true);
  at += 2 * count;
  if (places[count] !== list.rowsEnd) throw corrupt('a list and the head disagree about its rows');
  return { factors, squares, checksums, places, codes: bytes.subarray(at) };
}

/** One list on its way into a file. @internal */
export interface ListDraft {
  /** In rotated space. */
  readonly centre: Float32Array;
  /** In rotated space. */
  readonly vectors: readonly Float32Array[];
  /** Each as `encodeIds` writes it. */
  readonly ids: readonly Uint8Array[];
}

/** The centre as a reader will see it. @internal */
export function storedCentre(centre: Float32Array): Float32Array {
  const codes = new Uint8Array(codeBytes(centre.length, centreBits));
  return decode(codes, centreBits, encode(centre, centreBits, codes), centre.length);
}

/** @internal */
export interface Settings {
  readonly dims: number;
  readonly similarity: Similarity;
  readonly bits: Bits;
  readonly rowCodec: RowCodec;
  readonly probes: number;
  readonly seed: number;
  readonly metadata: string;
}

/** The rows of a list, one after the other, and its chunk. @throws {SimileError} `limit_exceeded` @internal */
export function encodeList(draft: ListDraft, { dims, similarity, bits, rowCodec }: Settings, crc: (bytes: Uint8Array) => number) {
  const count = draft.vectors.length;
  const code = fullCodes[rowCodec];
  const full = code.bytes(dims);
  const rows = new Uint8Array(draft.ids.reduce((sum, id) => sum + full + id.length, 0));
  const chunk = new Uint8Array(chunkBytes(count, dims, bits, similarity));
  const fields = new DataView(chunk.buffer);
  const rowFields = new DataView(rows.buffer);
  const isL2 = similarity === 'squared_l2';
  const checksumsAt = isL2 ? 8 * count : 4 * count;
  const codesAt = count * perRow(similarity);
  const width = codeBytes(dims, bits);
  const centre = storedCentre(draft.centre);
  let at = 0;
  for (const [i, vector] of draft.vectors.entries()) {
    const id = draft.ids[i] as Uint8Array;
    if (id.length > maxIdBytes)
      throw new SimileError('limit_exceeded', `an id of ${id.length} bytes is longer than ${maxIdBytes}`);
    const residual = vector.map((x, j) => x - (centre[j] as number));
    fields.setFloat32(4 * i, encode(residual, bits, chunk.subarray(codesAt + width * i, codesAt + width * (i + 1))), true);
    if (isL2) fields.setFloat32(4 * (count + i), squaredNorm(vector), true);
    code.write(vector, rowFields, at);
    rows.set(id, at + full);
    fields.setUint32(checksumsAt + 4 * i, crc(rows.subarray(at, at + full + id.length)), true);
    fields.setUint16(checksumsAt + 4 * count + 2 * i, id.length, true);
    at += full + id.length;
  }
  return { chunk, rows };
}

/** @internal */
export const squaredNorm = (x: Float32Array): number => x.reduce((sum, value) => sum + value * value, 0);

/** The whole file. @internal */
export function encodeFile(
  drafts: readonly ListDraft[],
  parts: readonly { readonly chunk: Uint8Array; readonly rows: Uint8Array }[],
  settings: Settings,
): Uint8Array<ArrayBuffer> {
  const { dims, similarity, bits, rowCodec, probes, seed } = settings;
  const metadata = new TextEncoder().encode(settings.metadata);
  const table = fixedBytes + padded(metadata.length);
  const centres = table + listEntry * drafts.length;
  const headBytes = centres + centreBytes(dims) * drafts.length + 8;
  const length = parts.reduce((sum, { chunk, rows }) => sum + chunk.length + rows.length, headBytes);
  const file = new Uint8Array(length);
  const fields = new DataView(file.buffer);
  fields.setBigUint64(0, magic, true);
  fields.setUint32(8, version, true);
  fields.setUint32(12, headBytes, true);
  fields.setBigUint64(16, BigInt(length), true);
  const size = drafts.reduce((sum, { ids }) => sum + ids.length, 0);
  for (const [i, number] of [size, dims, drafts.length, 0, probes, seed, metadata.length].entries())
    fields.setUint32(24 + 4 * i, number, true);
  fields.setUint8(52, similarities.indexOf(similarity));
  fields.setUint8(53, bits);
  fields.setUint8(54, rowCodecs.indexOf(rowCodec));
  file.set(metadata, fixedBytes);
  let at = headBytes;
  for (const [i, { chunk, rows }] of parts.entries()) {
    fields.setUint32(table + listEntry * i, (drafts[i] as ListDraft).ids.length, true);
    fields.setUint32(table + listEntry * i + 4, rows.length, true);
    fields.setBigUint64(table + listEntry * i + 8, BigInt(`0x${checksumOf(chunk)}`), true);
    const centre = centres + centreBytes(dims) * i;
    const codes = file.subarray(centre + 4, centre + 4 + codeBytes(dims, centreBits));
    fields.setFloat32(centre, encode((drafts[i] as ListDraft).centre, centreBits, codes), true);
    file.set(chunk, at);
    at += chunk.length;
  }
  for (const { rows } of parts) {
    file.set(rows, at);
    at += rows.length;
  }
  fields.setBigUint64(headBytes - 8, BigInt(`0x${checksumOf(file.subarray(0, headBytes - 8))}`), true);
  return file;
}
