// SPDX-License-Identifier: Apache-2.0
import { headerBytes } from './header.js';
import { folderName } from './names.js';
import type { Slot, SlotHead, Slots, SlotWriter } from './slots.js';

/** As in dedicated workers; TypeScript's library for pages does not have it. */
interface SyncAccessHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncAccessHandle> };

const fileNames = ['a', 'b'] as const;

const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';
/** undefined where the promise ends with NotFoundError */
const ifThere = <T>(promise: Promise<T>): Promise<T | undefined> =>
  promise.catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });

/** Two files of one folder in the origin's private file system; undefined where there is none, or none that can be written. @internal */
export async function opfsSlots(key: string): Promise<Slots | undefined> {
  if (typeof FileSystemFileHandle === 'undefined' || typeof navigator.storage?.getDirectory !== 'function') return undefined;
  const isSync = 'createSyncAccessHandle' in FileSystemFileHandle.prototype;
  if (!isSync && !('createWritable' in FileSystemFileHandle.prototype)) return undefined;
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle('simile', { create: true });
  return new OpfsSlots(isSync ? 'opfs-sync' : 'opfs', all, await folderName(key));
}

class OpfsSlots implements Slots {
  readonly kind: 'opfs-sync' | 'opfs';
  readonly #all: FileSystemDirectoryHandle;
  readonly #name: string;

  constructor(kind: 'opfs-sync' | 'opfs', all: FileSystemDirectoryHandle, name: string) {
    this.kind = kind;
    this.#all = all;
    this.#name = name;
  }

  async head(slot: Slot): Promise<SlotHead | undefined> {
    const file = await this.#file(slot);
    if (!file) return undefined;
    const header = new Uint8Array(await file.slice(0, headerBytes).arrayBuffer());
    return { header, length: Math.max(0, file.size - headerBytes) };
  }

  async body(slot: Slot): Promise<Uint8Array> {
    const file = await this.#file(slot);
    return file ? new Uint8Array(await file.slice(headerBytes).arrayBuffer()) : new Uint8Array(0);
  }

  async write(slot: Slot): Promise<SlotWriter> {
    const folder = await this.#all.getDirectoryHandle(this.#name, { create: true });
    const file = await folder.getFileHandle(fileNames[slot], { create: true });
    return this.kind === 'opfs-sync' ? syncWriter(file as SyncFile) : streamWriter(file);
  }

  async remove(slot: Slot): Promise<void> {
    const folder = await this.#folder();
    if (!folder) return;
    await ifThere(folder.removeEntry(fileNames[slot]));
    for await (const _ of folder.keys()) return;
    await ifThere(this.#all.removeEntry(this.#name));
  }

  close(): void {}

  #folder(): Promise<FileSystemDirectoryHandle | undefined> {
    return ifThere(this.#all.getDirectoryHandle(this.#name));
  }

  async #file(slot: Slot): Promise<File | undefined> {
    const folder = await this.#folder();
    const handle = folder && (await ifThere(folder.getFileHandle(fileNames[slot])));
    return handle && ifThere(handle.getFile());
  }
}

/** In place, with a flush between the bytes and the header that tells of them. */
async function syncWriter(file: SyncFile): Promise<SlotWriter> {
  const handle = await file.createSyncAccessHandle();
  const put = (bytes: Uint8Array, at: number): void => {
    // Without room Chromium does not throw: it says that it wrote less, or a number that is an error's.
    const written = handle.write(bytes, { at });
    if (written !== bytes.length) throw new DOMException('the file system did not take all bytes', 'QuotaExceededError');
  };
  let at = headerBytes;
  try {
    handle.truncate(0);
  } catch (error) {
    handle.close();
    throw error;
  }
  return {
    append: async (piece) => {
      put(piece, at);
      at += piece.length;
    },
    publish: async (header) => {
      if (at === headerBytes) handle.truncate(headerBytes);
      handle.flush();
      put(header, 0);
      handle.flush();
      handle.close();
    },
    abort: async () => {
      try {
        handle.truncate(0);
        handle.flush();
      } finally {
        handle.close();
      }
    },
  };
}

/** Through the browser's own copy of the file, which replaces it at the end. */
async function streamWriter(file: FileSystemFileHandle): Promise<SlotWriter> {
  const stream = await file.createWritable();
  await stream.write(new Uint8Array(headerBytes));
  return {
    append: (piece) => stream.write(piece as Uint8Array<ArrayBuffer>),
    publish: async (header) => {
      await stream.write({ type: 'write', position: 0, data: header as Uint8Array<ArrayBuffer> });
      await stream.close();
    },
    abort: () => stream.abort(),
  };
}
