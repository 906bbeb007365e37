// SPDX-License-Identifier: Apache-2.0
import { Index, type Similarity } from '../index.js';
import type { Slicer } from '../slices.js';
import { squaredNorm } from './format.js';
import { randomWords } from './rotation.js';

const rounds = 6;
const pointsPerList = 32;
const slice = 512;

/** Lists of rows, each with its centre. @internal */
export interface Lists {
  readonly centres: readonly Float32Array[];
  /** The rows of each list, rising. */
  readonly members: readonly number[][];
}

/** @internal */
export interface ListOptions {
  readonly similarity: Similarity;
  readonly lists: number;
  readonly seed: number;
  readonly slicer: Slicer;
  /** Called with the share of the work that is done, from 0 to 1. */
  readonly onShare: (share: number) => void;
}

interface Assigned {
  readonly list: number;
  readonly score: number;
}

/** k-means: spherical under cosine, otherwise by distance. The nearest centre is that of an index of int8 codes, the same everywhere. @internal */
export async function makeLists(vectors: readonly Float32Array[], options: ListOptions): Promise<Lists> {
  const { similarity, lists, seed, onShare } = options;
  const random = randomWords(seed);
  const order = shuffled(vectors.length, random);
  let centres = order.slice(0, lists).map((row) => vectors[row] as Float32Array);
  const sample = order.slice(0, Math.max(lists, pointsPerList * lists)).sort((a, b) => a - b);
  const points = sample.map((row) => vectors[row] as Float32Array);
  for (let round = 0; round < rounds; round++) {
    const nearest = await assign(points, centres, options);
    centres = moved(points, nearest, centres, similarity);
    onShare((round + 1) / (rounds + 2));
  }
  const nearest = await assign(vectors, centres, options);
  const members: number[][] = centres.map(() => []);
  for (const [row, { list }] of nearest.entries()) (members[list] as number[]).push(row);
  // What a residual is taken from is the mean, whatever the direction was that rows were parted by.
  const means = centres.map((centre, i) => mean((members[i] as number[]).map((row) => vectors[row] as Float32Array)) ?? centre);
  const kept = members.flatMap((rows, i) => (rows.length > 0 ? [i] : []));
  const chain = chained(kept.map((i) => means[i] as Float32Array)).map((at) => kept[at] as number);
  return { centres: chain.map((i) => means[i] as Float32Array), members: chain.map((i) => members[i] as number[]) };
}

/**
 * An order in which each is followed by the nearest that is left: what is asked for together lies together, and comes with few requests.
 * @internal
 */
export function chained(points: readonly Float32Array[]): number[] {
  const left = points.map((_, i) => i);
  const chain: number[] = [];
  let at = 0; // of the next one in `left`
  while (left.length > 0) {
    const next = left[at] as number;
    left[at] = left.at(-1) as number;
    left.pop();
    chain.push(next);
    const from = points[next] as Float32Array;
    let best = Number.POSITIVE_INFINITY;
    for (const [i, candidate] of left.entries()) {
      const distance = squaredDistance(from, points[candidate] as Float32Array, best);
      if (distance < best || (distance === best && candidate < (left[at] as number))) {
        best = distance;
        at = i;
      }
    }
  }
  return chain;
}

/** Or a number of at least `enough`. */
function squaredDistance(a: Float32Array, b: Float32Array, enough: number): number {
  let sum = 0;
  for (let i = 0; i < a.length && sum <= enough; ) {
    for (const end = Math.min(a.length, i + 64); i < end; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  }
  return sum;
}

function shuffled(length: number, random: () => number): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

async function assign(
  points: readonly Float32Array[],
  centres: readonly Float32Array[],
  { similarity, slicer }: ListOptions,
): Promise<Assigned[]> {
  const dims = (centres[0] as Float32Array).length;
  const isCosine = similarity === 'cosine';
  const index = await Index.create({
    dims,
    codec: 'int8',
    similarity: isCosine ? 'cosine' : 'squared_l2',
    zeroVectors: 'allow',
  });
  try {
    await index.addMany([...centres.keys()], centres);
    const nearest: Assigned[] = [];
    for (let at = 0; at < points.length; at += slice) {
      const some = points.slice(at, at + slice);
      for (const [hit] of await index.searchMany(some, { k: 1 })) {
        nearest.push({ list: (hit?.id ?? 0) as number, score: hit?.score ?? 0 });
      }
      await slicer.pause();
    }
    return nearest;
  } finally {
    index.dispose();
  }
}

/** The means of the points; a centre without any takes the point that is farthest from its own. */
function moved(
  points: readonly Float32Array[],
  nearest: readonly Assigned[],
  centres: readonly Float32Array[],
  similarity: Similarity,
): Float32Array[] {
  const groups: Float32Array[][] = centres.map(() => []);
  for (const [i, { list }] of nearest.entries()) (groups[list] as Float32Array[]).push(points[i] as Float32Array);
  const far = nearest.map((_, i) => i).sort((a, b) => (nearest[a] as Assigned).score - (nearest[b] as Assigned).score || a - b);
  return centres.map((_, i) => {
    const centre = mean(groups[i] as Float32Array[]) ?? (points[far.shift() ?? 0] as Float32Array);
    return similarity === 'cosine' ? unit(centre) : centre;
  });
}

function mean(points: readonly Float32Array[]): Float32Array | undefined {
  const [first] = points;
  if (!first) return undefined;
  const sum = new Float64Array(first.length);
  for (const point of points) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (point[i] as number);
  return Float32Array.from(sum, (x) => x / points.length);
}

/** Zero stays zero. @internal */
export function unit(x: Float32Array): Float32Array {
  const norm = Math.sqrt(squaredNorm(x));
  return norm === 0 ? x : x.map((value) => value / norm);
}
