// SPDX-License-Identifier: Apache-2.0
import type { Engine } from './engine.js';
import { invalid, SimileError } from './errors.js';
import { type CorrectionOptions, correctionArguments, Fit } from './fits.js';
import type { Id } from './ids.js';
import { count, type Found, type Plan, planOf } from './search.js';
import type { Progress, Slicer } from './slices.js';
import { type Rows, readRows, type Vector } from './vectors.js';

export interface HubnessOptions {
  /** Counts how often each item is among the `k` best of a query. @defaultValue 10 */
  readonly k?: number;
  /** What to correct with. @defaultValue every other vector of the sample, which then is not searched for */
  readonly bank?: Vector | readonly Vector[];
  /** @defaultValue inverted softmax, the same dynamic, nnn and csls */
  readonly methods?: readonly CorrectionOptions[];
  /** The right answer of each vector of the sample, to see whether a correction finds it earlier. */
  readonly answers?: readonly Id[];
  /** Called after every slice, in searches and items. What it throws ends the work and is passed on. */
  readonly onProgress?: (progress: Progress) => void;
  /** Cancels with `cancelled`. */
  readonly signal?: AbortSignal;
}

/** The hubs that a sample of queries meets under one method. */
export interface HubnessLine {
  /** `raw`, or the name of the method, `dynamic` before it where it is. */
  readonly name: string;
  /** What to give `calibrate`; undefined of `raw`. */
  readonly method: CorrectionOptions | undefined;
  /** Of the occurrences: above 1.2 there are hubs worth a look. */
  readonly skewness: number;
  /** Share of the occurrences that would have to move for all items to be found equally often. */
  readonly robinHood: number;
  /** Share of the items that no query finds. */
  readonly antihubs: number;
  /** Share of the occurrences that go to items found twice as often as `k`, or more. */
  readonly hubs: number;
  /** Mean reciprocal rank of the right answer among the `k` best; only with `answers`. */
  readonly quality?: number;
  /** How often chance alone would change the quality as much; only with `answers`, and not of `raw`. */
  readonly pValue?: number;
}

export interface HubnessReport {
  readonly k: number;
  /** How many queries were searched for, and the size of the bank. */
  readonly queries: number;
  readonly bank: number;
  /** The first is `raw`. */
  readonly methods: readonly HubnessLine[];
  /** The method that improves the answers beyond chance; undefined where none does, or without `answers`. */
  readonly best: HubnessLine | undefined;
  /** Whether normalizing is worth it, in one sentence. */
  readonly advice: string;
}

/** Scikit-hubness's rule. */
const notableSkewness = 1.2;

const defaultMethods: readonly CorrectionOptions[] = [
  { method: 'inverted_softmax' },
  { method: 'inverted_softmax', dynamic: true },
  { method: 'nnn' },
  { method: 'csls' },
];

const nameOf = ({ method = 'nnn', dynamic = false }: CorrectionOptions): string => (dynamic ? `dynamic ${method}` : method);

/** What is to be measured, once it was checked. @internal */
export interface Sample {
  readonly k: number;
  readonly queries: Rows;
  readonly bank: Rows;
  readonly answers: readonly Id[] | undefined;
  readonly methods: readonly { readonly options: CorrectionOptions; readonly numbers: readonly number[] }[];
}

/** @throws {SimileError} `dimension_mismatch`, `invalid_argument` @internal */
export function sampleOf(dims: number, sample: Vector | readonly Vector[], options: HubnessOptions): Sample {
  const all = readRows(dims, sample);
  const given = options.bank === undefined ? undefined : readRows(dims, options.bank);
  const { answers } = options;
  if (answers && answers.length !== all.count)
    throw new SimileError('dimension_mismatch', `there are ${all.count} vectors in the sample and ${answers.length} answers`);
  if (all.count < (given ? 1 : 2)) throw invalid(`a sample of ${all.count} queries is too small`);
  return {
    k: count('k', options.k ?? 10),
    queries: given ? all : everyOther(all, 0),
    bank: given ?? everyOther(all, 1),
    answers: given ? answers : answers?.filter((_, i) => i % 2 === 0),
    methods: (options.methods ?? defaultMethods).map((method) => ({ options: method, numbers: correctionArguments(method) })),
  };
}

const everyOther = (rows: Rows, first: 0 | 1): Rows => ({
  count: Math.ceil((rows.count - first) / 2),
  dims: rows.dims,
  copy: (row, out, at) => rows.copy(2 * row + first, out, at),
});

/** What is measured: an index that nothing changes meanwhile. @internal */
export interface Measurable {
  /** Throws `disposed` once the index is. */
  readonly live: () => Engine;
  readonly handle: number;
  readonly size: number;
  searchAll(queries: Rows, plan: Plan, slicer: Slicer, onProgress: (progress: Progress) => void): Promise<readonly Found[]>;
}

interface Measured {
  readonly name: string;
  readonly method: CorrectionOptions | undefined;
  readonly found: readonly Found[];
}

/** @internal */
export async function measureHubness(
  index: Measurable,
  sample: Sample,
  slicer: Slicer,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<HubnessReport> {
  const { k, queries, bank, methods } = sample;
  if (index.size === 0) throw invalid('an empty index has no hubs');
  const total = (1 + methods.length) * queries.count + methods.length * index.size;
  let before = 0;
  const report = ({ loaded }: Progress): void => onProgress?.({ loaded: before + loaded, total });
  const search = async (correction: number): Promise<readonly Found[]> => {
    const plan = { ...planOf({ k }, undefined), correction };
    const found = await index.searchAll(queries, plan, slicer, report);
    before += queries.count;
    return found;
  };
  const measured: Measured[] = [{ name: 'raw', method: undefined, found: await search(0) }];
  for (const { options, numbers } of methods) {
    const fit = Fit.ofBank(index.live, index.handle, bank, numbers);
    try {
      await fit.look(slicer, report);
      before += index.size;
      measured.push({ name: nameOf(options), method: options, found: await search(fit.handle) });
    } finally {
      fit.release();
    }
  }
  return reportOf(index, sample, measured);
}

function reportOf({ live, size }: Measurable, { k, bank, answers }: Sample, measured: readonly Measured[]): HubnessReport {
  const qualities = measured.map(({ found }) => answers && reciprocalRanks(found, answers));
  const methods = measured.map(({ name, method, found }, i): HubnessLine => {
    const line = { name, method, ...measuresOf(live(), size, k, found) };
    const [before, quality] = [qualities[0], qualities[i]];
    if (!before || !quality) return line;
    const mean = quality.reduce((sum, value) => sum + value, 0) / quality.length;
    if (i === 0) return { ...line, quality: mean };
    const p = live().call('paired_test', before, quality, quality.length);
    return { ...line, quality: mean, pValue: new Float64Array(p.buffer)[0] as number };
  });
  const best = bestOf(methods);
  return { k, queries: measured[0]?.found.length ?? 0, bank: bank.count, methods, best, advice: adviceOf(k, methods, best) };
}

function measuresOf(engine: Engine, items: number, k: number, found: readonly Found[]): Omit<HubnessLine, 'name' | 'method'> {
  const width = found[0]?.rows.length ?? 0;
  const rows = new Uint32Array(found.length * width);
  for (const [i, one] of found.entries()) rows.set(one.rows, i * width);
  const reply = new Float64Array(engine.call('hubness', items, k, rows, found.length, width).buffer);
  const [skewness = 0, robinHood = 0, antihubs = 0, hubs = 0] = reply;
  return { skewness, robinHood, antihubs, hubs };
}

const reciprocalRanks = (found: readonly Found[], answers: readonly Id[]): Float64Array =>
  Float64Array.from(found, ({ hits }, i) => {
    const rank = 1 + hits.findIndex(({ id }) => id === answers[i]);
    return rank === 0 ? 0 : 1 / rank;
  });

/** A change counts when its p-value is below 0.05 divided by the number of methods that were tried. */
function bestOf([raw, ...tried]: readonly HubnessLine[]): HubnessLine | undefined {
  const better = tried.filter(({ quality, pValue }) => {
    return quality !== undefined && quality > (raw?.quality ?? 0) && (pValue ?? 1) < 0.05 / tried.length;
  });
  return better.sort((a, b) => (b.quality ?? 0) - (a.quality ?? 0))[0];
}

function adviceOf(k: number, [raw, ...tried]: readonly HubnessLine[], best: HubnessLine | undefined): string {
  const skewness = raw?.skewness ?? 0;
  const state = `the skewness of the ${k}-occurrence is ${skewness.toFixed(2)}`;
  if (best)
    return `Use ${best.name}: it improves the answers from ${raw?.quality?.toFixed(4)} to ${best.quality?.toFixed(4)} (p = ${best.pValue?.toFixed(4)}), and ${state} without it and ${best.skewness.toFixed(2)} with it.`;
  if (skewness <= notableSkewness) return `Leave it off: there are few hubs, ${state}, and up to ${notableSkewness} is common.`;
  if (tried.some(({ quality }) => quality !== undefined))
    return `Leave it off: there are hubs, ${state}, but no method improves the answers by more than chance.`;
  return `There are hubs, ${state}: try the methods on queries whose answers are known before you turn one on.`;
}
