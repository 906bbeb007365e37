// SPDX-License-Identifier: Apache-2.0
// What the page and its worker say to each other. Everything here is plain data.

/** What can be searched: the dictionary that came with the page, or the visitor's own file. */
export type Source = 'dictionary' | 'own';

/** `data/manifest.json`, which the build writes. */
export interface Manifest {
  /** Name of the corpus for people, such as "WordNet 3.1". */
  readonly corpus: string;
  /** Names the encoder whose vectors the index holds. */
  readonly model: string;
  readonly rows: number;
  readonly indexBytes: number;
  readonly modelBytes: number;
  /** Entries in each file `entries-N.json` but the last. */
  readonly chunkRows: number;
}

/** Absolute addresses of folders, ending in a slash. */
export interface Addresses {
  readonly data: string;
  readonly model: string;
  readonly tfjs: string;
}

export type LoadEvent =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'model'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'model-ready' }
  | { readonly kind: 'index'; readonly loaded: number; readonly total: number; readonly level: number; readonly levels: number }
  /** The dictionary answers from now on; new levels make its answers sharper. */
  | { readonly kind: 'searchable' }
  /** Nothing more is needed from the server. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface Failure {
  readonly reason: 'network' | 'damaged' | 'unsupported' | 'memory' | 'mismatch' | 'unknown';
  /** What can no longer be had. */
  readonly part: 'model' | 'dictionary' | 'entries' | 'page';
  /** For the developer; never the whole message of the page. */
  readonly detail: string;
}

export interface WordEntry {
  readonly kind: 'word';
  readonly words: readonly string[];
  readonly pos: string;
  readonly definition: string;
}

/** A piece of the visitor's file. */
export interface Passage {
  readonly text: string;
  /** The heading or title it belongs to, or ''. */
  readonly title: string;
  /** Where it is in the file, such as "row 12". */
  readonly place: string;
}

export interface PassageEntry extends Passage {
  readonly kind: 'passage';
  /** The passages around it, or ''. */
  readonly before: string;
  readonly after: string;
}

export interface Result {
  readonly row: number;
  readonly score: number;
  readonly entry: WordEntry | PassageEntry;
}

export type Answer =
  | {
      readonly kind: 'found';
      readonly results: readonly Result[];
      readonly embedMs: number;
      readonly searchMs: number;
      /** How many rows were searched, and the bytes of the index. */
      readonly rows: number;
      readonly bytes: number;
    }
  /** A newer query took its place. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type FileEvent =
  | { readonly kind: 'split'; readonly total: number }
  | { readonly kind: 'embedded'; readonly done: number; readonly total: number };

export type FileEnd =
  | { readonly kind: 'done'; readonly total: number }
  | { readonly kind: 'cancelled' }
  /** A sentence for the visitor. */
  | { readonly kind: 'refused'; readonly message: string };
