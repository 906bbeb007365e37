// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { SimileError } from '../errors.js';
import { corrupt, messageOf, UsageError } from './failure.js';
import { write } from './terminal.js';

/** What one input may have: the longest of Node's buffers that readers of this command take, and half of WebAssembly's memory. */
export const maxInput = 2 ** 31 - 1;

const io = (error: unknown): SimileError => new SimileError('io_failure', messageOf(error), { cause: error });

/** The whole of a file, or with `-` of stdin. @throws {SimileError} `io_failure`, `limit_exceeded` */
export async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (path === '-') return readStdin();
  const about = await stat(path).catch((error: unknown) => {
    throw io(error);
  });
  if (about.isDirectory()) throw new UsageError(`${path} is a folder, and a file is needed`);
  if (about.size > maxInput) throw tooLong(path, about.size);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw io(error);
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function readStdin(): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxInput) throw tooLong('stdin', size);
    pieces.push(piece);
  }
  const all = Buffer.concat(pieces);
  return new Uint8Array(all.buffer, all.byteOffset, all.byteLength);
}

const tooLong = (name: string, size: number): SimileError =>
  new SimileError('limit_exceeded', `${name} has ${size} bytes, more than ${maxInput}`);

/** UTF-8 without a byte order mark. @throws {SimileError} `corrupt_file` */
export async function readTextInput(path: string): Promise<string> {
  return decodeText(await readInput(path), path);
}

export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.length > constants.MAX_STRING_LENGTH)
    throw new SimileError(
      'limit_exceeded',
      `${nameOf(name)} has ${bytes.length} bytes of text, more than ${constants.MAX_STRING_LENGTH}`,
    );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw corrupt(`${nameOf(name)} is not UTF-8`);
  }
}

export const nameOf = (path: string): string => (path === '-' ? 'stdin' : path);
/** The ending of a name, in small letters and without the dot. */
export const endingOf = (path: string): string => extname(path).slice(1).toLowerCase();

/** Files that are being written, for an interruption to take away. */
const unfinished = new Set<string>();

export function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // It was not made yet, or is whole and has its name.
    }
  }
  unfinished.clear();
}

/**
 * Writes a whole file or none: under another name, made sure of, then renamed. With `-` to stdout.
 * @param pieces - bytes in order @throws {SimileError} `io_failure`
 */
export async function writeOutput(path: string, pieces: Iterable<Uint8Array | string>): Promise<void> {
  if (path === '-') {
    for (const piece of pieces) await write(process.stdout, piece);
    return;
  }
  const folder = dirname(path);
  const start = `.${basename(path)}.tmp.`;
  const temporary = join(folder, `${start}${process.pid}.${randomBytes(4).toString('hex')}`);
  await sweep(folder, start);
  unfinished.add(temporary);
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    unfinished.delete(temporary);
    await syncFolder(folder);
  } catch (error) {
    removeUnfinished();
    throw error instanceof SimileError ? error : io(error);
  }
}

/** What a process that was killed left half: it runs no longer, and its file has a name like ours. */
async function sweep(folder: string, start: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(start) ? /^(\d{1,9})\.[0-9a-f]{8}$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid === undefined || isRunning(Number(pid))) continue;
    await unlink(join(folder, name)).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It may be another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The name is safe, too; some systems have no such thing for folders. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
