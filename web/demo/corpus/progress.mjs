// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {import('./vectors.mjs').EmbedProgress} EmbedProgress
 * @typedef {{ isTTY?: boolean, columns?: number, write: (text: string) => unknown }} Output
 */

/** Milliseconds between two reports: a line that is rewritten, or one more line in a log. */
const pause = { terminal: 100, log: 5000 };
const widestBar = 24;

/** Seconds until a rate means something: the model is being loaded. */
const warmUp = 3;

const number = (/** @type {number} */ value) => Math.round(value).toLocaleString('en-US');

/** "1:05" for 65 seconds. @param {number} seconds */
export const clock = (seconds) =>
  `${Math.floor(Math.round(seconds) / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`;

/**
 * Reports progress with rate and time left: one line that is rewritten on a terminal, else a line every five seconds.
 * @param {string} label
 * @param {Output} output
 * @param {() => number} [now] milliseconds
 */
export function progressLine(label, output, now = () => performance.now()) {
  const started = now();
  let reported = Number.NEGATIVE_INFINITY;
  return (/** @type {EmbedProgress} */ progress) => {
    const isLast = progress.done === progress.total;
    if (now() - reported < (output.isTTY ? pause.terminal : pause.log) && !isLast) return;
    reported = now();
    const text = describe(progress, (reported - started) / 1000);
    if (!output.isTTY) return output.write(`${label} ${text}\n`);
    const room = (output.columns ?? 80) - `${label}  ${text}`.length - 1;
    const line = `${label} ${bar(progress, Math.min(widestBar, Math.max(0, room)))} ${text}`;
    output.write(`\r\x1b[K${line}${isLast ? '\n' : ''}`);
  };
}

/** @param {EmbedProgress} progress @param {number} width */
function bar({ done, total }, width) {
  const filled = Math.floor((width * done) / total);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** @param {EmbedProgress} progress @param {number} seconds */
function describe({ done, total, cached }, seconds) {
  const rate = (done - cached) / seconds;
  const count = `${number(done)} of ${number(total)}`;
  if (done === total) return `${count}  ${clock(seconds)}`;
  if (!(rate > 0) || seconds < warmUp) return count;
  return `${count}  ${number(rate)}/s  ${clock((total - done) / rate)} left`;
}
