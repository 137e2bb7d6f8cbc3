/**
 * Labels to print and stick on devices: the name, the site, the fingerprint to compare, and a QR code
 * of the device's page here. The address chooses which (`?status=pending`, `?query=…`).
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { createResource } from '../data/resource.ts';
import type { Device } from '../data/types.ts';
import { crumb } from '../ui/crumb.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { type App, followLive } from './app.ts';
import { pathTo } from './paths.ts';

const chosen = (): Record<string, string> => {
  const known = ['status', 'site', 'search', 'query', 'group'];
  const given = new URLSearchParams(location.search);
  return Object.fromEntries([...given].filter(([name]) => known.includes(name)));
};

class LabelsPage extends LitElement {
  app!: App;
  params: Params = {};
  #devices = createResource(this, () => this.app.api.devicePage(chosen(), null));

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      // What is about to be printed does not change under the hand.
      onEvent: () => {},
      onResync: () => this.#devices.refresh(),
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void import('@awesome.me/webawesome/dist/components/qr-code/qr-code.js');
  }

  protected override createRenderRoot() {
    return this;
  }

  #label(device: Device): TemplateResult {
    const page = new URL(pathTo.device(device.id), location.origin).href;
    return html`<li class="label"><wa-qr-code value=${page} label="QR code of the page of ${device.name}" size="96" radius="0" fill="#000" background="#fff"></wa-qr-code>
      <div class="label-text"><b>${device.name}</b><span>${device.site}</span><span class="fingerprint">${device.fingerprint}</span>
      <span class="small">${device.platform?.hostname ?? ''}</span></div></li>`;
  }

  protected override render() {
    const { value, error } = this.#devices;
    return html`<div class="page labels-page">
      <div>${crumb(pathTo.fleet(), 'Fleet')}<div class="page-head"><div><h1>Labels</h1>
        <p class="lead">Stick one on each device: whoever stands before it compares the fingerprint and finds its page.</p></div>
        <button type="button" class="button primary" @click=${() => window.print()}>Print</button></div></div>
      ${
        value === undefined
          ? loading(error, 3, this.#devices.refresh)
          : value.devices.length === 0
            ? emptyState(
                'router',
                'No device to label',
                html`<p>None is chosen by this address now. Devices that wait for approval come here from <a href=${pathTo.fleet()}>the fleet’s page</a>.</p>`,
              )
            : html`${errorNotice(error)}<ul class="labels" aria-label="Labels">${value.devices.map((device) => this.#label(device))}</ul>
              ${value.nextCursor === null ? nothing : html`<p class="muted">These are the first ${value.devices.length}. Narrow the choice for the others.</p>`}`
      }</div>`;
  }
}
customElements.define('labels-page', LabelsPage);
