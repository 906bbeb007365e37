// SPDX-License-Identifier: Apache-2.0
// Searches by vectors and words together: what they find, by the ways to fuse, and how long they take beside MiniSearch, in Node on one thread.
//   npm run bench:hybrid [-- --only quality|speed] [--rows ROWS] [--dims DIMS] [--queries QUERIES] [--candidates HITS of each list]
import { parseArgs } from 'node:util';
import { measureQuality } from './hybrid/quality.mjs';
import { measureSpeed } from './hybrid/speed.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rows: { type: 'string', default: '100000' },
    dims: { type: 'string', default: '384' },
    queries: { type: 'string', default: '300' },
    candidates: { type: 'string', default: '50' },
  },
});

const [rows, dims, queries, candidates] = [options.rows, options.dims, options.queries, options.candidates].map(Number);
if (options.only !== 'speed' && !(await measureQuality(candidates)))
  console.log('\nNOT MEASURED: what fusions find, for want of labelled sets (SIMILE_SHARED names their folder)');
if (options.only !== 'quality') await measureSpeed(rows, dims, queries, candidates);
