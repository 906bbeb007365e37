// SPDX-License-Identifier: Apache-2.0

/** The place of a score among others, from 1; equal ones share the better place. */
export function rankIn(scores: Float32Array, score: number): number {
  let rank = 1;
  for (const other of scores) rank += Number(other > score);
  return rank;
}
