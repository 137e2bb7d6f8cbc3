/**
 * One dialog: the caller's content in Web Awesome's frame, which keeps the focus inside and gives
 * it back. Closing by Escape, the cross or a button all end in `onClose`.
 */
import { html, type TemplateResult } from 'lit';

/** The module system loads it once, however often a dialog opens. */
export const loadOverlays = (): void => {
  void import('./overlays.ts');
};

/** Only the frame's own event counts: those of what is inside bubble too. */
const own = (run: () => void) => (event: Event) => {
  if (event.target === event.currentTarget) run();
};

export const dialog = (options: {
  label: string;
  open: boolean;
  onClose: () => void;
  body: () => TemplateResult;
}): TemplateResult => {
  if (options.open) loadOverlays();
  return html`<wa-dialog label=${options.label} ?open=${options.open} @wa-after-hide=${own(options.onClose)}>
    ${options.open ? options.body() : ''}
  </wa-dialog>`;
};

export const drawer = (options: {
  label: string;
  open: boolean;
  onClose: () => void;
  body: () => TemplateResult;
}): TemplateResult => {
  if (options.open) loadOverlays();
  return html`<wa-drawer label=${options.label} placement="bottom" ?open=${options.open} @wa-after-hide=${own(options.onClose)}>
    ${options.open ? options.body() : ''}
  </wa-drawer>`;
};
