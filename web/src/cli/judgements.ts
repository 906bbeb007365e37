// SPDX-License-Identifier: Apache-2.0
import { corrupt } from './failure.js';
import { linesOf } from './formats/records.js';

/** How relevant documents are to a query, by id; what is not named counts 0. */
export type Gains = ReadonlyMap<string, number>;

/**
 * Judgements by query. TREC: `query 0 document gain`; BEIR: the same without the 0, tab-separated, with a line of names; JSON: an object of
 * objects, or a list of them for queries 0, 1, 2 …
 * @throws {SimileError} `corrupt_file` with the line
 */
export function readQrels(text: string, name: string): Map<string, Gains> {
  if (/^\s*[[{]/.test(text)) return fromJson(text, name);
  const qrels = new Map<string, Map<string, number>>();
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    const parts = line.split(/[ \t]/).filter((part) => part !== '');
    const last = Number(parts.at(-1));
    if (parts.length === 0 || (number === 1 && Number.isNaN(last))) continue;
    if (parts.length < 3 || parts.length > 4 || !Number.isFinite(last))
      throw corrupt(`${name}, line ${number} is no judgement: ${JSON.stringify(line.slice(0, 60))}`);
    const query = parts[0] as string;
    const gains = qrels.get(query) ?? new Map<string, number>();
    qrels.set(query, gains.set(parts[parts.length - 2] as string, last));
  }
  return qrels;
}

function fromJson(text: string, name: string): Map<string, Gains> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corrupt(`${name} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return new Map(
    Object.entries(value as object).map(([query, gains]) => {
      const entries = Object.entries((gains ?? {}) as object);
      const wrong = entries.find(([, gain]) => typeof gain !== 'number' || !Number.isFinite(gain));
      if (wrong || typeof gains !== 'object') throw corrupt(`${name}: the judgements of query ${query} are no numbers`);
      return [query, new Map(entries as [string, number][])];
    }),
  );
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** nDCG with linear gains and log2(rank + 1), the reciprocal rank of the first relevant hit, and the share of the relevant; means over queries. */
export function meanOf(
  judged: readonly { gains: Gains; hits: readonly string[] }[],
  k: number,
): { ndcg: number; mrr: number; recall: number } {
  const dcg = (gains: readonly number[]): number => gains.slice(0, k).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  const all = judged.map(({ gains, hits }) => {
    const got = hits.slice(0, k).map((id) => Math.max(0, gains.get(id) ?? 0));
    const relevant = [...gains.values()].filter((gain) => gain > 0).sort((a, b) => b - a);
    const first = got.findIndex((gain) => gain > 0);
    return {
      ndcg: dcg(got) / dcg(relevant),
      mrr: first < 0 ? 0 : 1 / (first + 1),
      recall: got.filter((gain) => gain > 0).length / relevant.length,
    };
  });
  return { ndcg: mean(all.map((x) => x.ndcg)), mrr: mean(all.map((x) => x.mrr)), recall: mean(all.map((x) => x.recall)) };
}
