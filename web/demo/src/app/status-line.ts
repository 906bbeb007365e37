// SPDX-License-Identifier: Apache-2.0
import { byId, setText } from './dom.js';

/** The quiet line under the box, the bar at its lower edge, and the three planes of the index. */
export class StatusLine {
  readonly #text = byId('status', HTMLElement);
  readonly #bar = byId('loading', HTMLElement);
  readonly #sharpness = byId('sharpness', HTMLElement);
  readonly #sharpnessText = byId('sharpness-text', HTMLElement);
  readonly #planes = [...this.#sharpness.querySelectorAll<HTMLElement>('.plane')];

  say(parts: readonly string[]): void {
    setText(this.#text, parts.filter(Boolean).join(' · '));
  }

  /** @param fraction - of what is being loaded; undefined: nothing is */
  setLoading(fraction: number | undefined): void {
    this.#bar.hidden = fraction === undefined;
    this.#bar.style.setProperty('--done', String(fraction ?? 0));
  }

  /** @param loaded - fraction of the file */
  setLevel(level: number, levels: number, loaded: number): void {
    this.#sharpness.classList.remove('away');
    this.#sharpness.dataset['level'] = String(level);
    const isWhole = level === levels;
    const text = isWhole ? 'fully sharp' : `sharper: ${level} of ${levels}`;
    setText(this.#sharpnessText, text);
    this.#sharpness.title = `The index arrives in ${levels} layers of 1, 3 and 4 bits a number. Each makes the answers sharper; ${level} of ${levels} ${level === 1 ? 'is' : 'are'} here.`;
    this.#planes.forEach((plane, i) => {
      plane.style.setProperty('--done', String(i < level ? 1 : i === level ? partOf(i, loaded) : 0));
    });
  }

  /** The visitor's own index has no planes, and one that failed has none to show. */
  setPlanes(isOwn: boolean, isStuck: boolean): void {
    this.#sharpness.classList.toggle('own', isOwn);
    this.#sharpness.classList.toggle('stuck', isStuck);
  }
}

/** The planes end after 1, 4 and 8 of 8 bits. */
const ends = [0, 1 / 8, 4 / 8, 1];

function partOf(plane: number, loaded: number): number {
  const [start = 0, end = 1] = [ends[plane], ends[plane + 1]];
  return Math.min(Math.max((loaded - start) / (end - start), 0), 0.95);
}
