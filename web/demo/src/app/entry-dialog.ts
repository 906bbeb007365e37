// SPDX-License-Identifier: Apache-2.0
import type { Explanation, PassageEntry, Result, WordEntry } from '../worker/protocol.js';
import { byId, make, setText } from './dom.js';
import type { Scale } from './scale.js';
import { Why } from './why.js';

/** Milliseconds that "Copied" stays. */
const copiedTime = 1600;

/** One result in full. The browser's own dialog keeps the focus in, takes Escape, and gives the focus back. */
export class EntryDialog {
  readonly #dialog = byId('entry', HTMLDialogElement);
  readonly #kind = byId('entry-kind', HTMLElement);
  readonly #title = byId('entry-title', HTMLElement);
  readonly #body = byId('entry-body', HTMLElement);
  readonly #copy = byId('entry-copy', HTMLButtonElement);
  readonly #onSimilar: (text: string) => void;
  #text = '';
  #similar = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #why = new Why();

  constructor(onSimilar: (text: string) => void) {
    this.#onSimilar = onSimilar;
    this.#copy.addEventListener('click', () => void this.#copyText());
    byId('entry-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    byId('entry-similar', HTMLButtonElement).addEventListener('click', () => {
      this.#dialog.close();
      this.#onSimilar(this.#similar);
    });
    // A click on the backdrop is one on the dialog itself: its page covers all the rest.
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /** @param explain - is asked only when the visitor wants to know */
  show({ entry, score }: Result, scale: Scale | undefined, explain: () => Promise<Explanation>): void {
    this.#why.reset(score, scale, explain);
    if (entry.kind === 'word') this.#showWord(entry, score);
    else this.#showPassage(entry, score);
    this.#label();
    this.#dialog.showModal();
    this.#copy.focus();
  }

  #showWord({ words, pos, definition }: WordEntry, score: number): void {
    const [word = '', ...synonyms] = words;
    this.#text = word;
    this.#similar = definition;
    this.#fill('word', `${pos} · score ${score.toFixed(2)}`, word, [make('p', 'definition', definition)]);
    if (synonyms.length > 0) this.#body.append(make('p', 'also', make('span', 'also-name', 'Also'), ' ', synonyms.join(', ')));
  }

  #showPassage({ text, title, place, before, after }: PassageEntry, score: number): void {
    this.#text = text;
    this.#similar = text;
    const around = (part: string): HTMLElement[] => (part ? [make('p', 'around', part)] : []);
    const own = make('p', 'passage-text', text);
    this.#fill('passage', `${title ? `${place} · ` : ''}score ${score.toFixed(2)}`, title || place, [
      ...around(before),
      own,
      ...around(after),
    ]);
  }

  #fill(kind: 'word' | 'passage', line: string, title: string, parts: readonly HTMLElement[]): void {
    this.#dialog.dataset['kind'] = kind;
    setText(this.#kind, line);
    setText(this.#title, title);
    this.#body.replaceChildren(...parts);
  }

  #label(text = this.#dialog.dataset['kind'] === 'word' ? 'Copy the word' : 'Copy the passage'): void {
    clearTimeout(this.#timer);
    setText(this.#copy, text);
  }

  async #copyText(): Promise<void> {
    const isCopied = await navigator.clipboard?.writeText(this.#text).then(
      () => true,
      () => false,
    );
    if (!isCopied) this.#select();
    this.#label(isCopied ? 'Copied' : 'Press Ctrl+C');
    this.#timer = setTimeout(() => this.#label(), copiedTime);
  }

  /** Where the page may not write to the clipboard, the visitor still can. */
  #select(): void {
    const shown = this.#dialog.dataset['kind'] === 'word' ? this.#title : this.#body.querySelector('.passage-text');
    if (shown) getSelection()?.selectAllChildren(shown);
  }
}
