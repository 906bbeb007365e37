// SPDX-License-Identifier: Apache-2.0
import type { Embedder } from '../embedders/embedder.js';
import { type ElementHit, type Fields, optionOf, textOf } from './results.js';
import { matches, type Shortcut, shortcutOf, shownShortcut } from './shortcut.js';
import { styles } from './styles.js';

export type { ElementHit, MarkedRange } from './results.js';

/** Anything that searches: a `Collection`, one in a worker, a `RemoteIndex` behind a function that embeds, or yours. */
export interface SearchSource {
  search(
    query: string,
    options: { readonly limit: number; readonly signal: AbortSignal },
  ): PromiseLike<readonly ElementHit[] | { readonly hits: readonly ElementHit[] }>;
}

/** What `<simile-search>` says, to be replaced by another language. */
export interface SearchTexts {
  /** The name of the field and of the list. */
  readonly label: string;
  readonly results: string;
  readonly clear: string;
  readonly loading: string;
  readonly error: string;
  /** Where no collection was given yet. */
  readonly empty: string;
  nothing(query: string): string;
  count(hits: number): string;
}

/** Of the event `simile-select`. */
export interface SelectDetail {
  readonly hit: ElementHit;
  readonly query: string;
}

const english: SearchTexts = {
  label: 'Search',
  results: 'Results',
  clear: 'Clear',
  loading: 'Loading …',
  error: 'The search failed. Please try again.',
  empty: 'There is nothing to search in yet.',
  nothing: (query) => `Nothing is close enough to “${query}”.`,
  count: (hits) => (hits === 1 ? '1 result' : `${hits} results`),
};

const debounceTime = 150; // milliseconds
const quietTime = 1000; // between two announcements to screen readers
const patience = 300; // before it is said that something is loading
const defaultLimit = 8;
const maxShownQuery = 80;

// Importing this on a server does nothing; there are no elements there.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
const svgNames = 'http://www.w3.org/2000/svg';
let sheet: CSSStyleSheet | undefined;

function drawing(path: string): SVGElement {
  const svg = document.createElementNS(svgNames, 'svg');
  for (const [name, value] of [
    ['viewBox', '0 0 20 20'],
    ['fill', 'none'],
    ['stroke', 'currentColor'],
    ['stroke-width', '2'],
    ['aria-hidden', 'true'],
  ])
    svg.setAttribute(name as string, value as string);
  const line = document.createElementNS(svgNames, 'path');
  line.setAttribute('d', path);
  line.setAttribute('stroke-linecap', 'round');
  svg.append(line);
  return svg;
}

function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  part: string,
  attributes: Record<string, string> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.setAttribute('part', part);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** An address that a document may lead to; never one that runs a script. */
function safeAddress(text: string): string | undefined {
  if (text === '' || !URL.canParse(text, document.baseURI)) return undefined;
  const { protocol, href } = new URL(text, document.baseURI);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/**
 * A search field with results below it: a combobox as the ARIA patterns describe it, for keyboard, pointer and screen readers.
 * Register it with `defineSimileSearch()`.
 *
 * Attributes: `src` (a file of `Collection.toBytes`, loaded at the first focus), `label`, `placeholder`, `shortcut` (such as `mod+k`),
 * `limit` (8), `title-field` (`title`), `text-field` (`text`), `url-field` (`url`).
 *
 * Events: `simile-select` when a result is chosen (`detail`: the hit and the query; unless it is prevented, the page goes to the
 * document's `url` if it has one), `simile-error` when a search fails (`detail`: the error).
 *
 * Parts: `box`, `icon`, `input`, `shortcut`, `clear`, `panel`, `list`, `option`, `active`, `title`, `excerpt`, `mark`, `message`. Custom properties:
 * `--simile-accent`, `-text`, `-muted`, `-surface`, `-border`, `-active`, `-mark`, `-radius`, `-font`, `-panel-size`, `-layer`.
 */
export class SimileSearch extends Base {
  static readonly observedAttributes = ['label', 'placeholder', 'shortcut', 'src'];

  /** Makes the vectors of queries for the file of `src`, if it was made with an embedder. */
  embedder: Embedder | undefined;

  readonly #input = made('input', 'input', {
    type: 'text',
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': 'list',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    enterkeyhint: 'search',
  });
  readonly #clear = made('button', 'clear', { type: 'button' });
  readonly #key = made('kbd', 'shortcut', { 'aria-hidden': 'true' });
  readonly #panel = made('div', 'panel');
  readonly #list = made('div', 'list', { id: 'list', role: 'listbox' });
  readonly #message = made('p', 'message');
  readonly #status = made('div', 'status', { role: 'status' });

  #source: SearchSource | undefined;
  #loading: Promise<SearchSource> | undefined;
  #texts = english;
  #shortcut: Shortcut | undefined;
  #hits: readonly ElementHit[] = [];
  #shownQuery = '';
  #active = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: AbortController | undefined;
  #announcing: ReturnType<typeof setTimeout> | undefined;
  #announced = Number.NEGATIVE_INFINITY;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    if (sheet === undefined) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
    }
    root.adoptedStyleSheets = [sheet];
    const icon = drawing('M13 13 L18 18 M14 8.5 A5.5 5.5 0 1 1 3 8.5 A5.5 5.5 0 1 1 14 8.5');
    icon.setAttribute('part', 'icon');
    this.#clear.append(drawing('M5 5 L15 15 M15 5 L5 15'));
    const box = made('div', 'box');
    box.append(icon, this.#input, this.#key, this.#clear);
    this.#panel.append(this.#list, this.#message);
    root.append(box, this.#panel, this.#status);
    this.#panel.hidden = true;
    this.#clear.hidden = true;
    this.#key.hidden = true;
    this.#listen();
    this.#label();
  }

  /** What is searched. Set it again for another one. */
  get collection(): SearchSource | undefined {
    return this.#source;
  }

  set collection(source: SearchSource | undefined) {
    this.#source = source;
    this.#loading = undefined;
    if (this.isConnected && this.value.trim() !== '') this.#soon(0);
  }

  /** What stands in the field; setting it searches. */
  get value(): string {
    return this.#input.value;
  }

  set value(text: string) {
    this.#input.value = text;
    this.#typed(0);
  }

  /** All that it says; set those that are to be different. */
  get texts(): SearchTexts {
    return this.#texts;
  }

  set texts(texts: Partial<SearchTexts>) {
    this.#texts = { ...english, ...texts };
    this.#label();
  }

  connectedCallback(): void {
    document.addEventListener('keydown', this.#pressedAnywhere);
  }

  disconnectedCallback(): void {
    document.removeEventListener('keydown', this.#pressedAnywhere);
    clearTimeout(this.#timer);
    clearTimeout(this.#announcing);
    this.#running?.abort();
    this.#close();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'src') this.#loading = undefined;
    else if (name === 'shortcut') this.#showShortcut();
    else this.#label();
  }

  #listen(): void {
    const input = this.#input;
    input.addEventListener('input', () => this.#typed(debounceTime));
    input.addEventListener('keydown', (event) => this.#pressed(event));
    // What a file needs is on its way before the first key.
    input.addEventListener('focus', () => void this.#load().catch(() => {}));
    input.addEventListener('pointerdown', () => this.#open());
    input.addEventListener('blur', () => this.#close());
    this.#clear.addEventListener('click', () => {
      this.value = '';
      input.focus();
    });
    // The focus stays in the field.
    this.#panel.addEventListener('pointerdown', (event) => event.preventDefault());
    this.#list.addEventListener('pointermove', (event) => this.#activate(this.#placeOf(event), false));
    this.#list.addEventListener('click', (event) => this.#choose(this.#placeOf(event)));
  }

  #placeOf(event: Event): number {
    const option = event.target instanceof Element ? event.target.closest('[role=option]') : null;
    return option ? [...this.#list.children].indexOf(option) : -1;
  }

  #label(): void {
    this.#input.setAttribute('aria-label', this.getAttribute('label') ?? this.#texts.label);
    this.#input.placeholder = this.getAttribute('placeholder') ?? '';
    this.#list.setAttribute('aria-label', this.#texts.results);
    this.#clear.setAttribute('aria-label', this.#texts.clear);
  }

  #showShortcut(): void {
    this.#shortcut = shortcutOf(this.getAttribute('shortcut'));
    this.#key.textContent = this.#shortcut ? shownShortcut(this.#shortcut) : '';
    this.#key.hidden = !this.#shortcut || this.value !== '';
  }

  readonly #pressedAnywhere = (event: KeyboardEvent): void => {
    if (!this.#shortcut || event.defaultPrevented || !matches(this.#shortcut, event)) return;
    event.preventDefault();
    this.#input.focus();
    this.#input.select();
  };

  #pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (key === 'Escape') {
      if (!this.#panel.hidden) this.#close();
      else if (this.value !== '') this.value = '';
      else return;
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      this.#move(key === 'ArrowDown' ? 1 : -1);
    } else if (key === 'Enter') {
      if (this.#active >= 0 && !this.#panel.hidden) this.#choose(this.#active);
      else if (this.value.trim() !== '') this.#soon(0);
    } else {
      // Home and End move the caret, as do the arrows to both sides: what is written comes before what was found.
      if (['Home', 'End', 'ArrowLeft', 'ArrowRight'].includes(key)) this.#activate(-1);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #move(by: 1 | -1): void {
    if (this.#panel.hidden) this.#open();
    const count = this.#hits.length;
    if (this.#panel.hidden || count === 0) return;
    const start = this.#active < 0 && by < 0 ? count : this.#active;
    this.#activate((start + by + count) % count);
  }

  #activate(place: number, scrolls = true): void {
    if (place === this.#active) return;
    for (const [i, option] of [...this.#list.children].entries()) {
      const isActive = i === place;
      option.setAttribute('aria-selected', String(isActive));
      option.setAttribute('part', isActive ? 'option active' : 'option');
      if (isActive && scrolls) option.scrollIntoView({ block: 'nearest' });
    }
    this.#active = place;
    const id = this.#list.children[place]?.id;
    if (id) this.#input.setAttribute('aria-activedescendant', id);
    else this.#input.removeAttribute('aria-activedescendant');
  }

  #choose(place: number): void {
    const hit = this.#hits[place];
    if (!hit) return;
    const detail: SelectDetail = { hit, query: this.#shownQuery };
    this.#close();
    if (!this.dispatchEvent(new CustomEvent('simile-select', { detail, bubbles: true, composed: true, cancelable: true })))
      return;
    const address = safeAddress(textOf(hit.document, this.getAttribute('url-field') ?? 'url'));
    if (address !== undefined) location.assign(address);
  }

  #typed(wait: number): void {
    const isEmpty = this.value === '';
    this.#clear.hidden = isEmpty;
    this.#key.hidden = !isEmpty || !this.#shortcut;
    this.#activate(-1);
    if (this.value.trim() !== '') {
      this.#soon(wait);
      return;
    }
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#hits = [];
    this.#shownQuery = '';
    this.#list.replaceChildren();
    this.#message.textContent = '';
    this.#announce('');
    this.#close();
  }

  #soon(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#search(this.value.trim()), wait);
  }

  /** Never throws: whatever happens is shown. */
  async #search(query: string): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const isOver = (): boolean => running.signal.aborted || this.#running !== running;
    const waiting = setTimeout(() => isOver() || this.#say(this.#texts.loading), patience);
    this.#list.setAttribute('aria-busy', 'true');
    try {
      if (this.#source === undefined && !this.hasAttribute('src')) return this.#say(this.#texts.empty);
      const source = this.#source ?? (await this.#load());
      if (isOver() || source === undefined) return;
      const asked = Number.parseInt(this.getAttribute('limit') ?? '', 10);
      const limit = asked >= 1 ? asked : defaultLimit;
      const found = await source.search(query, { limit, signal: running.signal });
      if (isOver()) return;
      const hits = 'hits' in found ? found.hits : found;
      this.#show(hits.slice(0, limit), query);
    } catch (error) {
      if (isOver()) return;
      this.#say(this.#texts.error);
      this.dispatchEvent(new CustomEvent('simile-error', { detail: error, bubbles: true, composed: true }));
    } finally {
      clearTimeout(waiting);
      if (this.#running === running) this.#list.setAttribute('aria-busy', 'false');
    }
  }

  #show(hits: readonly ElementHit[], query: string): void {
    const fields: Fields = {
      title: this.getAttribute('title-field') ?? 'title',
      text: this.getAttribute('text-field') ?? 'text',
    };
    const options = hits.map((hit, i) => optionOf(hit, `option-${i}`, fields));
    this.#activate(-1);
    this.#list.replaceChildren(...options);
    this.#hits = hits;
    this.#shownQuery = query;
    const shown = query.length > maxShownQuery ? `${query.slice(0, maxShownQuery)}…` : query;
    this.#message.textContent = hits.length > 0 ? '' : this.#texts.nothing(shown);
    this.#announce(hits.length > 0 ? this.#texts.count(hits.length) : this.#texts.nothing(shown));
    this.#open();
    this.#panel.scrollTop = 0;
  }

  /** Something that is no result. */
  #say(text: string): void {
    this.#activate(-1);
    this.#hits = [];
    this.#list.replaceChildren();
    this.#message.textContent = text;
    this.#announce(text);
    this.#open();
  }

  /** Shows what there is, while the field is in use. */
  #open(): void {
    const hasHits = this.#hits.length > 0;
    const hasMessage = this.#message.textContent !== '';
    if (this.shadowRoot?.activeElement !== this.#input || !(hasHits || hasMessage)) return;
    this.#list.hidden = !hasHits;
    this.#message.hidden = !hasMessage;
    this.#panel.hidden = false;
    this.#input.setAttribute('aria-expanded', String(hasHits));
  }

  #close(): void {
    this.#activate(-1);
    this.#panel.hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
  }

  /** The last of quick changes is enough to be read out. */
  #announce(text: string): void {
    clearTimeout(this.#announcing);
    const say = (): void => {
      this.#announced = performance.now();
      this.#status.textContent = text;
    };
    const wait = this.#announced + quietTime - performance.now();
    if (wait <= 0 || text === '') say();
    else this.#announcing = setTimeout(say, wait);
  }

  /** The collection of `src`; a load that failed is tried again the next time. */
  async #load(): Promise<SearchSource | undefined> {
    const src = this.getAttribute('src');
    if (this.#source !== undefined || src === null) return this.#source;
    this.#loading ??= this.#fetched(src);
    const loading = this.#loading;
    try {
      return await loading;
    } catch (error) {
      if (this.#loading === loading) this.#loading = undefined;
      throw error;
    }
  }

  async #fetched(src: string): Promise<SearchSource> {
    const { Collection } = await import('../collection/collection.js');
    const response = await fetch(new URL(src, document.baseURI));
    if (!response.ok) throw new Error(`GET ${src} answered ${response.status}`);
    const { embedder } = this;
    return Collection.fromBytes(new Uint8Array(await response.arrayBuffer()), embedder ? { embedder } : {});
  }
}

/**
 * Registers `<simile-search>`, or the same under another name. A second call does nothing, and neither does one on a server.
 */
export function defineSimileSearch(name = 'simile-search'): void {
  const registry = globalThis.customElements;
  if (registry !== undefined && registry.get(name) === undefined)
    registry.define(name, name === 'simile-search' ? SimileSearch : class extends SimileSearch {});
}
