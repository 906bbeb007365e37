// SPDX-License-Identifier: Apache-2.0

/** A combination such as `mod+k` or `/`; `mod` is the Command key of a Mac and Control elsewhere. @internal */
export interface Shortcut {
  readonly key: string;
  readonly mod: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
}

const isMac = (): boolean => /mac|iphone|ipad/i.test(navigator.platform);

/** @returns undefined for what names no key @internal */
export function shortcutOf(text: string | null): Shortcut | undefined {
  const parts = (text ?? '')
    .toLowerCase()
    .split('+')
    .map((part) => part.trim());
  const key = parts.pop();
  if (!key || parts.some((part) => !['mod', 'shift', 'alt'].includes(part))) return undefined;
  return { key, mod: parts.includes('mod'), shift: parts.includes('shift'), alt: parts.includes('alt') };
}

/** How a person reads it. @internal */
export function shownShortcut({ key, mod, shift, alt }: Shortcut): string {
  const names = [mod && (isMac() ? '⌘' : 'Ctrl'), alt && 'Alt', shift && 'Shift', key.length === 1 ? key.toUpperCase() : key];
  return names.filter(Boolean).join(isMac() ? ' ' : '+');
}

/** Where keys are written into: there a shortcut of a single key is a letter. */
function isWriting(event: Event): boolean {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

/** @internal */
export function matches({ key, mod, shift, alt }: Shortcut, event: KeyboardEvent): boolean {
  if (event.isComposing || event.key.toLowerCase() !== key || event.altKey !== alt) return false;
  if (mod !== (isMac() ? event.metaKey : event.ctrlKey)) return false;
  // A key such as ? is made with Shift.
  if ((mod || alt || key.length > 1 || /[a-z]/.test(key)) && event.shiftKey !== shift) return false;
  return mod || alt || !isWriting(event);
}
