/** Which devices shall run a bundle, by version, a page at a time. */
import { html, LitElement, nothing } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { AssignedDevice } from '../data/types.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError } from './app.ts';
import { pathTo } from './paths.ts';

class BundleDevices extends LitElement {
  static override properties = {
    bundleId: { attribute: false },
    devices: { state: true },
    nextCursor: { state: true },
    error: { state: true },
  };
  app!: App;
  bundleId = '';
  devices: readonly AssignedDevice[] | null = null;
  nextCursor: string | null = null;
  error: ApiError | null = null;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#more(null);
  }

  async #more(cursor: string | null): Promise<void> {
    try {
      const page = await this.app.api.bundleDevices(this.bundleId, cursor);
      this.devices = [...(cursor === null ? [] : (this.devices ?? [])), ...page.devices];
      this.nextCursor = page.nextCursor;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  protected override render() {
    const { devices, nextCursor } = this;
    return html`<section class="card" aria-labelledby="on-devices"><header><h2 id="on-devices">Devices that shall run it</h2></header>
      ${errorNotice(this.error)}
      ${devices !== null && devices.length === 0 ? html`<p class="padded muted">No device yet.</p>` : nothing}
      ${
        devices === null || devices.length === 0
          ? nothing
          : html`<div class="scroll"><table class="fold">
        <thead><tr><th scope="col">Device</th><th scope="col">Site</th><th scope="col">Version</th><th scope="col">Says</th></tr></thead>
        <tbody>${devices.map(
          (
            device,
          ) => html`<tr><td><a class="title" href=${pathTo.device(device.deviceId)}>${device.name}</a></td>
            <td class="muted wide">${device.site}</td><td>${device.version}</td><td class="muted wide">${device.status}</td></tr>`,
        )}</tbody></table></div>`
      }
      ${nextCursor === null ? nothing : html`<p class="padded"><button type="button" class="button small" @click=${() => void this.#more(nextCursor)}>Show more</button></p>`}
    </section>`;
  }
}
customElements.define('bundle-devices', BundleDevices);
