// SPDX-License-Identifier: Apache-2.0
import { problemOf } from '../worker/file-kinds.js';
import type { FileEnd, FileEvent } from '../worker/protocol.js';
import { byId, setText } from './dom.js';
import type { Engine } from './engine.js';
import { count, counted, remaining } from './format.js';

export type FileState = 'none' | 'waiting' | 'embedding' | 'ready';

/** What the rest of the page wants to know. */
export interface FileListener {
  /** The file is taken: it has a tab from now on. */
  onTaken(name: string): void;
  /** More of it can be searched. */
  onGrown(): void;
  onReady(name: string, passages: number): void;
  /** It is gone, by the visitor's wish. */
  onRemoved(): void;
  onRefused(message: string): void;
}

/** The visitor's own file: its job panel, its button, and its life in the worker. */
export class OwnFile {
  readonly #engine: Engine;
  readonly #listener: FileListener;
  readonly #panel = byId('job', HTMLElement);
  readonly #text = byId('job-text', HTMLElement);
  readonly #bar = byId('job-bar', HTMLProgressElement);
  #waiting: File | undefined;
  #isModelReady = false;
  /** Tells the events of an earlier file from those of this one. */
  #turn = 0;
  #state: FileState = 'none';

  constructor(engine: Engine, listener: FileListener) {
    this.#engine = engine;
    this.#listener = listener;
    const input = byId('file', HTMLInputElement);
    byId('pick', HTMLButtonElement).addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      input.value = ''; // so that the same file can be chosen again
      if (file) this.take(file);
    });
    byId('cancel', HTMLButtonElement).addEventListener('click', () => this.remove());
    byId('remove', HTMLButtonElement).addEventListener('click', () => this.remove());
  }

  get state(): FileState {
    return this.#state;
  }

  take(file: File): void {
    const problem = problemOf(file);
    if (problem) this.#listener.onRefused(problem);
    else this.#begin(file);
  }

  #begin(file: File): void {
    this.#turn++;
    this.#state = 'waiting';
    this.#listener.onTaken(file.name);
    this.#show('The language model is still loading; then it is the turn of your file.');
    if (this.#isModelReady) void this.#embed(file);
    else this.#waiting = file;
  }

  /** Files that were dropped before are taken up now. */
  modelReady(): void {
    this.#isModelReady = true;
    const file = this.#waiting;
    this.#waiting = undefined;
    if (file) void this.#embed(file);
  }

  remove(): void {
    this.#turn++;
    this.#waiting = undefined;
    this.#end('none');
    void this.#engine.removeFile();
    this.#listener.onRemoved();
  }

  async #embed(file: File): Promise<void> {
    const turn = this.#turn;
    this.#state = 'embedding';
    this.#show(`Reading ${file.name} …`);
    let start = 0;
    const onEvent = (event: FileEvent): void => {
      if (turn !== this.#turn) return;
      if (event.kind === 'split') start = performance.now();
      this.#show(progressText(event, performance.now() - start), event.kind === 'split' ? 0 : event.done / event.total);
      this.#listener.onGrown();
    };
    const end = await this.#engine.addFile(file, onEvent);
    if (turn === this.#turn) this.#settle(file.name, end);
  }

  #settle(name: string, end: FileEnd): void {
    this.#end(end.kind === 'done' ? 'ready' : 'none');
    if (end.kind === 'done') this.#listener.onReady(name, end.total);
    else if (end.kind === 'cancelled') this.#listener.onRemoved();
    else this.#listener.onRefused(end.message);
  }

  #show(text: string, fraction?: number): void {
    this.#panel.hidden = false;
    setText(this.#text, text);
    if (fraction === undefined) this.#bar.removeAttribute('value');
    else this.#bar.value = fraction;
  }

  #end(state: FileState): void {
    this.#state = state;
    this.#panel.hidden = true;
  }
}

function progressText(event: FileEvent, elapsed: number): string {
  if (event.kind === 'split') return `Embedding ${counted(event.total, 'passage')} …`;
  const { done, total } = event;
  const rate = done / (elapsed / 1000);
  return `Embedded ${count(done)} of ${counted(total, 'passage')} · ${count(rate)} a second · ${remaining((total - done) / rate)} left`;
}
