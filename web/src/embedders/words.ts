// SPDX-License-Identifier: Apache-2.0

// Letters, their marks, digits; apostrophes between them.
const fallback = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu;
const between = /[^\p{L}\p{M}\p{N}]+/u;

let segmenter: Intl.Segmenter | undefined;

/** Intl.Segmenter takes time that goes with the square of the text (seen in V8), so it gets pieces of so many UTF-16 units. */
const pieceLength = 1024;

/** Pieces that end where no word goes on, if there is such a place. */
function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const isLast = start + pieceLength >= text.length;
    // Not between the halves of a character.
    const cut = text.slice(start, start + pieceLength);
    const piece = isLast ? cut : cut.replace(/[\ud800-\udbff]$/, '');
    const end = isLast ? piece.length : (/^[\s\S]*[^\p{L}\p{M}\p{N}'’]/u.exec(piece)?.[0].length ?? piece.length);
    yield piece.slice(0, end);
    start += end;
  }
}

/** The words of a text in their order: by `Intl.Segmenter`, which also knows scripts without spaces, else by letters. @internal */
export function* wordsOf(text: string): Generator<string> {
  const normal = text.normalize('NFC');
  if (typeof Intl === 'undefined' || !Intl.Segmenter) {
    for (const [word] of normal.matchAll(fallback)) yield word;
    return;
  }
  segmenter ??= new Intl.Segmenter('und', { granularity: 'word' });
  for (const piece of piecesOf(normal)) {
    for (const { segment, isWordLike } of segmenter.segment(piece)) if (isWordLike) yield segment;
  }
}

/** The parts of a word such as `dog's` or `co-operate`. @internal */
export const partsOf = (word: string): string[] => word.split(between).filter((part) => part !== '');
