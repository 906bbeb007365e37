// SPDX-License-Identifier: Apache-2.0
import { type RelevanceModel, relevanceOf } from 'simile';
import type { Thresholds } from '../worker/protocol.js';

export type Word = 'strong' | 'likely' | 'weak';

/** What a score is worth, as the build has measured it: the model is in the index file, the thresholds in the manifest. */
export interface Scale extends Thresholds {
  readonly model: RelevanceModel;
}

export function wordOf({ strong, likely }: Thresholds, score: number): Word {
  if (score >= strong) return 'strong';
  return score >= likely ? 'likely' : 'weak';
}

/** From 0 to 1: the part of answers with this score that was right. */
export const relevanceAt = ({ model }: Scale, score: number): number => relevanceOf(model, score);

/** "22 %", "under 1 %" */
export function percent(part: number): string {
  const rounded = Math.round(100 * part);
  return rounded < 1 ? 'under 1 %' : `${Math.min(rounded, 99)} %`;
}
