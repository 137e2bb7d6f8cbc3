/**
 * What changes a device's place or ends its life: moving, replacing its hardware, decommissioning.
 * Each says first what becomes of the device, of its site and of what runs.
 */
import { html, LitElement, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { Device } from '../data/types.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';
import type { DeviceDialog } from './device-dialog-kind.ts';
import { pathTo } from './paths.ts';

class DeviceLifeDialogs extends LitElement {
  static override properties = {
    device: { attribute: false },
    dialog: { attribute: false },
    error: { state: true },
    pending: { state: true },
    chosen: { state: true },
    busy: { state: true },
  };
  app!: App;
  device!: Device;
  dialog: DeviceDialog = 'none';
  error: ApiError | null = null;
  pending: Device[] | null = null;
  chosen = '';
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('dialog')) return;
    this.error = null;
    if (this.dialog === 'replace') void this.#loadPending();
  }

  #close(isChanged = false): void {
    this.dispatchEvent(new CustomEvent('closed', { detail: { changed: isChanged } }));
  }

  async #loadPending(): Promise<void> {
    try {
      this.pending = await this.app.api.pendingDevices();
      this.chosen = this.pending[0]?.id ?? '';
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #do(act: () => Promise<unknown>, said: string, then: () => void): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = null;
    try {
      await act();
      notify('ok', said);
      then();
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  #form(
    submit: (form: FormData) => void,
    body: TemplateResult,
    label: string,
    look: string,
  ): TemplateResult {
    const onSubmit = (event: SubmitEvent): void => {
      event.preventDefault();
      submit(new FormData(event.currentTarget as HTMLFormElement));
    };
    return html`<form class="stack" @submit=${onSubmit}>
      ${body} ${errorNotice(this.error)}
      <div class="dialog-actions">
        <button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
        <button type="submit" class="button ${look}" aria-busy=${this.busy ? 'true' : 'false'}>${label}</button>
      </div>
    </form>`;
  }

  #move(): TemplateResult {
    const { device } = this;
    return this.#form(
      (form) => {
        const site = String(form.get('site')).trim();
        void this.#do(
          () => this.app.api.move(device.id, site),
          `${device.name} moves to ${site}. It follows at its next contact.`,
          () => this.#close(true),
        );
      },
      html`<div class="field"><label for="device-site">Site</label>
        <input class="input" id="device-site" name="site" value=${device.site} required maxlength="63"
          pattern="[a-z0-9](?:[a-z0-9\\-]*[a-z0-9])?" title="Lower-case letters, digits and dashes, such as plant-9." autocapitalize="off" autofocus />
        <span class="hint">Lower-case letters, digits and dashes, such as plant-9.</span></div>
        <p>Its credentials for ${device.site} end at once, and ${device.site} gets a new site key. The device follows within
        seconds, or at its next contact if it is cut off. It keeps its id, its history and what runs on it. If it is the
        gateway, another device of ${device.site} takes over.</p>`,
      'Move device',
      'primary',
    );
  }

  #replace(): TemplateResult {
    const { device, pending } = this;
    if (pending === null)
      return html`${errorNotice(this.error)}<p class="muted" role="status">Loading devices…</p>`;
    if (pending.length === 0)
      return html`<p>No device waits for approval. Register the new hardware first, with a token that does not approve by itself.</p>`;
    const heir = pending.find(({ id }) => id === this.chosen);
    return this.#form(
      () => {
        void this.#do(
          () => this.app.api.replace(device.id, this.chosen),
          `${device.name} has new hardware. It connects by itself within half a minute.`,
          () => this.app.navigate(pathTo.device(this.chosen)),
        );
      },
      html`<div class="field"><label for="device-heir">New hardware</label>
        <select class="input" id="device-heir" name="heir" @change=${(event: Event) => {
          this.chosen = (event.target as HTMLSelectElement).value;
        }}>${pending.map((each) => html`<option value=${each.id} ?selected=${each.id === this.chosen}>${each.name} (${each.platform.hostname})</option>`)}</select></div>
        <p>Go on only if <code>signalbeam-agent status</code> on the new hardware shows this fingerprint:</p>
        <p class="fingerprint">${heir?.fingerprint ?? ''}</p>
        <p>It is approved and takes over the name, site, tags, groups and desired state of ${device.name}. The old hardware is
        refused for good, online within seconds, offline at its next contact; what runs on it goes on there until somebody
        stops it. Its history stays readable. This can't be undone.</p>`,
      'Replace hardware',
      'danger solid',
    );
  }

  #decommission(): TemplateResult {
    const { device } = this;
    return this.#form(
      (form) => {
        const wipe = form.get('workloads') === null ? 'data' : 'workloads';
        void this.#do(
          () => this.app.api.decommission(device.id, wipe),
          `${device.name} is decommissioned. It wipes itself as soon as it hears of it.`,
          () => this.app.navigate(pathTo.fleet()),
        );
      },
      html`<p>The cloud stops accepting this device at once. As soon as it hears of that (now, or at its next contact) it wipes
        its keys and its data, and tells the cloud when it is done. Afterwards it can be registered afresh, here or elsewhere.</p>
        <label class="check"><input type="checkbox" name="workloads" /><span>Also remove what it runs: containers, their volumes with all data in them, and downloaded images.
          Otherwise they run on, with nobody to look after them.</span></label>
        <label class="check"><input type="checkbox" required /><span>I understand that ${device.name} can't be brought back, and that what it has not sent yet is lost</span></label>`,
      'Decommission device',
      'danger solid',
    );
  }

  protected override render() {
    const { dialog: shown, device } = this;
    const onClose = () => this.#close();
    return html`
      ${dialog({ label: `Move ${device.name}`, open: shown === 'move', onClose, body: () => this.#move() })}
      ${dialog({ label: `Replace the hardware of ${device.name}?`, open: shown === 'replace', onClose, body: () => this.#replace() })}
      ${dialog({ label: `Decommission ${device.name}?`, open: shown === 'decommission', onClose, body: () => this.#decommission() })}`;
  }
}
customElements.define('device-life-dialogs', DeviceLifeDialogs);
