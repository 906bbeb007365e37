// SPDX-License-Identifier: Apache-2.0
import type { Answer, Manifest } from '../worker/protocol.js';
import { bytes, counted, megabytes, milliseconds, unbroken } from './format.js';

export type Found = Extract<Answer, { kind: 'found' }>;

/** What the status line and the hint are about. */
export interface Situation {
  readonly isOwn: boolean;
  readonly isOnline: boolean;
  /** Something is missing without which there are no answers: the notice says what. */
  readonly isStuck: boolean;
  readonly isModelReady: boolean;
  readonly isSearchable: boolean;
  readonly isComplete: boolean;
  readonly manifest: Manifest | undefined;
  /** Bytes of the model. */
  readonly modelLoaded: number;
  readonly query: string;
  /** The answer to the query, if it is there. */
  readonly answer: Found | undefined;
  readonly isEmbedding: boolean;
  /** In the visitor's file, once it is whole. */
  readonly passages: number;
}

/** Whether there is anything to look up. */
export const hasWords = (query: string): boolean => /[\p{L}\p{N}]/u.test(query);

/** The parts of the status line; empty ones are left out. */
export function statusOf(now: Situation): string[] {
  if (now.isStuck) return [];
  if (!now.isModelReady) return loadingModel(now);
  if (now.isOwn) return [offline(now), ...ownSize(now), ...times(now)];
  if (!now.isSearchable) return [offline(now), 'Loading the dictionary …'];
  const { rows = 0, indexBytes = 0 } = now.manifest ?? {};
  return [offline(now), unbroken(counted(rows, 'meaning')), unbroken(bytes(indexBytes)), ...times(now)];
}

function loadingModel({ manifest, modelLoaded, query }: Situation): string[] {
  const amount = manifest ? `${megabytes(modelLoaded)} of ${megabytes(manifest.modelBytes)} MB` : '…';
  return [`Loading the model: ${amount}`, query ? 'your query runs then' : 'you can type already'];
}

function offline({ isOnline, isComplete }: Situation): string {
  if (isOnline) return '';
  return isComplete ? 'Offline: everything goes on working' : 'Offline: the rest of the dictionary is still missing';
}

function ownSize({ answer, passages }: Situation): string[] {
  if (answer) return [unbroken(counted(answer.rows, 'passage')), unbroken(bytes(answer.bytes))];
  return [passages > 0 ? counted(passages, 'passage') : ''];
}

function times({ answer }: Situation): string[] {
  if (!answer) return [];
  return [unbroken(`embedded in ${milliseconds(answer.embedMs)}`), unbroken(`searched in ${milliseconds(answer.searchMs)}`)];
}

/** A sentence below the results, or ''. */
export function hintOf({ query, answer, isEmbedding }: Situation): string {
  if (query !== '' && !hasWords(query)) return 'There is nothing to look up yet: try a few words, such as “a house for bees”.';
  if (!answer || answer.results.length > 0) return '';
  if (isEmbedding) return 'Nothing can be found yet: your file is still being read.';
  return answer.terms.length > 0 ? 'These words take each other away: nothing is left to look for.' : 'Nothing was found.';
}

export interface Introduction {
  readonly placeholder: string;
  readonly lead: string;
  readonly how: string;
}

export const introduction = (ownName: string | undefined): Introduction =>
  ownName === undefined
    ? {
        placeholder: 'a person who writes plays',
        lead: 'Some to begin with:',
        how: 'Your words become 512 numbers, and so did every definition in the dictionary; the closest ones are the answers. Everything happens in this tab: what you type never leaves it.',
      }
    : {
        placeholder: 'in your own words',
        lead: `Describe what you are looking for in ${ownName}.`,
        how: 'It is found by meaning, not by letters: other words for the same thing will do. The file stays in this tab.',
      };
