// SPDX-License-Identifier: Apache-2.0
// Eight bytes of length, a JSON header, then the tensors without a gap. Anything else is refused: holes, overlaps, what follows.
import type { Id } from '../../ids.js';
import { corrupt, truncated, UsageError } from '../failure.js';
import { checkShape, decodeNumbers, type Kind, type Matrix, sizeOf } from './matrix.js';
import { littleFloats } from './npy.js';

const maxHeader = 100_000_000; // as the format's own reader
const idsName = 'simile.ids';
const kinds = new Map<unknown, Kind>([
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['F32', 'f32'],
  ['F64', 'f64'],
  ['I8', 'i8'],
  ['U8', 'u8'],
  ['I16', 'i16'],
  ['U16', 'u16'],
  ['I32', 'i32'],
  ['U32', 'u32'],
  ['I64', 'i64'],
  ['U64', 'u64'],
]);

interface Tensor {
  readonly name: string;
  readonly kind: Kind | undefined;
  readonly type: unknown;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** @param wanted - the name of a tensor, where there are several @throws {SimileError} `corrupt_file`, `truncated_file`, `limit_exceeded` */
export function readSafetensors(bytes: Uint8Array, name: string, wanted?: string): Matrix {
  if (bytes.length < 8) throw truncated(`${name} ends after ${bytes.length} bytes, in the length of its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(maxHeader)) throw corrupt(`${name} has a header of ${length} bytes, more than ${maxHeader}`);
  const start = 8 + Number(length);
  if (start > bytes.length) throw truncated(`${name} has ${bytes.length} bytes, and its header alone ends at ${start}`);
  const header = parseHeader(bytes.subarray(8, start), name);
  const body = bytes.subarray(start);
  const tensors = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => tensorOf(key, value, name));
  checkGapless(tensors, body.length, name);
  const { shape, kind, begin, end, type, ...chosen } = choose(tensors, name, wanted);
  if (!kind)
    throw corrupt(
      `${name}: tensor ${JSON.stringify(chosen.name)} has numbers of type ${JSON.stringify(type)}, which are not read`,
    );
  const [rows, dims] = shape as [number, number];
  checkShape(name, rows, dims, sizeOf(kind), end - begin);
  const values = decodeNumbers(body.subarray(begin, end), kind, rows * dims);
  const ids = idsOf(header['__metadata__'], rows, name);
  return ids ? { rows, dims, values, ids } : { rows, dims, values };
}

function parseHeader(bytes: Uint8Array, name: string): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const header: unknown = JSON.parse(text);
    if (text.startsWith('{') && typeof header === 'object' && header !== null) {
      checkNoDuplicates(text, Object.keys(header), name);
      return header as Record<string, unknown>;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw corrupt(`${name} has a header that is no JSON object`);
}

/** JSON.parse keeps the last of equal names, and other readers the first: a file must not be two. */
function checkNoDuplicates(text: string, names: readonly string[], name: string): void {
  let depth = 0;
  let found = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) found++;
  }
  if (found !== names.length) throw corrupt(`${name} names a tensor twice`);
}

function tensorOf(name: string, value: unknown, file: string): Tensor {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const [begin, end] = Array.isArray(offsets) ? offsets : [];
  const isRight = Array.isArray(shape) && shape.every(isCount) && isCount(begin) && isCount(end) && begin <= end;
  if (!isRight || (offsets as unknown[]).length !== 2)
    throw corrupt(`${file}: tensor ${JSON.stringify(name)} has no shape or no offsets`);
  return { name, kind: kinds.get(dtype), type: dtype, shape, begin, end };
}

function checkGapless(tensors: readonly Tensor[], bytes: number, file: string): void {
  let at = 0;
  for (const { name, begin, end } of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      throw corrupt(`${file}: tensor ${JSON.stringify(name)} begins at ${begin}, and the one before ends at ${at}`);
    at = end;
  }
  if (at > bytes) throw truncated(`${file} has ${bytes} bytes of tensors, and they end at ${at}`);
  if (at < bytes) throw corrupt(`${file} has ${bytes - at} bytes after its tensors`);
}

function choose(tensors: readonly Tensor[], file: string, wanted: string | undefined): Tensor {
  const matrices = tensors.filter(({ shape }) => shape.length === 2);
  const names = matrices.map(({ name }) => name).join(', ');
  if (wanted !== undefined) {
    const found = matrices.find(({ name }) => name === wanted);
    if (found) return found;
    throw new UsageError(`${file} has no matrix ${JSON.stringify(wanted)}${names === '' ? '' : `; it has ${names}`}`);
  }
  const [first, second] = matrices;
  if (!first) throw corrupt(`${file} has no matrix among its ${tensors.length} tensors`);
  if (second) throw new UsageError(`${file} has several matrices: choose with --tensor one of ${names}`);
  return first;
}

function idsOf(metadata: unknown, rows: number, file: string): Id[] | undefined {
  const text = typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>)[idsName] : undefined;
  if (text === undefined) return undefined;
  let ids: unknown;
  try {
    ids = JSON.parse(String(text));
  } catch {
    ids = undefined;
  }
  if (!Array.isArray(ids) || ids.length !== rows) throw corrupt(`${file} has ids that are no list of ${rows}`);
  return ids as Id[];
}

/** One tensor `vectors`, with the ids in its metadata. */
export function writeSafetensors({ rows, dims, values, ids }: Matrix): Uint8Array[] {
  const header = {
    ...(ids ? { __metadata__: { [idsName]: JSON.stringify(ids) } } : {}),
    vectors: { dtype: 'F32', shape: [rows, dims], data_offsets: [0, values.byteLength] },
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  return [head, littleFloats(values)];
}
