// SPDX-License-Identifier: Apache-2.0

/** Adopted as a sheet, which a page's policy of styles does not refuse. Colours follow the page's `color-scheme`. @internal */
export const styles = `
:host {
  --_accent: var(--simile-accent, light-dark(#0b57d0, #a8c7fa));
  --_text: var(--simile-text, light-dark(#1b1b1f, #e6e6ea));
  --_muted: var(--simile-muted, light-dark(#55565c, #b4b5bb));
  --_surface: var(--simile-surface, light-dark(#ffffff, #1f2024));
  --_border: var(--simile-border, light-dark(#767780, #8d8e96));
  --_active: var(--simile-active, light-dark(#e8eefb, #2f3747));
  --_mark: var(--simile-mark, light-dark(#fde68a, #6b5608));
  --_radius: var(--simile-radius, 0.5rem);
  display: block;
  position: relative;
  color: var(--_text);
  font-family: var(--simile-font, system-ui, sans-serif);
  font-size: max(1rem, 16px);
  line-height: 1.4;
  text-align: start;
}
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
[part='box'] {
  display: flex;
  align-items: center;
  gap: 0.5rem;
  min-block-size: 44px;
  padding-inline: 0.75rem 0;
  border: 1px solid var(--_border);
  border-radius: var(--_radius);
  background: var(--_surface);
}
[part='box']:focus-within { outline: 2px solid var(--_accent); outline-offset: 1px; border-color: var(--_accent); }
[part='icon'] { flex: none; inline-size: 1.25rem; block-size: 1.25rem; color: var(--_muted); }
[part='input'] {
  flex: 1;
  min-inline-size: 0;
  min-block-size: 42px;
  padding: 0;
  border: 0;
  outline: 0;
  background: none;
  color: inherit;
  font: inherit;
  text-align: start;
}
[part='input']::placeholder { color: var(--_muted); opacity: 1; }
[part='shortcut'] {
  flex: none;
  margin-inline-end: 0.75rem;
  padding: 0.1rem 0.4rem;
  border: 1px solid var(--_border);
  border-radius: 0.3rem;
  color: var(--_muted);
  font: inherit;
  font-size: 0.75rem;
  white-space: nowrap;
}
[part='clear'] {
  flex: none;
  display: grid;
  place-items: center;
  inline-size: 44px;
  block-size: 42px;
  padding: 0;
  border: 0;
  border-radius: var(--_radius);
  background: none;
  color: var(--_muted);
  font: inherit;
  cursor: pointer;
}
[part='clear']:focus-visible { outline: 2px solid var(--_accent); outline-offset: -3px; }
[part='clear'] svg { inline-size: 1.1rem; block-size: 1.1rem; }
[part='panel'] {
  position: absolute;
  inset-block-start: calc(100% + 0.35rem);
  inset-inline: 0;
  z-index: var(--simile-layer, 10);
  max-block-size: var(--simile-panel-size, min(60vh, 28rem));
  overflow: auto;
  overscroll-behavior: contain;
  border: 1px solid var(--_border);
  border-radius: var(--_radius);
  background: var(--_surface);
  box-shadow: 0 0.5rem 1.5rem rgb(0 0 0 / 20%);
}
[part='list'] { padding: 0.25rem; }
[part~='option'] {
  display: flex;
  flex-direction: column;
  justify-content: center;
  min-block-size: 44px;
  padding: 0.45rem 0.65rem;
  border-radius: calc(var(--_radius) - 0.15rem);
  border-inline-start: 3px solid transparent;
  cursor: pointer;
  overflow-wrap: anywhere;
}
[part~='active'] { background: var(--_active); border-inline-start-color: var(--_accent); }
[part='title'] { font-weight: 600; unicode-bidi: plaintext; text-align: start; }
[part='excerpt'] {
  display: -webkit-box;
  overflow: hidden;
  color: var(--_muted);
  font-size: 0.875em;
  unicode-bidi: plaintext;
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 2;
}
[part~='active'] [part='excerpt'] { color: var(--_text); }
[part='mark'] { border-radius: 0.15rem; background: var(--_mark); color: var(--_text); }
[part='message'] { margin: 0; padding: 0.85rem 0.9rem; color: var(--_muted); overflow-wrap: anywhere; }
[part='status'] {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
@media (prefers-reduced-motion: no-preference) {
  [part='panel'] { animation: appear 120ms ease-out; }
  @keyframes appear { from { opacity: 0; transform: translateY(-0.25rem); } }
}
@media (forced-colors: active) {
  [part~='option'] { border-inline-start: 0; }
  [part~='active'] { outline: 2px solid Highlight; outline-offset: -2px; }
  [part='mark'] { background: Mark; color: MarkText; forced-color-adjust: none; }
}
`;
