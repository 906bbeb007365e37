// SPDX-License-Identifier: Apache-2.0
import type { Engine } from './engine.js';
import { invalid, shown } from './errors.js';
import type { Progress } from './slices.js';

/** What a file may be at most; a larger one is refused with `limit_exceeded` before memory is reserved for it. */
export interface Limits {
  /** Length of the file in bytes. */
  readonly maxBytes?: number;
  readonly maxRows?: number;
  readonly maxDims?: number;
  readonly maxSections?: number;
}

export interface LoadOptions {
  /**
   * How much is checked: `structure` the header and the table of contents, `checksum` every byte as well, `full` also what the
   * bytes mean (all numbers finite, ids unique and well formed).
   * @defaultValue 'checksum'
   */
  readonly verify?: 'structure' | 'checksum' | 'full';
  readonly limits?: Limits;
  /** Cancels the load with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Called after every piece. What it throws ends the load and is passed on. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

/** How far an index has been loaded, in bytes. */
export interface LoadProgress extends Progress {
  /** How many planes are there, from 0; from 1 on the index can be searched. */
  readonly level: number;
  /** How many planes the file has; 0 before its header is there. */
  readonly levels: number;
  /** How many vectors the file has; 0 before its header is there. */
  readonly rows: number;
}

interface LoadState extends LoadProgress {
  readonly isSearchable: boolean;
}

const verifyLevels = ['structure', 'checksum', 'full'];
const pieceBytes = 1 << 20;
const maxU32 = 2 ** 32 - 1;

/** Load options as the core takes them; 0 is the core's own limit. @internal */
export interface LoadRules {
  readonly verify: number;
  readonly bytes: number;
  readonly rows: number;
  readonly dims: number;
  readonly sections: number;
}

/** @throws {SimileError} `invalid_argument` @internal */
export function loadRules({ verify = 'checksum', limits = {} }: LoadOptions): LoadRules {
  const level = verifyLevels.indexOf(verify);
  if (level < 0) throw invalid(`verify must be 'structure', 'checksum' or 'full', not ${shown(verify)}`);
  const limit = (name: keyof Limits): number => {
    const value = limits[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw invalid(`limits.${name} must be a positive integer, not ${shown(value)}`);
    }
    return value ?? 0;
  };
  return {
    verify: level,
    bytes: limit('maxBytes'),
    rows: limit('maxRows'),
    dims: Math.min(limit('maxDims'), maxU32),
    sections: Math.min(limit('maxSections'), maxU32),
  };
}

/** Reads a file from pieces into an index. @internal */
export class Loader {
  readonly #engine: Engine;
  readonly #handle: number;

  /** @param length - bytes of the whole file, if known: a file of another length is refused at its header */
  constructor(engine: Engine, { verify, bytes, rows, dims, sections }: LoadRules, length = -1) {
    this.#engine = engine;
    this.#handle = word(engine.call('loader_create', verify, bytes, rows, dims, sections, length));
  }

  /** Takes `bytes` in small pieces, and says after each what is there. */
  *feed(bytes: Uint8Array): Generator<LoadState> {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      const state = new DataView(this.#engine.call('loader_feed', this.#handle, piece, piece.length).buffer);
      const level = state.getUint32(0, true);
      const total = state.getFloat64(24, true);
      yield {
        level,
        levels: state.getUint32(4, true),
        isSearchable: level > 0 || state.getUint32(8, true) === 1,
        rows: state.getUint32(12, true),
        loaded: state.getFloat64(16, true),
        total: total > 0 ? total : undefined,
      };
    }
  }

  /** @throws {SimileError} `truncated_file` when bytes are missing */
  end(): void {
    this.#engine.call('loader_end', this.#handle);
  }

  /** The number of the index. It outlives the loader. */
  index(): number {
    return word(this.#engine.call('loader_index', this.#handle));
  }

  dispose(): void {
    this.#engine.release('loader_destroy', this.#handle);
  }
}

/** The reply of one u32. @internal */
export const word = (reply: Uint8Array): number => new DataView(reply.buffer).getUint32(0, true);
