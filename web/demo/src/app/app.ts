// SPDX-License-Identifier: Apache-2.0
import type { Ask, Failure, LoadEvent, Manifest, Meaning, Result } from '../worker/protocol.js';
import type { RelevanceModel } from 'simile';
import { Announcer } from './announcer.js';
import { Correction } from './correction.js';
import { byId, setText } from './dom.js';
import { takeDrops } from './drop-zone.js';
import { Engine } from './engine.js';
import { EntryDialog } from './entry-dialog.js';
import { counted } from './format.js';
import { messageOf, Notice } from './notice.js';
import { OwnFile } from './own-file.js';
import { ResultList } from './result-list.js';
import type { Scale } from './scale.js';
import { SearchBox } from './search-box.js';
import { Sifter } from './sifter.js';
import { Sources } from './sources.js';
import { StatusLine } from './status-line.js';
import { showTerms } from './terms.js';
import { type Found, hasWords, hintOf, introduction, type Situation, statusOf } from './wording.js';

/** Milliseconds between two looks at a file that is still being embedded. */
const growTime = 700;

/** The page: what it knows, and who hears of it. */
export class App {
  readonly #engine = new Engine((event) => this.#loaded(event));
  readonly #notice = new Notice();
  readonly #status = new StatusLine();
  readonly #announcer = new Announcer(byId('announcer', HTMLElement));
  readonly #box = new SearchBox(
    () => this.#asked(),
    () => this.#announcer.interrupt(),
  );
  readonly #dialog = new EntryDialog((text) => this.#box.set(text));
  readonly #list = new ResultList(
    byId('results', HTMLUListElement),
    (result) => this.#open(result),
    (id) => this.#box.setActive(id),
  );
  readonly #sifter = new Sifter(() => this.#sift());
  readonly #correction = new Correction(() => this.#asked());
  readonly #sources = new Sources(() => this.#switched());
  readonly #file = new OwnFile(this.#engine, {
    onTaken: (name) => this.#fileTaken(name),
    onGrown: () => this.#fileGrown(),
    onReady: (name, passages) => this.#fileReady(name, passages),
    onRemoved: () => this.#fileRemoved('The file was removed.'),
    onRefused: (message) => this.#fileRefused(message),
  });

  #manifest: Manifest | undefined;
  #model: RelevanceModel | undefined;
  #hasBank = false;
  #modelLoaded = 0;
  #isModelReady = false;
  #isSearchable = false;
  #isComplete = false;
  #level = 0;
  #isSharp = false;
  #failure: Failure | undefined;
  /** What the results on the screen belong to. */
  #answered: { readonly key: string; readonly answer: Found } | undefined;
  #grown = 0;
  /** In the visitor's file, once it is whole. */
  #passages = 0;

  start(): void {
    this.#box.controls(this.#list);
    takeDrops((file) => this.#file.take(file));
    byId('examples', HTMLElement).addEventListener('click', (event) => {
      if (!(event.target instanceof HTMLButtonElement)) return;
      this.#box.set(event.target.textContent ?? '');
      this.#box.focus();
    });
    addEventListener('online', () => this.#networkChanged());
    addEventListener('offline', () => this.#networkChanged());
    this.#load(false);
    // What was typed before the script ran.
    this.#asked();
  }

  #load(isRetry: boolean): void {
    this.#failure = undefined;
    this.#notice.hide();
    this.#render();
    void this.#engine.load(isRetry);
  }

  #loaded(event: LoadEvent): void {
    switch (event.kind) {
      case 'manifest':
        this.#manifest = event.manifest;
        this.#sources.setDictionary(event.manifest.corpus);
        break;
      case 'model':
        this.#modelLoaded = event.loaded;
        break;
      case 'model-ready':
        this.#isModelReady = true;
        this.#file.modelReady();
        this.#search();
        break;
      case 'index':
        this.#status.setLevel(event.level, event.levels, event.loaded / event.total);
        this.#isSharp = event.level === event.levels;
        if (event.level > this.#level) this.#search();
        this.#level = event.level;
        break;
      case 'searchable':
        this.#isSearchable = true;
        this.#learn(event);
        this.#search();
        break;
      case 'complete':
        this.#isComplete = true;
        this.#learn(event);
        this.#search();
        break;
      case 'failed':
        this.#fail(event.failure);
        break;
    }
    this.#render();
  }

  #learn({ relevance, hasBank }: Meaning): void {
    this.#model = relevance;
    this.#hasBank = hasBank;
  }

  /** The first failure is shown: the others follow from it. */
  #fail(failure: Failure): void {
    if (this.#failure) return;
    this.#failure = failure;
    const message = messageOf(failure, !this.#isStuck, !navigator.onLine);
    this.#notice.show(message, () => (message.action === 'Try again' ? this.#load(true) : location.reload()));
  }

  #networkChanged(): void {
    if (navigator.onLine && this.#failure?.reason === 'network') this.#load(true);
    this.#render();
  }

  /** Something is missing without which there are no answers. */
  get #isStuck(): boolean {
    switch (this.#failure?.part) {
      case 'model':
        return !this.#isModelReady;
      case 'dictionary':
        return !this.#isSearchable;
      case 'page':
        return true;
      default:
        return false;
    }
  }

  get #isReady(): boolean {
    return this.#isModelReady && this.#isSearchable;
  }

  get #canSearch(): boolean {
    return this.#sources.current === 'own' ? this.#file.state === 'embedding' || this.#file.state === 'ready' : this.#isReady;
  }

  get #ask(): Ask {
    return { text: this.#box.text, without: this.#box.without, isCorrected: this.#correction.isOn };
  }

  /** Names a query in a corpus. */
  get #key(): string {
    return JSON.stringify([this.#sources.current, this.#ask]);
  }

  /** What the scores of the answer are worth: of sums, of the visitor's own texts and of blurred scores nobody knows. */
  get #scale(): Scale | undefined {
    const thresholds = this.#manifest?.relevance;
    const isMeasured = this.#sources.current === 'dictionary' && this.#answered?.answer.terms.length === 0;
    return this.#model && thresholds && isMeasured && this.#isSharp ? { ...thresholds, model: this.#model } : undefined;
  }

  #asked(): void {
    this.#search();
    this.#render();
  }

  #switched(): void {
    this.#answered = undefined;
    this.#sifter.show(undefined);
    this.#list.show([], false);
    this.#asked();
  }

  #search(): void {
    const text = this.#box.text;
    if (!hasWords(text)) {
      this.#answered = undefined;
      this.#sifter.show(undefined);
      this.#list.show([], false);
    } else if (this.#canSearch) void this.#answer(this.#ask, this.#key);
  }

  async #answer(ask: Ask, key: string): Promise<void> {
    const answer = await this.#engine.search(this.#sources.current, ask);
    if (key !== this.#key || answer.kind === 'outdated') return;
    if (answer.kind === 'failed') this.#fail(answer.failure);
    else this.#show(key, answer);
    this.#render();
  }

  #show(key: string, answer: Found): void {
    const isSame = this.#answered?.key === key;
    this.#answered = { key, answer };
    const { results, scores, terms } = answer;
    const source = this.#sources.current;
    const noun = source === 'own' ? 'passages' : 'meanings';
    this.#sifter.show({ source, results, scores, scale: this.#scale, isSum: terms.length > 0, noun });
    showTerms(terms);
    this.#showKept(isSame);
    byId('results', HTMLElement).dataset['query'] = this.#box.text;
    byId('results', HTMLElement).dataset['without'] = this.#box.without;
  }

  /** The cut-off has moved. */
  #sift(): void {
    if (this.#answered) this.#showKept(true);
    this.#render();
  }

  #showKept(isSame: boolean): void {
    const { kept } = this.#sifter;
    const { without, isCorrected } = this.#ask;
    this.#list.show(kept, isSame, { scale: this.#scale, isReordered: isCorrected || without !== '' });
    const best = kept[0]?.entry;
    const name = best && (best.kind === 'word' ? best.words[0] : best.title || best.place);
    if (!name && this.#answered?.answer.results.length === 0) return;
    this.#announcer.say('results', name ? `${counted(kept.length, 'result')}, the best is ${name}.` : 'Nothing close enough.');
  }

  #open(result: Result): void {
    const [source, ask] = [this.#sources.current, this.#ask];
    this.#dialog.show(result, this.#scale, () => this.#engine.explain(source, ask, result));
  }

  #fileTaken(name: string): void {
    if (!this.#failure) this.#notice.hide();
    this.#passages = 0;
    this.#sources.addOwn(name);
    this.#announcer.say('file', `Embedding ${name}.`);
    this.#switched();
  }

  #fileGrown(): void {
    const now = performance.now();
    if (now - this.#grown < growTime) return;
    this.#grown = now;
    if (this.#sources.current === 'own') this.#asked();
  }

  #fileReady(name: string, passages: number): void {
    this.#passages = passages;
    this.#announcer.say('file', `${name} is ready: ${counted(passages, 'passage')}.`);
    this.#asked();
  }

  #fileRemoved(said: string): void {
    this.#sources.removeOwn();
    this.#announcer.say('file', said);
    this.#switched();
    this.#box.focus();
  }

  #fileRefused(message: string): void {
    // An earlier file that is still there stays.
    if (this.#file.state === 'none') this.#fileRemoved(message);
    if (this.#failure) return;
    this.#notice.show({ title: 'This file cannot be searched', text: message, action: 'OK' }, () => {
      this.#notice.hide();
      this.#box.focus();
    });
  }

  #render(): void {
    const now = this.#situation();
    const hasResults = this.#list.size > 0;
    const { placeholder, lead, how } = introduction(now.isOwn ? this.#sources.ownName : undefined);
    this.#box.setExpanded(hasResults);
    this.#box.setExample(placeholder);
    this.#status.say(statusOf(now));
    this.#status.setLoading(
      now.isModelReady || now.isStuck || !now.manifest ? undefined : now.modelLoaded / now.manifest.modelBytes,
    );
    this.#status.setPlanes(now.isOwn, now.isStuck);
    this.#correction.render({ isOwn: now.isOwn, isComplete: now.isComplete, hasBank: this.#hasBank });
    if (!now.answer) showTerms([]);
    byId('intro', HTMLElement).hidden = now.query !== '';
    byId('examples', HTMLElement).hidden = now.isOwn;
    setText(byId('intro-lead', HTMLElement), lead);
    setText(byId('how', HTMLElement), how);
    const hint = byId('hint', HTMLElement);
    setText(hint, hintOf(now));
    hint.hidden = hint.textContent === '';
  }

  #situation(): Situation {
    return {
      isOwn: this.#sources.current === 'own',
      isOnline: navigator.onLine,
      isStuck: this.#isStuck,
      isModelReady: this.#isModelReady,
      isSearchable: this.#isSearchable,
      isComplete: this.#isComplete,
      manifest: this.#manifest,
      modelLoaded: this.#modelLoaded,
      query: this.#box.text,
      answer: this.#answered?.key === this.#key ? this.#answered.answer : undefined,
      isEmbedding: this.#file.state === 'embedding',
      passages: this.#passages,
    };
  }
}
