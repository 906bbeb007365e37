// SPDX-License-Identifier: Apache-2.0
// Vectors that lie as embeddings do: the law of bench/support/clustered_rows.hpp, from another generator.

/** Uniform in [0, 1): sfc32. */
function uniform(seed) {
  let [a, b, c, d] = [seed, seed ^ 0x9e3779b9, seed ^ 0x243f6a88, 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Standard normal values by Box and Muller, two at a time. */
function normal(next) {
  let spare;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(next() || 2 ** -33));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function normalize(row) {
  let square = 0;
  for (let i = 0; i < row.length; i++) square += row[i] ** 2;
  const inverse = 1 / Math.sqrt(square);
  for (let i = 0; i < row.length; i++) row[i] *= inverse;
}

/** Random signs and a Hadamard transform of the first and then of the last coordinates, twice: an orthogonal map that mixes all of them. */
function turn(dims, next) {
  const width = 2 ** Math.floor(Math.log2(dims));
  const signs = Array.from({ length: 4 }, () => Float64Array.from({ length: dims }, () => (next() < 0.5 ? -1 : 1)));
  const scale = 1 / Math.sqrt(width);
  return (row) => {
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < dims; i++) row[i] *= signs[round][i];
      const first = round % 2 === 0 ? 0 : dims - width;
      for (let half = 1; half < width; half *= 2) {
        for (let at = first; at < first + width; at += 2 * half) {
          for (let i = at; i < at + half; i++) {
            const [x, y] = [row[i], row[i + half]];
            row[i] = x + y;
            row[i + half] = x - y;
          }
        }
      }
      for (let i = first; i < first + width; i++) row[i] *= scale;
    }
  };
}

/**
 * Unit vectors around 500 centres uniform on the sphere; noise of 0.9 of their length whose deviation along axis i falls as (i + 1)^-0.35,
 * turned so that no coordinate is an axis.
 * @returns a function that gives the next `count` rows, one after the other
 */
export function clusteredRows(dims, seed = 42) {
  const next = uniform(seed);
  const gaussian = normal(next);
  const mix = turn(dims, next);
  const centres = Float64Array.from({ length: 500 * dims }, gaussian);
  for (let c = 0; c < 500; c++) normalize(centres.subarray(c * dims, (c + 1) * dims));
  const spread = Float64Array.from({ length: dims }, (_, i) => (i + 1) ** -0.35);
  const scale = 0.9 / Math.sqrt(spread.reduce((sum, x) => sum + x * x, 0));
  const noise = new Float64Array(dims);
  return (count) => {
    const rows = new Float32Array(count * dims);
    for (let r = 0; r < count; r++) {
      const centre = Math.floor(next() * 500) * dims;
      for (let i = 0; i < dims; i++) noise[i] = scale * spread[i] * gaussian();
      mix(noise);
      for (let i = 0; i < dims; i++) noise[i] += centres[centre + i];
      normalize(noise);
      rows.set(noise, r * dims);
    }
    return rows;
  };
}
