// SPDX-License-Identifier: Apache-2.0
import type { Progress } from '../slices.js';

const barWidth = 24;
const drawEvery = 100; // milliseconds

/** Results go to stdout, everything else to stderr; progress is drawn only where a person looks at it. */
export class Terminal {
  readonly isJson: boolean;
  readonly #isQuiet: boolean;
  #isDrawn = false;

  constructor(isJson: boolean, isQuiet: boolean) {
    this.isJson = isJson;
    this.#isQuiet = isQuiet;
  }

  /** One value for programs, or lines for people. */
  async result(value: unknown, lines: () => readonly string[]): Promise<void> {
    this.clear();
    await write(
      process.stdout,
      this.isJson
        ? `${JSON.stringify(value)}\n`
        : lines()
            .map((line) => `${line}\n`)
            .join(''),
    );
  }

  /** For people, beside the results. */
  note(text: string): void {
    this.clear();
    if (!this.#isQuiet && !this.isJson) process.stderr.write(`${text}\n`);
  }

  /** A line that says how far something is, drawn over itself. */
  progress(what: string): (progress: Progress) => void {
    if (!process.stderr.isTTY || this.#isQuiet || this.isJson) return () => {};
    const start = performance.now();
    let last = Number.NEGATIVE_INFINITY;
    return ({ loaded, total }) => {
      const now = performance.now();
      if (now - last < drawEvery && loaded !== total) return;
      last = now;
      this.#isDrawn = true;
      process.stderr.write(`\r\x1b[K${lineOf(what, loaded, total, (now - start) / 1000)}`);
    };
  }

  clear(): void {
    if (this.#isDrawn) process.stderr.write('\r\x1b[K');
    this.#isDrawn = false;
  }

  /** Makes text stand out, where there are colours. */
  bold(text: string): string {
    const hasColours = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
    return hasColours ? `\x1b[1m${text}\x1b[22m` : text;
  }
}

function lineOf(what: string, loaded: number, total: number | undefined, seconds: number): string {
  const rate = seconds > 0 ? `${Math.round(loaded / seconds).toLocaleString('en')}/s` : '';
  if (total === undefined || total === 0) return `${what} ${loaded.toLocaleString('en')} ${rate}`;
  const filled = Math.round((barWidth * Math.min(loaded, total)) / total);
  const bar = '#'.repeat(filled) + '.'.repeat(barWidth - filled);
  const left = loaded > 0 ? Math.ceil((seconds * (total - loaded)) / loaded) : undefined;
  return `${what} [${bar}] ${Math.floor((100 * loaded) / total)} % ${rate}${left === undefined ? '' : ` ${left} s left`}`;
}

/** Waits until the bytes are taken: what is at the other end of a pipe may be slow. */
export function write(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

export const bytesText = (bytes: number): string => {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
};

/** A name or text from a file may hold what steers a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
