// SPDX-License-Identifier: Apache-2.0
// What fusing vectors and words does to labelled sets, as tables in Markdown.
import { Index, momentsOf } from 'simile';
import { TextIndex } from 'simile/text';
import { measures, sampleOf } from './chosen.mjs';
import { chosen, rivals, rules } from './rules.mjs';
import { labelledSets } from './sets.mjs';
import { judged, mean, paired } from './statistics.mjs';

/** Of the lexical scores of all texts; those that were not found have 0. */
function lexicalMoments(hits, texts) {
  const scores = new Float32Array(texts);
  hits.forEach(({ score }, i) => {
    scores[i] = score;
  });
  return momentsOf(scores);
}

async function listsOf(set, candidates) {
  const index = await Index.create({ dims: set.dims, codec: 'f32', zeroVectors: 'allow' });
  const zero = new Float32Array(set.dims);
  await index.addMany(
    [...set.texts.keys()],
    set.vectors.map((vector) => vector ?? zero),
  );
  const texts = await TextIndex.create();
  await texts.addMany(set.texts);
  const sample = sampleOf(index.size);
  const lists = [];
  for (const { text, vector } of set.queries) {
    const all = texts.search(text, { minScore: 0 });
    const scores = await index.scores(vector);
    const usual = await index.search(vector, { k: index.size, rows: sample });
    const near = (await index.search(vector, { k: candidates })).map(({ id, score }) => ({ id, score }));
    const lexical = all.slice(0, candidates).map(({ row, score }) => ({ id: row, score }));
    const known = new Set(near.map(({ id }) => id));
    const completed = [...near, ...lexical.filter(({ id }) => !known.has(id)).map(({ id }) => ({ id, score: scores[id] }))];
    lists.push({
      vector: near,
      lexical,
      completed,
      moments: [momentsOf(scores), lexicalMoments(all, set.texts.length)],
      measured: measures(
        usual.map(({ score }) => score),
        index.size,
        texts.scale(text),
      ),
    });
  }
  index.dispose();
  texts.dispose();
  return lists;
}

const fixed = (x) => x.toFixed(4);
const signed = (x) => (x < 0 ? '' : '+') + fixed(x);

function printSet(set, lines) {
  const best = lines.slice(0, 2).sort((a, b) => mean(b.ndcg) - mean(a.ndcg))[0];
  console.log(`\n## ${set.name}: ${set.queries.length} queries, ${set.texts.length} texts, ${set.dims} dims\n`);
  console.log(`| fusion | nDCG@10 | over ${best.name} | 95% | p | R@10 | MRR |\n|---|---|---|---|---|---|---|`);
  for (const line of lines) {
    const { difference, low, high, p } = paired(best.ndcg, line.ndcg);
    const beside = line === best ? '| | |' : `${signed(difference)} | ${signed(low)} .. ${signed(high)} | ${p.toFixed(4)}`;
    console.log(
      `| ${line.name} | ${fixed(mean(line.ndcg))} | ${beside} | ${fixed(mean(line.recall))} | ${fixed(mean(line.mrr))} |`,
    );
  }
  const halfOf = (x, half) => x.filter((_, i) => i % 2 === half);
  const over = (of) => lines.map((line) => mean(of(line.ndcg)) - mean(of(best.ndcg)));
  return {
    ndcg: lines.map((line) => line.ndcg),
    all: over((x) => x),
    halves: [0, 1].map((half) => over((x) => halfOf(x, half))),
  };
}

/** @returns whether there was anything to measure */
export async function measureQuality(candidates) {
  const sets = labelledSets();
  const over = [];
  for (const set of sets) {
    const lists = await listsOf(set, candidates);
    const lines = rules.map(({ name, run }) => {
      const judgements = lists.map((list, i) =>
        judged(
          run(list).map(({ id }) => id),
          set.queries[i].right,
        ),
      );
      return { name, ...Object.fromEntries(['ndcg', 'recall', 'mrr'].map((key) => [key, judgements.map((j) => j[key])])) };
    });
    over.push(printSet(set, lines));
  }
  if (sets.length === 0) return false;
  console.log('\n## nDCG@10 over the better of the two alone\n');
  const heads = ['mean', 'even queries', 'odd queries', 'worst', ...sets.map(({ name }) => name)];
  console.log(`| fusion | ${heads.join(' | ')} |\n|---|${'---|'.repeat(heads.length)}`);
  rules.forEach(({ name }, i) => {
    const each = over.map(({ all }) => all[i]);
    const halves = [0, 1].map((half) => mean(over.map(({ halves }) => halves[half][i])));
    console.log(`| ${name} | ${[mean(each), ...halves, Math.min(...each), ...each].map(signed).join(' | ')} |`);
  });
  console.log(
    `\n## ${chosen} beside others, nDCG@10 of all queries of all sets\n\n| over | difference | 95% | p |\n|---|---|---|---|`,
  );
  const everyQuery = (name) => over.flatMap(({ ndcg }) => ndcg[rules.findIndex((rule) => rule.name === name)]);
  for (const rival of rivals) {
    const { difference, low, high, p } = paired(everyQuery(rival), everyQuery(chosen));
    console.log(`| ${rival} | ${signed(difference)} | ${signed(low)} .. ${signed(high)} | ${p.toFixed(4)} |`);
  }
  return true;
}
