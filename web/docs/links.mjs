// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';

const decoded = (text) => decodeURIComponent(text.replaceAll('&amp;', '&'));

/** Names in a page that a link can lead to. */
const anchorsOf = (html) => new Set(Array.from(html.matchAll(/\s(?:id|name)="([^"]*)"/g), ([, name]) => decoded(name)));

/**
 * Links within a site that lead nowhere.
 * @param pages - HTML by path
 * @param isThere - whether there is a file of a path
 */
export function brokenLinks(pages, isThere) {
  const anchors = new Map(Array.from(pages, ([path, html]) => [path, anchorsOf(html)]));
  const broken = [];
  for (const [page, html] of pages) {
    for (const [, link] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      if (/^([a-z]+:|\/\/)/i.test(link)) continue;
      const [address, anchor] = link.split('#');
      const path = address === '' ? page : posix.normalize(posix.join(posix.dirname(page), decoded(address.split('?')[0])));
      if (path.startsWith('..') || path.startsWith('/') || !isThere(path)) broken.push({ page, link, why: 'leads to no file' });
      else if (anchor && anchors.has(path) && !anchors.get(path).has(decoded(anchor)))
        broken.push({ page, link, why: 'leads to no place in the file' });
    }
  }
  return broken;
}
