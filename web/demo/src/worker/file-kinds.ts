// SPDX-License-Identifier: Apache-2.0

export type FileKind = 'txt' | 'md' | 'csv' | 'jsonl';

const maxFileBytes = 20e6;

const kinds: Readonly<Record<string, FileKind>> = {
  txt: 'txt',
  text: 'txt',
  md: 'md',
  markdown: 'md',
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};

/** By the end of the name; undefined: none that the page reads. */
export const fileKindOf = (name: string): FileKind | undefined => kinds[/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''];

/** What can be said against a file without reading it, as a sentence for the visitor. */
export function problemOf({ name, size }: { readonly name: string; readonly size: number }): string | undefined {
  if (!fileKindOf(name)) return `This page reads .txt, .md, .csv and .jsonl files; ${name} is none of them.`;
  if (size === 0) return `${name} is empty.`;
  if (size > maxFileBytes) return `${name} has ${(size / 1e6).toFixed(1)} MB; this page takes files of up to ${maxFileBytes / 1e6} MB.`;
  return undefined;
}
