// SPDX-License-Identifier: Apache-2.0
// What the page and its worker say to each other. Everything here is plain data.
import type { RelevanceModel } from 'simile';

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
  /** What the build has measured; none if the corpus was too small for it. */
  readonly relevance?: Thresholds;
}

/** Scores from which an answer is called so, and the cut-off to begin with. */
export interface Thresholds {
  readonly strong: number;
  readonly likely: number;
  readonly cut: number;
}

/** Absolute addresses of folders, ending in a slash. */
export interface Addresses {
  readonly data: string;
  readonly model: string;
  readonly tfjs: string;
}

/** What the index file knows of its scores; while it is still loading, perhaps nothing. */
export interface Meaning {
  readonly relevance?: RelevanceModel;
  /** It holds questions to know hubs by. */
  readonly hasBank: boolean;
}

export type LoadEvent =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'model'; readonly loaded: number; readonly total: number }
  | { readonly kind: 'model-ready' }
  | { readonly kind: 'index'; readonly loaded: number; readonly total: number; readonly level: number; readonly levels: number }
  /** The dictionary answers from now on; new levels make its answers sharper. */
  | ({ readonly kind: 'searchable' } & Meaning)
  /** Nothing more is needed from the server. */
  | ({ readonly kind: 'complete' } & Meaning)
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

/** What the visitor wants to know. */
export interface Ask {
  readonly text: string;
  /** What the answers are not to be about, or ''. */
  readonly without: string;
  /** Hubs, which come close to everything, have to come closer than others. */
  readonly isCorrected: boolean;
}

/** One term of a sum of words such as "king - man + woman". */
export interface Term {
  readonly sign: 1 | -1;
  readonly text: string;
}

/** How a term was understood: a word of the dictionary stands for its meaning too, not only for its letters. */
export interface ReadTerm extends Term {
  readonly isWord: boolean;
}

export interface Result {
  readonly row: number;
  /** Cosine of the text that was asked for and the entry, whatever the order of the results is by. */
  readonly score: number;
  /** The place by that cosine alone, from 1. */
  readonly plainRank: number;
  readonly entry: WordEntry | PassageEntry;
}

export type Answer =
  | {
      readonly kind: 'found';
      readonly results: readonly Result[];
      /** Of all rows, in no order that matters. */
      readonly scores: Float32Array;
      /** The terms, if it was a sum. */
      readonly terms: readonly ReadTerm[];
      readonly embedMs: number;
      readonly searchMs: number;
      /** How many rows were searched, and the bytes of the index. */
      readonly rows: number;
      readonly bytes: number;
    }
  /** A newer query took its place. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a part of a text, or a term of a sum, adds to the score; below 0 it takes away. */
export interface Share {
  readonly text: string;
  readonly share: number;
}

export type Explanation =
  /** The score is the sum of the shares and of a residual, which is what the index rounds away. */
  | { readonly kind: 'sum'; readonly score: number; readonly terms: readonly Share[]; readonly residual: number }
  /** A share is what the score loses without the part. The encoder reads texts as a whole, so the shares do not add up to it. */
  | {
      readonly kind: 'words';
      readonly score: number;
      readonly query: readonly Share[];
      readonly entry: readonly Share[];
    }
  | { readonly kind: 'unknown' };

export type FileEvent =
  | { readonly kind: 'split'; readonly total: number }
  | { readonly kind: 'embedded'; readonly done: number; readonly total: number };

export type FileEnd =
  | { readonly kind: 'done'; readonly total: number }
  | { readonly kind: 'cancelled' }
  /** A sentence for the visitor. */
  | { readonly kind: 'refused'; readonly message: string };
