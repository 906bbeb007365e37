// SPDX-License-Identifier: Apache-2.0
import { SimileError } from '../../errors.js';
import type { Id } from '../../ids.js';
import { Index } from '../../index.js';
import type { Command } from '../command.js';
import { corrupt, UsageError } from '../failure.js';
import { nameOf, readTextInput } from '../files.js';
import type { Matrix } from '../formats/matrix.js';
import { readVectors, vectorsOfIndex } from '../formats/vectors.js';
import { indexOf, readIndex } from '../indexes.js';
import { type Gains, mean, meanOf, readQrels } from '../judgements.js';
import type { Arguments } from '../options.js';
import type { Terminal } from '../terminal.js';

export const evaluate: Command = {
  name: 'eval',
  summary: 'how good the answers of a .simile file are',
  usage: 'FILE --queries QUERIES',
  positionals: [1, 1],
  options: {
    queries: { type: 'string', value: 'FILE', help: 'vectors that are asked: npy, fvecs, safetensors, jsonl …' },
    'query-ids': {
      type: 'string',
      value: 'FILE',
      help: 'ids of the queries, as the judgements name them; else the numbers of the rows',
    },
    base: {
      type: 'string',
      value: 'FILE',
      help: 'the vectors that the file was made of, for exact answers; else what the file has kept of them',
    },
    qrels: {
      type: 'string',
      value: 'FILE',
      help: 'judgements: lines as of TREC, tab-separated as of BEIR, or a JSON list of {"id": gain}',
    },
    k: { type: 'string', short: 'k', value: 'N', help: 'how many hits count (10)' },
    recall: { type: 'string', value: 'X', help: 'how sure each layer of a planes codec has to be (0.99)' },
  },
  examples: [
    'simile eval vectors.simile --queries queries.npy --base vectors.npy',
    'simile eval vectors.simile --queries queries.npy --qrels qrels.tsv --query-ids query-ids.json -k 10 --json',
  ],
  run,
};

async function run(args: Arguments, terminal: Terminal): Promise<void> {
  const [path] = args.positionals as [string];
  const queriesFile = args.text('queries');
  if (queriesFile === undefined) throw new UsageError('eval needs --queries FILE');
  const k = args.whole('k', 1, 10);
  const recall = args.number('recall', { least: 0, most: 1 });
  const queries = await readVectors(queriesFile, { ids: args.text('query-ids') });
  if (queries.rows === 0) throw corrupt(`${queriesFile} has no queries`);
  const { index } = await readIndex(path);
  const start = performance.now();
  const found = await index.searchMany(queries.values, {
    k,
    onProgress: terminal.progress('searching'),
    ...(recall === undefined ? {} : { recall }),
  });
  const milliseconds = (performance.now() - start) / queries.rows;
  terminal.clear();
  const ids = found.map((hits) => hits.map(({ id }) => id));
  const qrels = args.text('qrels');
  const judged = qrels === undefined ? undefined : judge(readQrels(await readTextInput(qrels), nameOf(qrels)), queries, ids, k);
  const exact = judged && !args.has('base') ? undefined : await recallOf(index, args, queries, ids, k, terminal);
  const report = { file: path, queries: queries.rows, k, ...exact, ...judged, millisecondsPerQuery: round(milliseconds) };
  await terminal.result(report, () => [
    `${path}: ${queries.rows.toLocaleString('en')} queries, ${report.millisecondsPerQuery} ms each`,
    ...(exact
      ? [
          `recall@${k} against exact search  ${exact.recall}${exact.exactBy === 'file' ? ' (exact over what the file has kept)' : ''}`,
        ]
      : []),
    ...(judged
      ? [
          `nDCG@${k} ${judged.ndcg}   MRR@${k} ${judged.mrr}   recall@${k} of what is relevant ${judged.relevantRecall}   (${judged.judgedQueries} judged queries)`,
        ]
      : []),
  ]);
}

const round = (x: number): number => Number(x.toPrecision(4));

/** The share of the exact answers that were found; a hit that scores as well as the last of them counts, too. */
async function recallOf(
  index: Index,
  args: Arguments,
  queries: Matrix,
  found: readonly (readonly Id[])[],
  k: number,
  terminal: Terminal,
): Promise<{ recall: number; exactBy: 'base' | 'file' }> {
  const base = args.text('base');
  const ids = index.ids();
  const all = base === undefined ? vectorsOfIndex(await Index.fromBytes(index.toBytes())) : await readVectors(base, {});
  if (all.rows !== ids.length)
    throw new SimileError(
      'dimension_mismatch',
      `${base} has ${all.rows} vectors, and the file ${ids.length}: it is to be what the file was made of`,
    );
  const exact = await indexOf({ ...all, ids }, { codec: 'f32', similarity: index.similarity, zeroVectors: 'allow' }, terminal);
  const best = await exact.searchMany(queries.values, { k, onProgress: terminal.progress('exact search') });
  const shares: number[] = [];
  for (const [i, hits] of best.entries()) {
    const worst = hits.at(-1)?.score ?? Number.POSITIVE_INFINITY;
    const scores = await exact.scores(queries.values.slice(i * all.dims, (i + 1) * all.dims));
    const good = new Set(ids.filter((_, row) => (scores[row] as number) >= worst));
    shares.push(hits.length === 0 ? 1 : (found[i] as readonly Id[]).filter((id) => good.has(id)).length / hits.length);
  }
  exact.dispose();
  return { recall: round(mean(shares)), exactBy: base === undefined ? 'file' : 'base' };
}

/** Over the queries of which something is judged relevant. */
function judge(qrels: ReadonlyMap<string, Gains>, { ids, rows }: Matrix, found: readonly (readonly Id[])[], k: number) {
  const judged = Array.from({ length: rows }, (_, row) => ({
    gains: qrels.get(String(ids?.[row] ?? row)),
    hits: (found[row] as readonly Id[]).map(String),
  })).filter(
    (each): each is { gains: Gains; hits: string[] } =>
      each.gains !== undefined && [...each.gains.values()].some((gain) => gain > 0),
  );
  if (judged.length === 0) throw new UsageError('none of the queries is judged: do --query-ids and --qrels name the same ids?');
  const { ndcg, mrr, recall } = meanOf(judged, k);
  return { ndcg: round(ndcg), mrr: round(mrr), relevantRecall: round(recall), judgedQueries: judged.length };
}
