// SPDX-License-Identifier: Apache-2.0
import type { Slot, Slots, SlotWriter } from './slots.js';

interface Content {
  header: Uint8Array;
  pieces: Uint8Array[];
}

const contents = /* @__PURE__ */ new Map<string, [Content | undefined, Content | undefined]>();

const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

/** One after another. @internal */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(sizeOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Slots that last as long as the page or the worker, shared by all stores of the same name in it. @internal */
export function memorySlots(key: string): Slots {
  const slots = contents.get(key) ?? [undefined, undefined];
  contents.set(key, slots);
  return {
    kind: 'memory',
    head: async (slot) => {
      const content = slots[slot];
      return content && { header: content.header, length: sizeOf(content.pieces) };
    },
    body: async (slot) => joined(slots[slot]?.pieces ?? []),
    write: async (slot) => writer(slots, slot),
    remove: async (slot) => {
      slots[slot] = undefined;
    },
    close: () => {},
  };
}

function writer(slots: [Content | undefined, Content | undefined], slot: Slot): SlotWriter {
  const content: Content = { header: new Uint8Array(0), pieces: [] };
  slots[slot] = content;
  return {
    append: async (piece) => void content.pieces.push(piece),
    publish: async (header) => {
      content.header = header;
    },
    abort: async () => {
      slots[slot] = undefined;
    },
  };
}

/** The memory of a name, for tests that damage it. @internal */
export const memoryOf = (key: string): [Content | undefined, Content | undefined] | undefined => contents.get(key);
