// SPDX-License-Identifier: Apache-2.0
import { setText } from './dom.js';

/** Milliseconds without news before something is read aloud: a screen reader is not to talk into every keystroke. */
const quietTime = 900;

/** A polite live region. */
export class Announcer {
  readonly #region: HTMLElement;
  readonly #waiting = new Map<'file' | 'results', string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  /** Takes the place of what waits to be said about the same. */
  say(about: 'file' | 'results', text: string): void {
    this.#waiting.set(about, text);
    this.#wait();
  }

  /** The visitor is typing: what waits to be said about the results is out of date. */
  interrupt(): void {
    this.#waiting.delete('results');
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#speak(), quietTime);
  }

  #speak(): void {
    setText(this.#region, [...this.#waiting.values()].join(' '));
    this.#waiting.clear();
  }
}
