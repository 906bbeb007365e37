// SPDX-License-Identifier: Apache-2.0
import { invalid, SimileError, shown } from '../errors.js';

/**
 * Makes another term of a term, such as its stem; undefined or '' drops it, for stop words. It is given lower-case terms without accents
 * (unless `foldAccents` is false), and must always give the same for the same. Called for every term of texts and queries.
 */
export type Rewrite = (term: string) => string | undefined;

/** How texts are cut into terms and scored. The defaults suit most. */
export interface TextOptions {
  /**
   * `bm25` is Okapi's. With `bm25+` a term counts something in however long a text, and with `bm25l` long texts lose less.
   * @defaultValue 'bm25'
   */
  readonly scoring?: 'bm25' | 'bm25+' | 'bm25l';
  /** How slowly more of the same term saturates, from 0: 0 asks only whether it is there. @defaultValue 1.2 */
  readonly k1?: number;
  /** How much longer texts lose, from 0 to 1. @defaultValue 0.75 */
  readonly b?: number;
  /** Of `bm25+` and `bm25l`, from 0. @defaultValue 1 for `bm25+`, 0.5 for `bm25l` */
  readonly delta?: number;
  /**
   * The terms of scripts without spaces between words (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese): characters, pairs of neighbours, or both.
   * @defaultValue 'both'
   */
  readonly unspaced?: 'both' | 'bigrams' | 'characters';
  /** Whether "Crème" and "creme" are the same. @defaultValue true */
  readonly foldAccents?: boolean;
  /** Stems, stop words. A saved file knows that there was one, and `fromBytes` has to be given it again. */
  readonly rewrite?: Rewrite;
}

const scorings: readonly string[] = ['bm25', 'bm25+', 'bm25l']; // numbers from 1
const deltas = [1, 1, 0.5];
const unspacedNames: readonly string[] = ['both', 'bigrams', 'characters'];

function choice(name: string, names: readonly string[], value: string): number {
  const at = names.indexOf(value);
  if (at < 0) throw invalid(`${name} must be one of ${names.join(', ')}, not ${shown(value)}`);
  return at;
}

function within(name: string, value: number, most = Number.MAX_VALUE): number {
  if (typeof value !== 'number') throw invalid(`${name} must be a number, not ${shown(value)}`);
  if (!Number.isFinite(value)) throw new SimileError('not_finite', `${name} must be finite, not ${value}`);
  if (value < 0 || value > most) throw invalid(`${name} must be from 0${most === 1 ? ' to 1' : ''}, not ${value}`);
  return value;
}

/** @throws {SimileError} `invalid_argument` @internal */
export function checkRewrite(rewrite: Rewrite | undefined): Rewrite | undefined {
  if (rewrite !== undefined && typeof rewrite !== 'function') throw invalid(`rewrite must be a function, not ${shown(rewrite)}`);
  return rewrite;
}

/** Options as the module takes them. @throws {SimileError} `invalid_argument`, `not_finite` @internal */
export function textArguments(options: TextOptions): number[] {
  if (typeof options !== 'object' || options === null) throw invalid(`the options must be an object, not ${shown(options)}`);
  const { foldAccents = true } = options;
  if (typeof foldAccents !== 'boolean') throw invalid(`foldAccents must be true or false, not ${shown(foldAccents)}`);
  const scoring = choice('scoring', scorings, options.scoring ?? 'bm25');
  return [
    scoring + 1,
    within('k1', options.k1 ?? 1.2),
    within('b', options.b ?? 0.75, 1),
    within('delta', options.delta ?? (deltas[scoring] as number)),
    choice('unspaced', unspacedNames, options.unspaced ?? 'both'),
    foldAccents ? 1 : 0,
    checkRewrite(options.rewrite) ? 1 : 0,
  ];
}
