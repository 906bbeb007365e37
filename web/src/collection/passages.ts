// SPDX-License-Identifier: Apache-2.0
import { invalid, shown } from '../errors.js';

/** How long texts are cut into passages that are embedded and found each for itself. */
export interface PassageOptions {
  /** The most UTF-16 units of a passage, from 32; encoders read some hundred words. @defaultValue 1000 */
  readonly size?: number;
  /** Units that a passage repeats of the one before, in whole sentences; less than half of `size`. @defaultValue 0 */
  readonly overlap?: number;
}

/** Part of a text: `text.slice(start, end)`. @internal */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** @internal */
export interface PassagePlan {
  readonly size: number;
  readonly overlap: number;
}

const minSize = 32;
const windowUnits = 4096;

/** @throws {SimileError} `invalid_argument` @internal */
export function passagePlan(options: PassageOptions | false | undefined): PassagePlan | undefined {
  if (options === false) return undefined;
  const { size = 1000, overlap = 0 } = options ?? {};
  if (!Number.isInteger(size) || size < minSize)
    throw invalid(`the size of passages must be an integer of at least ${minSize}, not ${shown(size)}`);
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= size / 2)
    throw invalid(`the overlap of passages must be an integer from 0 to less than half of ${size}, not ${shown(overlap)}`);
  return { size, overlap };
}

/** Cuts texts between sentences where it can, else between words, else anywhere but within a character. @internal */
export class Splitter {
  readonly #plan: PassagePlan;
  readonly #sentences: Intl.Segmenter | undefined;
  readonly #words: Intl.Segmenter | undefined;

  /** @param language - a BCP 47 tag; the runtime's own without it @throws {SimileError} `invalid_argument` */
  constructor(plan: PassagePlan, language: string | undefined) {
    this.#plan = plan;
    if (typeof Intl === 'undefined' || typeof Intl.Segmenter !== 'function') return;
    try {
      this.#sentences = new Intl.Segmenter(language, { granularity: 'sentence' });
      this.#words = new Intl.Segmenter(language, { granularity: 'word' });
    } catch (cause) {
      throw invalid(`the language must be a tag such as 'en', not ${shown(language)} (${cause})`);
    }
  }

  /** The passages of a text: one, the whole of it, if it is short enough; none of nothing but white space. */
  split(text: string): Span[] {
    const { size, overlap } = this.#plan;
    if (text.length <= size) return text.trim() === '' ? [] : [{ start: 0, end: text.length }];
    const out: Span[] = [];
    let start = 0;
    let pieces: Span[] = [];
    const close = (): void => {
      const end = pieces.at(-1)?.end ?? start;
      if (text.slice(start, end).trim() !== '') out.push({ start, end });
      // The sentences at the end that fit into the overlap begin the next passage.
      let first = pieces.length;
      while (first > 1 && end - (pieces[first - 1] as Span).start <= overlap) first--;
      pieces = pieces.slice(first);
      start = pieces[0]?.start ?? end;
    };
    for (const piece of this.#pieces(text)) {
      if (piece.end - start > size && pieces.length > 0) close();
      // What is repeated gives way to what is new.
      while (pieces.length > 0 && piece.end - start > size) {
        pieces.shift();
        start = pieces[0]?.start ?? piece.start;
      }
      pieces.push(piece);
    }
    const end = text.length;
    if (text.slice(start, end).trim() !== '') out.push({ start, end });
    return out;
  }

  /** Sentences, and parts of those that are longer than a passage. */
  *#pieces(text: string): Generator<Span> {
    for (const sentence of cuts(text, this.#sentences, /[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+/g)) {
      if (sentence.end - sentence.start <= this.#plan.size) yield sentence;
      else yield* this.#parts(text.slice(sentence.start, sentence.end), sentence.start);
    }
  }

  *#parts(text: string, offset: number): Generator<Span> {
    const { size } = this.#plan;
    let start = 0;
    let last = 0;
    for (const { end } of cuts(text, this.#words, /\S+\s*|\s+/g)) {
      if (end - start > size && last > start) {
        yield { start: offset + start, end: offset + last };
        start = last;
      }
      while (end - start > size) {
        const cut = beforeLowSurrogate(text, start + size);
        yield { start: offset + start, end: offset + cut };
        start = cut;
      }
      last = end;
    }
    if (start < text.length) yield { start: offset + start, end: offset + text.length };
  }
}

const beforeLowSurrogate = (text: string, at: number): number => ((text.charCodeAt(at) & 0xfc00) === 0xdc00 ? at - 1 : at);

/**
 * The segments of a text. Segmenters take a time that goes with the square of what they are given, so they are given windows; the last
 * segment of a window may go on behind it, and begins the next one, unless it is as long as the window.
 */
function* cuts(text: string, segmenter: Intl.Segmenter | undefined, otherwise: RegExp): Generator<Span> {
  for (let start = 0; start < text.length; ) {
    const end = start + windowUnits < text.length ? beforeLowSurrogate(text, start + windowUnits) : text.length;
    const found = Array.from(segmentsOf(text.slice(start, end), segmenter, otherwise), (span) => ({
      start: start + span.start,
      end: start + span.end,
    }));
    if (end < text.length && found.length > 1) found.pop();
    yield* found;
    start = found.at(-1)?.end ?? end;
  }
}

function* segmentsOf(text: string, segmenter: Intl.Segmenter | undefined, otherwise: RegExp): Generator<Span> {
  if (segmenter) {
    for (const { index, segment } of segmenter.segment(text)) yield { start: index, end: index + segment.length };
  } else {
    for (const match of text.matchAll(otherwise)) yield { start: match.index, end: match.index + match[0].length };
  }
}
