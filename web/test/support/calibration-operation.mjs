// SPDX-License-Identifier: Apache-2.0
// The conformance operation score/calibration: which calibration is meant is told by the names of its inputs.
import { fitRelevance, relevanceOf, softmax } from 'simile';

const at = (model, scores) => scores.map((score) => relevanceOf(model, score));

export async function calibration(input) {
  if ('cos' in input) return { p: at({ method: 'sigmoid', scale: input.t, offset: input.b }, input.cos) };
  if ('scores' in input) {
    const model = await fitRelevance(input.scores, input.labels, { method: 'platt' });
    return { A: model.a, B: model.b, p: at(model, input.at) };
  }
  if ('x' in input) {
    const model = await fitRelevance(input.x, input.y, { method: 'isotonic' });
    return { knots: model.steps.map((step) => [...step]), p: at(model, input.at) };
  }
  if ('s' in input) return { p: [...softmax(input.s, input.t)] };
  // Probabilities stand for cosines.
  const cosine = (p) => 2 * p - 1;
  const model = await fitRelevance(input.p.map(cosine), input.labels, { method: 'beta' });
  return { abc: [model.a, model.b, model.c], q: at(model, (input.at ?? input.p).map(cosine)) };
}
