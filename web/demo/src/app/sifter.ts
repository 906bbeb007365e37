// SPDX-License-Identifier: Apache-2.0
import type { Result } from '../worker/protocol.js';
import { byId, setText } from './dom.js';
import { count, counted } from './format.js';
import { heights, histogramOf, plotText } from './histogram.js';
import { type Scale, wordOf } from './scale.js';

/** The step of the slider, in units of a score. */
const step = 0.005;

/** The lower end of the slider keeps everything, also what scores less than 0. Where nothing is known of the scores, it begins there. */
const keepsAll = 0;

const isKept = (score: number, cut: number): boolean => cut <= keepsAll || score >= cut;

/** What there is to sift. */
export interface Sifted {
  readonly source: string;
  readonly results: readonly Result[];
  readonly scores: Float32Array;
  /** What the scores are worth; undefined: nobody has measured it. */
  readonly scale: Scale | undefined;
  /** Sums of words are no descriptions, so nothing is cut off. */
  readonly isSum: boolean;
  readonly noun: 'meanings' | 'passages';
}

/** The histogram of the scores and the cut-off in it, which is a slider. */
export class Sifter {
  readonly #section = byId('sift', HTMLElement);
  readonly #slider = byId('cut', HTMLInputElement);
  readonly #plot = this.#section.querySelector<SVGSVGElement>('#histogram');
  readonly #onCut: () => void;
  /** Of each source, as the visitor left it. */
  readonly #cuts = new Map<string, number>();
  #sifted: Sifted | undefined;

  constructor(onCut: () => void) {
    this.#onCut = onCut;
    Object.assign(this.#slider, { min: '0', max: '1', step: String(step) });
    this.#slider.addEventListener('input', () => {
      if (this.#sifted) this.#cuts.set(this.#sifted.source, Number(this.#slider.value));
      this.#render();
      this.#onCut();
    });
    byId('lower', HTMLButtonElement).addEventListener('click', () => this.#lower());
  }

  /** What is left of the results, in their order. */
  get kept(): readonly Result[] {
    const cut = this.#cut;
    return this.#sifted?.results.filter(({ score }) => isKept(score, cut)) ?? [];
  }

  show(sifted: Sifted | undefined): void {
    this.#sifted = sifted;
    this.#section.hidden = !sifted || sifted.scores.length === 0;
    byId('nothing', HTMLElement).hidden = true;
    if (sifted) {
      setText(byId('plot-text', HTMLElement), plotText(sifted.scores, sifted.noun));
      this.#draw(heights(histogramOf(sifted.scores)));
    }
    this.#render();
  }

  get #cut(): number {
    const { source = '', scale, isSum = false } = this.#sifted ?? {};
    return isSum ? keepsAll : (this.#cuts.get(source) ?? snapped(scale?.cut ?? keepsAll));
  }

  /** To just below the best answer. */
  #lower(): void {
    const sifted = this.#sifted;
    if (!sifted) return;
    const best = Math.max(...sifted.results.map(({ score }) => score));
    this.#cuts.set(sifted.source, snapped(best));
    this.#render();
    this.#onCut();
    this.#slider.focus();
  }

  #render(): void {
    const sifted = this.#sifted;
    if (!sifted) return;
    const [cut, { scores, scale, isSum }] = [this.#cut, sifted];
    const kept = scores.reduce((sum, score) => sum + Number(isKept(score, cut)), 0);
    this.#slider.value = String(cut);
    this.#slider.disabled = isSum;
    this.#section.classList.toggle('off', isSum);
    const said = isSum ? sumText : keptText(kept, scores.length, cut, sifted);
    setText(byId('kept', HTMLElement), said);
    this.#slider.setAttribute('aria-valuetext', isSum ? 'not used' : `${levelText(cut, scale)}, keeps ${count(kept)} of ${count(scores.length)}`);
    this.#mark('likely-mark', isSum ? undefined : scale?.likely);
    this.#mark('strong-mark', isSum ? undefined : scale?.strong);
    this.#color(cut);
    this.#renderNothing(sifted, cut);
  }

  #mark(id: string, at: number | undefined): void {
    const mark = byId(id, HTMLElement);
    mark.hidden = at === undefined;
    mark.style.setProperty('--at', String(at ?? 0));
  }

  #draw(bars: readonly number[]): void {
    const plot = this.#plot;
    plot?.setAttribute('viewBox', `0 0 ${bars.length} 1`);
    while (plot && plot.children.length < bars.length) plot.append(document.createElementNS('http://www.w3.org/2000/svg', 'rect'));
    bars.forEach((height, i) => {
      const place = { x: i + 0.1, width: 0.8, y: 1 - height, height };
      for (const [name, value] of Object.entries(place)) plot?.children[i]?.setAttribute(name, String(value));
    });
  }

  #color(cut: number): void {
    const bars = [...(this.#plot?.children ?? [])];
    const isUsed = !this.#slider.disabled;
    for (const [i, bar] of bars.entries()) bar.setAttribute('class', isUsed && (i + 0.5) / bars.length >= cut ? 'in' : 'out');
  }

  #renderNothing({ results, scale }: Sifted, cut: number): void {
    const best = results.reduce<Result | undefined>((a, b) => (a && a.score >= b.score ? a : b), undefined);
    const isEmpty = best !== undefined && this.kept.length === 0;
    byId('nothing', HTMLElement).hidden = !isEmpty;
    if (!isEmpty) return;
    const name = best.entry.kind === 'word' ? best.entry.words[0] : best.entry.place;
    const isDefault = scale !== undefined && cut <= snapped(scale.cut);
    const advice = isDefault ? ' A few more words, in English, may help.' : '';
    setText(byId('nothing-text', HTMLElement), `The closest is ${name}, with a score of ${best.score.toFixed(2)}; the cut-off is ${cut.toFixed(2)}.${advice}`);
  }
}

const sumText = 'No cut-off: what a score is worth was measured with descriptions, not with sums.';

/** Down to a step of the slider. */
const snapped = (score: number): number => Math.round(Math.floor(score / step + 1e-9) * step * 1000) / 1000;

function levelText(cut: number, scale: Scale | undefined): string {
  return scale ? `score ${cut.toFixed(2)}, ${wordOf(scale, cut)} or better` : `score ${cut.toFixed(2)}`;
}

function keptText(kept: number, total: number, cut: number, { results, noun, scale }: Sifted): string {
  if (cut <= keepsAll) return `Keeps all ${counted(total, noun.slice(0, -1))}`;
  const level = scale && cut >= scale.likely ? `, ${wordOf(scale, cut)} or better` : '';
  const first = kept > results.length ? ` · the best ${results.length} are shown` : '';
  return `Keeps ${count(kept)} of ${count(total)} ${noun} · score ${cut.toFixed(2)} or more${level}${first}`;
}
