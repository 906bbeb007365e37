// SPDX-License-Identifier: Apache-2.0
import type { Index } from '../../index.js';
import type { Command } from '../command.js';
import { readIndex } from '../indexes.js';
import { bytesText } from '../terminal.js';

/** What an index's metadata says of itself, as far as this package writes it. */
function kindOf({ metadata }: Index): string {
  if (metadata === '') return 'index';
  try {
    const { kind, format } = JSON.parse(metadata) as { kind?: unknown; format?: unknown };
    if (kind === 'simile/word-vectors') return 'word vectors';
    return format === 'simile collection' ? 'collection' : 'index';
  } catch {
    return 'index';
  }
}

export const isCollection = (index: Index): boolean => kindOf(index) === 'collection';

/** The embedder that is named in the metadata, of an index, a collection or word vectors. */
export function embedderOf({ metadata }: Index): unknown {
  try {
    const { embedder, settings } = JSON.parse(metadata) as { embedder?: unknown; settings?: { embedder?: unknown } };
    return embedder ?? settings?.embedder;
  } catch {
    return undefined;
  }
}

export const info: Command = {
  name: 'info',
  summary: 'what is in a .simile file',
  usage: 'FILE',
  positionals: [1, 1],
  options: { metadata: { type: 'boolean', help: 'prints the metadata alone, as it stands in the file' } },
  examples: ['simile info words.simile', 'simile info words.simile --json', 'simile info words.simile --metadata'],
  async run(args, terminal) {
    const [path] = args.positionals as [string];
    const { index, bytes: file } = await readIndex(path);
    const bytes = file.length;
    if (args.has('metadata')) return terminal.result(index.metadata, () => [index.metadata]);
    const facts = {
      file: path,
      kind: kindOf(index),
      rows: index.size,
      dims: index.dims,
      similarity: index.similarity,
      codec: index.codec,
      levels: index.levels,
      bytes,
      bytesPerVector: index.size === 0 ? null : Math.round((10 * bytes) / index.size) / 10,
      embedder: embedderOf(index) ?? null,
      relevance: index.relevance?.method ?? null,
      bankSize: index.bankSize,
      metadataLength: index.metadata.length,
    };
    await terminal.result(facts, () => [
      `${path}: ${facts.kind} of ${facts.rows.toLocaleString('en')} vectors of ${facts.dims} dims`,
      `similarity  ${facts.similarity}`,
      `codec       ${facts.codec}, ${facts.levels} level${facts.levels === 1 ? '' : 's'}`,
      `size        ${bytesText(bytes)}${facts.bytesPerVector === null ? '' : `, ${facts.bytesPerVector} bytes a vector`}`,
      ...(facts.embedder === null ? [] : [`embedder    ${JSON.stringify(facts.embedder)}`]),
      ...(facts.relevance === null ? [] : [`relevance   ${facts.relevance}`]),
      ...(facts.bankSize === 0 ? [] : [`hubness     a bank of ${facts.bankSize} queries`]),
      ...(facts.metadataLength === 0 ? [] : [`metadata    ${facts.metadataLength.toLocaleString('en')} characters`]),
    ]);
  },
};
