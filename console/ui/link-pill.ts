/** How fresh the screen is: Live, Reconnecting or Offline, with the time its data is from. */
import { html, LitElement, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import type { LinkState } from '../data/stream.ts';
import { glyph } from './glyph.ts';

class LinkPill extends LitElement {
  static override properties = { state: { attribute: false } };
  state: LinkState = { kind: 'connecting', dataFrom: null };

  protected override createRenderRoot() {
    return this;
  }

  /** A phone leaves out since when, until the link is given up: a link that flickers moves nothing on the page. */
  #words(): TemplateResult {
    const { kind, dataFrom } = this.state;
    const from = dataFrom === null ? '' : ` – data from ${clockOf(dataFrom, Date.now())}`;
    switch (kind) {
      case 'live':
        return html`Live`;
      case 'connecting':
        return html`Connecting`;
      case 'reconnecting':
        return html`Reconnecting<span class="data-from">${from}</span>`;
      case 'offline':
        return html`Offline${from}`;
    }
  }

  protected override render() {
    const { kind } = this.state;
    const shape = kind === 'live' ? 'disc' : kind === 'offline' ? 'broken' : 'half';
    return html`<span class="pill ${kind}" role="status">${glyph(shape)}${this.#words()}</span>`;
  }
}
customElements.define('link-pill', LinkPill);
