// SPDX-License-Identifier: Apache-2.0
import type { Command } from '../command.js';
import { UsageError } from '../failure.js';
import { readIndex } from '../indexes.js';
import { bytesText } from '../terminal.js';

export const verify: Command = {
  name: 'verify',
  summary: 'whether a .simile file is whole',
  usage: 'FILE',
  positionals: [1, 1],
  options: {
    full: { type: 'boolean', help: 'also what the bytes mean: all numbers finite, ids unique and well formed' },
    structure: { type: 'boolean', help: 'only the header and the table of contents' },
  },
  examples: [
    'simile verify words.simile',
    'simile verify --full words.simile',
    'curl -s https://example.org/words.simile | simile verify -',
  ],
  async run(args, terminal) {
    const [path] = args.positionals as [string];
    if (args.has('full') && args.has('structure')) throw new UsageError('--full and --structure exclude each other');
    const level = args.has('full') ? 'full' : args.has('structure') ? 'structure' : 'checksum';
    const { index, bytes: file } = await readIndex(path, level);
    const bytes = file.length;
    const facts = { file: path, ok: true, verified: level, rows: index.size, dims: index.dims, bytes };
    const line = `${path}: ok (${level}), ${index.size.toLocaleString('en')} vectors of ${index.dims} dims, ${bytesText(bytes)}`;
    await terminal.result(facts, () => [line]);
  },
};
