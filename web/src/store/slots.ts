// SPDX-License-Identifier: Apache-2.0

/** Where the bytes really are. */
export type StoreKind = 'opfs-sync' | 'opfs' | 'indexeddb' | 'memory';

/** One of the two places of a name. @internal */
export type Slot = 0 | 1;

/** A slot as it is found: nothing of it is trusted. @internal */
export interface SlotHead {
  /** Up to 64 bytes; fewer or zeros when a save did not get as far as the header. */
  readonly header: Uint8Array;
  /** Bytes that stand after the header. */
  readonly length: number;
}

/** Writes one slot whose old content is gone from the moment that this was made. @internal */
export interface SlotWriter {
  /** Puts a piece after those before it. */
  append(piece: Uint8Array): Promise<void>;
  /** Makes sure that all pieces are stored, and only then stores the header, which makes the slot whole. */
  publish(header: Uint8Array): Promise<void>;
  /** Gives the room back; the slot is empty. */
  abort(): Promise<void>;
}

/** The two slots of one name. Nobody else uses them meanwhile: that is what the lock is for. @internal */
export interface Slots {
  readonly kind: StoreKind;
  /** undefined if there is no such slot */
  head(slot: Slot): Promise<SlotHead | undefined>;
  /** What stands after the header: a copy. */
  body(slot: Slot): Promise<Uint8Array>;
  /** Empties the slot and opens it for writing. */
  write(slot: Slot): Promise<SlotWriter>;
  /** Removes the slot if it is there. */
  remove(slot: Slot): Promise<void>;
  close(): void;
}
