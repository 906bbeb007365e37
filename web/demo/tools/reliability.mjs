// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {import('./calibrate.mjs').Calibration} Calibration
 * @typedef {import('./calibrate.mjs').Threshold} Threshold
 * @typedef {import('../corpus/calibration.mjs').Bin} Bin
 * @typedef {import('../corpus/calibration.mjs').Estimate} Estimate
 * @typedef {import('./calibrate.mjs').Comparison} Comparison
 */

const number = (/** @type {number} */ value) => value.toLocaleString('en-US');
const percent = (/** @type {number} */ part) => `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
const interval = (/** @type {Estimate} */ { low, high }, /** @type {(value: number) => string} */ show) => `${show(low)} to ${show(high)}`;
const thousandths = (/** @type {number} */ value) => value.toFixed(3);

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** @type {Record<string, string>} */
const kindNames = {
  verbatim: 'the definition in its own words',
  half: 'every second word of it replaced',
  most: 'every word replaced',
  absent: 'as the second, but the entry itself is not in the dictionary',
};

/**
 * The page about what scores mean. All its numbers are from the build.
 * @param {Calibration} calibration
 * @param {{ words: readonly string[][], rows: number }} corpus
 */
export function reliabilityPage({ words, cut, error, otherErrors, bins, fitted, held, kinds, comparison }, corpus) {
  return `<h1>What the scores mean</h1>
<p>A score is the cosine of two vectors. It says which of two answers is closer, but not whether close is close enough. So the build
asks this dictionary of ${number(corpus.rows)} meanings ${number(fitted.questions + held.questions)} questions to which it knows the right answers, and counts.</p>
<p>From half of them it learns the <strong>relevance</strong>: the part of answers with such a score that was right. The other half, which
it has not seen, is the test. This page is about that half, and the first three answers to each of its ${number(held.questions)} questions:
${number(held.answers)} answers, ${number(held.right)} of them right.</p>

<h2>The words</h2>
<div class="wide" tabindex="0" role="region" aria-label="The words"><table>
<thead><tr><th scope="col">Word</th><th scope="col">Score</th><th scope="col">Relevance</th><th scope="col">Of these, right (95 % interval)</th><th scope="col">Share of answers</th><th scope="col">Share of right ones</th></tr></thead>
<tbody>
${wordRow('strong', words.strong)}
${wordRow('likely', words.likely)}
${wordRow('weak', words.weak)}
</tbody></table></div>
<p>The limits are where, of all answers that are at least as close, four in five were right, or every second one. Weak is not wrong: many right
answers are weak, but most weak answers are not right. The slider begins at a score of ${cut.score.toFixed(2)}, which ${percent(cut.recall)} of the
right answers reach.</p>

<h2>Is it true?</h2>
<figure>
${diagram(bins)}
<figcaption>Each dot holds the answers of one fifteenth of the scale; the larger, the more of them. On the line, what was said is what was.</figcaption>
</figure>
<p>The expected calibration error, the mean distance of the dots from the line, is <strong id="ece">${thousandths(error.value)}</strong>
(95 % interval ${interval(error, thousandths)}, from drawing the questions anew 1,000 times).</p>
<details><summary>The dots as numbers</summary>
<table>
<thead><tr><th scope="col">Relevance</th><th scope="col">Answers</th><th scope="col">Said, on average</th><th scope="col">Right</th></tr></thead>
<tbody>
${bins.map(binRow).join('\n')}
</tbody></table></details>
<p>It is true of these answers together, not of every kind of them. The best answer to a question is right more often than a later one with
the same score: of the best ones alone the error is ${thousandths(otherErrors.first.value)} (${interval(otherErrors.first, thousandths)}), nearly all of it because
they are better than said. Of all ten answers it is ${thousandths(otherErrors.shown.value)} (${interval(otherErrors.shown, thousandths)}), because the later ones are
worse. A relevance knows only the score.</p>

<h2>The questions</h2>
<p>They are about entries of the dictionary drawn by lot. Most have words replaced by WordNet's synonyms and next broader meanings, which
is clumsy, and so are visitors. An answer is right if it is the entry, shares a word with it, or is its next of kin: a derived form, a similar
adjective, a narrower meaning.</p>
<div class="wide" tabindex="0" role="region" aria-label="The questions"><table>
<thead><tr><th scope="col">Question</th><th scope="col">For example</th><th scope="col">Right at the top</th><th scope="col">Among ten</th></tr></thead>
<tbody>
${kinds.map((kind) => kindRow(kind, corpus.words)).join('\n')}
</tbody></table></div>
${correction(comparison)}
<p>The scores of your own file have no words: nobody has judged answers from it. Nor have sums of words.</p>`;
}

/** @param {string} name @param {Threshold} threshold */
function wordRow(name, { score, relevance, precision, share, found }) {
  const from = name === 'weak' ? 'below' : `from ${score.toFixed(3)}`;
  const level = name === 'weak' ? 'below' : `from ${percent(relevance)}`;
  return `<tr><th scope="row">${name}</th><td class="whole">${from}</td><td class="whole">${level}</td><td>${percent(precision.value)} (${interval(precision, percent)})</td><td>${percent(share)}</td><td>${percent(found)}</td></tr>`;
}

/** @param {Bin} bin */
const binRow = ({ low, high, count, relevance, right }) =>
  `<tr><td>${percent(low)} to ${percent(high)}</td><td>${number(count)}</td><td>${percent(relevance)}</td><td>${percent(right)}</td></tr>`;

/** @param {Calibration['kinds'][number]} kind @param {readonly string[][]} words */
function kindRow({ kind, first, shown, sample }, words) {
  return `<tr><th scope="row">${kindNames[kind]}</th><td>“${escaped(sample.text)}” (${escaped(words[sample.row][0])})</td><td>${percent(first)}</td><td>${percent(shown)}</td></tr>`;
}

/** @param {Comparison} comparison */
function correction({ plain, corrected, bank, nearest }) {
  const gain = corrected.shown - plain.shown;
  const verdict = Math.abs(gain) < 0.005 ? 'Here it changes little, so it is off at first.'
    : gain > 0 ? 'It helps a little. It is off at first, because the order is then not that of the scores.' : 'Here it does more harm than good, so it is off at first.';
  return `<h2>Hub-corrected</h2>
<p>Some entries come close to nearly every question. For each entry, the index file knows how close the nearest ${nearest} of ${number(bank)} questions
come to it; the switch takes half of that off the entry before ranks are given (“nearest neighbour normalization”). Of the held-out questions,
${percent(plain.first)} have a right answer at the top without it and ${percent(corrected.first)} with it; among the first ten, ${percent(plain.shown)} and ${percent(corrected.shown)}. ${verdict}</p>`;
}

const side = 400;
const margin = { left: 64, right: 28, top: 12, bottom: 48 };

/** What was said against what was, as SVG without styles of its own, which the page's policy would refuse. @param {readonly Bin[]} bins */
function diagram(bins) {
  const x = (/** @type {number} */ part) => (margin.left + part * side).toFixed(1);
  const y = (/** @type {number} */ part) => (margin.top + (1 - part) * side).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const most = Math.max(...bins.map(({ count }) => count));
  const radius = (/** @type {number} */ count) => (4 + 10 * Math.sqrt(Math.log1p(count) / Math.log1p(most))).toFixed(1);
  const [width, height] = [margin.left + side + margin.right, margin.top + side + margin.bottom];
  return `<svg class="reliability" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="diagram-title diagram-text">
<title id="diagram-title">Reliability diagram</title>
<desc id="diagram-text">The part of answers that was right rises with the relevance that was said: ${bins.map(({ relevance, right }) => `${percent(right)} at ${percent(relevance)}`).join(', ')}.</desc>
${ticks.map((tick) => `<path class="grid" d="M${x(tick)} ${y(0)}V${y(1)}M${x(0)} ${y(tick)}H${x(1)}"/>`).join('')}
<path class="ideal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>
${bins.map(({ relevance, right }) => `<path class="gap" d="M${x(relevance)} ${y(right)}V${y(relevance)}"/>`).join('')}
${bins.map(({ relevance, right, count }) => `<circle cx="${x(relevance)}" cy="${y(right)}" r="${radius(count)}"/>`).join('')}
${ticks.map((tick) => `<text class="tick" x="${x(tick)}" y="${margin.top + side + 18}" text-anchor="middle">${percent(tick)}</text><text class="tick" x="${margin.left - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${percent(tick)}</text>`).join('')}
<text class="axis" x="${margin.left + side / 2}" y="${height - 6}" text-anchor="middle">relevance that was said</text>
<text class="axis" transform="translate(13 ${margin.top + side / 2}) rotate(-90)" text-anchor="middle">part that was right</text>
</svg>`;
}

/** For a corpus with too few questions. */
export const noReliability = `<h1>What the scores mean</h1>
<p>This dictionary was built with too few meanings to measure it, so its scores have no words. <a href="./">Back to the search</a></p>`;
