// SPDX-License-Identifier: Apache-2.0

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (value: number): string => whole.format(value);

/** "1 passage", "1,204 passages" */
export const counted = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

/** "33 kB", "10.4 MB" */
export const bytes = (value: number): string => (value < 1e6 ? `${whole.format(value / 1e3)} kB` : `${megabytes(value)} MB`);

export const megabytes = (bytes: number): string => tenths.format(bytes / 1e6);

export function milliseconds(value: number): string {
  if (value < 0.1) return 'under 0.1 ms';
  return `${value < 10 ? tenths.format(value) : whole.format(value)} ms`;
}

/** "a moment", "20 s", "3 min" */
export function remaining(seconds: number): string {
  if (seconds < 2) return 'a moment';
  if (seconds < 100) return `${seconds < 10 ? Math.ceil(seconds) : 5 * Math.ceil(seconds / 5)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

/** A part that stays on one line. */
export const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');
