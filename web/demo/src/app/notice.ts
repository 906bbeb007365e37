// SPDX-License-Identifier: Apache-2.0
import type { Failure } from '../worker/protocol.js';
import { byId, setText } from './dom.js';

export interface Message {
  readonly title: string;
  readonly text: string;
  /** What the button says; none: there is nothing to be done. */
  readonly action?: 'Try again' | 'Reload the page' | 'OK';
}

const partNames: Readonly<Record<Failure['part'], string>> = {
  model: 'the language model',
  dictionary: 'the dictionary',
  entries: 'some definitions',
  page: 'a part of this page',
};

/** @param isUsable - whether searches work in spite of it */
export function messageOf({ reason, part }: Failure, isUsable: boolean, isOffline: boolean): Message {
  switch (reason) {
    case 'network':
      return isOffline
        ? {
            title: 'You are offline',
            text: `The page still has to load ${partNames[part]}. It goes on by itself when you are back.`,
            action: 'Try again',
          }
        : {
            title: 'The server does not answer',
            text: `So ${partNames[part]} could not be loaded.${isUsable ? ' What is here already goes on working.' : ''}`,
            action: 'Try again',
          };
    case 'damaged':
      return isUsable
        ? {
            title: 'Part of the dictionary arrived damaged',
            text: 'It was left out. Search works, only less sharp. Loading it again usually helps.',
            action: 'Try again',
          }
        : {
            title: 'The dictionary arrived damaged',
            text: 'Its checksums do not match, so nothing of it is used. Loading it again usually helps.',
            action: 'Try again',
          };
    case 'unsupported':
      return noSimd;
    case 'memory':
      return {
        title: 'This tab is out of memory',
        text: 'The page needs about 150 MB. Closing other tabs may help.',
        action: 'Reload the page',
      };
    case 'mismatch':
      return {
        title: 'The page and its dictionary do not match',
        text: 'They come from different builds, perhaps because a new one was made just now.',
        action: 'Reload the page',
      };
    case 'unknown':
      return {
        title: 'Something went wrong',
        text: 'That should not happen, and reloading the page should help.',
        action: 'Reload the page',
      };
  }
}

export const noSimd: Message = {
  title: 'This browser cannot run the search',
  text: 'It computes with WebAssembly SIMD, which this browser lacks or has switched off. Chrome, Edge, Firefox and Safari have had it since 2023.',
};

/** A message that stays until something is done about it. */
export class Notice {
  readonly #section = byId('notice', HTMLElement);
  readonly #button = byId('notice-action', HTMLButtonElement);
  #run: () => void = () => {};

  constructor() {
    this.#button.addEventListener('click', () => this.#run());
  }

  show({ title, text, action }: Message, run: () => void = () => {}): void {
    this.#run = run;
    setText(byId('notice-title', HTMLElement), title);
    setText(byId('notice-text', HTMLElement), text);
    setText(this.#button, action ?? '');
    this.#button.hidden = !action;
    this.#section.hidden = false;
  }

  hide(): void {
    this.#section.hidden = true;
  }
}
