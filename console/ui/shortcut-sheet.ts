/** The `?` sheet: the keys as they are registered, so it can't be wrong. */
import { html, type TemplateResult } from 'lit';
import { dialog } from './dialog.ts';
import type { Shortcut } from './shortcuts.ts';

export const shortcutSheet = (
  shortcuts: readonly Shortcut[],
  open: boolean,
  onClose: () => void,
): TemplateResult =>
  dialog({
    label: 'Keyboard shortcuts',
    open,
    onClose,
    body: () => html`<dl class="facts keys">
      ${shortcuts.map(
        (
          shortcut,
        ) => html`<dt>${shortcut.keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt>
          <dd>${shortcut.title}</dd>`,
      )}
      <dt><kbd>Enter</kbd></dt><dd>Open what is focused</dd>
      <dt><kbd>Esc</kbd></dt><dd>Close a dialog</dd>
    </dl>`,
  });
