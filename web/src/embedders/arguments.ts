// SPDX-License-Identifier: Apache-2.0
import { shown as look, invalid as refusal, SimileError } from '../errors.js';
import type { EmbedderInfo, EmbedOptions } from './embedder.js';

export { look, refusal };

/** @internal */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws {SimileError} `invalid_argument` @internal */
export function checkName(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw refusal(`${name} must be a name, not ${look(value)}`);
  return value;
}

/** @throws {SimileError} `invalid_argument` @internal */
export function checkWhole(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw refusal(`${name} must be an integer of at least ${least}, not ${look(value)}`);
  return value;
}

/** @throws {SimileError} `invalid_argument` @internal */
export function checkPrefix(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string') throw refusal(`${name} must be a string, not ${look(value)}`);
}

/** @throws {SimileError} `invalid_argument` for what is no list of strings, or no kind of text @internal */
export function checkTexts(texts: readonly string[], { kind }: EmbedOptions): void {
  if (!Array.isArray(texts)) throw refusal(`texts must be a list of strings, not ${look(texts)}`);
  const at = texts.findIndex((text) => typeof text !== 'string');
  if (at >= 0) throw refusal(`text ${at} of ${texts.length} must be a string, not ${look(texts[at])}`);
  if (kind !== 'query' && kind !== 'passage') throw refusal(`kind must be 'query' or 'passage', not ${look(kind)}`);
}

/** The texts as the model wants them. @internal */
export function prefixed(texts: readonly string[], { kind }: EmbedOptions, info: Partial<EmbedderInfo>): readonly string[] {
  const prefix = (kind === 'query' ? info.queryPrefix : info.passagePrefix) ?? '';
  return prefix === '' ? texts : texts.map((text) => prefix + text);
}

/** The info without what is not said. @internal */
export function infoOf(model: string, dims: number, rest: Omit<Partial<EmbedderInfo>, 'model' | 'dims'>): EmbedderInfo {
  const said = Object.entries(rest).filter(([, value]) => value !== undefined && value !== '');
  return Object.freeze({ model, dims, ...Object.fromEntries(said) });
}

/**
 * Copies vectors to their rows, and sees that they are such as the model makes.
 * @throws {SimileError} `not_finite` @internal
 */
export function checkFinite(vector: ArrayLike<number>, text: number): void {
  for (let i = 0; i < vector.length; i++) {
    // Through a float, in which the vectors will be stored.
    if (typeof vector[i] !== 'number' || !Number.isFinite(Math.fround(vector[i] as number)))
      throw new SimileError('not_finite', `component ${i} of the vector of text ${text} is ${look(vector[i])}`);
  }
}
