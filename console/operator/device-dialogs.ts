/** What can be done to one device, each with its consequence spelled out before it happens. */
import { html, LitElement, type TemplateResult } from 'lit';
import { beganWith, readBefore } from '../data/basis.ts';
import type { ApiError } from '../data/request.ts';
import type { Bundle, BundleVersion, Device } from '../data/types.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';
import { allowDeprecatedBox, versionWord } from './deprecated.ts';
import type { DeviceDialog } from './device-dialog-kind.ts';
import { pathTo } from './paths.ts';

class DeviceDialogs extends LitElement {
  static override properties = {
    device: { attribute: false },
    dialog: { attribute: false },
    error: { state: true },
    bundles: { state: true },
    versions: { state: true },
    busy: { state: true },
  };
  app!: App;
  device!: Device;
  dialog: DeviceDialog = 'none';
  error: ApiError | null = null;
  bundles: Bundle[] | null = null;
  versions: BundleVersion[] = [];
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('dialog')) return;
    this.error = null;
    if (this.dialog === 'deploy') void this.#loadBundles();
  }

  /** Whoever was refused sees next how it is by now. */
  #close(isChanged = this.error !== null): void {
    this.dispatchEvent(new CustomEvent('closed', { detail: { changed: isChanged } }));
  }

  async #loadBundles(): Promise<void> {
    try {
      this.bundles = await this.app.api.bundles();
      const [first] = this.bundles;
      if (first !== undefined) await this.#loadVersions(first.id);
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #loadVersions(bundleId: string): Promise<void> {
    this.versions = await this.app.api.versions(bundleId);
  }

  async #do(act: () => Promise<unknown>, said: string, leave = false): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = null;
    try {
      await act();
      notify('ok', said);
      if (leave) this.app.navigate(pathTo.fleet());
      else this.#close(true);
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  #buttons(label: string, look: string): TemplateResult {
    return html`<div class="dialog-actions">
      <button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
      <button type="submit" class="button ${look}" aria-busy=${this.busy ? 'true' : 'false'}>${label}</button>
    </div>`;
  }

  #rename(): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const name = String(new FormData(event.currentTarget as HTMLFormElement).get('name')).trim();
      const read = readBefore(event.currentTarget, this.device);
      void this.#do(() => this.app.api.rename(read, name), `Renamed to ${name}.`);
    };
    return html`<form class="stack" @submit=${submit} @input=${(event: Event) => beganWith(event.currentTarget, this.device)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="device-name">Name</label>
        <input class="input" id="device-name" name="name" value=${this.device.name} required maxlength="200" autofocus />
        <span class="hint">Only the name people see. The device keeps its id, its key and its history.</span></div>
      ${this.#buttons('Rename', 'primary')}
    </form>`;
  }

  #remove(): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(
        () => this.app.api.remove(this.device.id),
        `${this.device.name} is deleted.`,
        true,
      );
    };
    return html`<form class="stack" @submit=${submit}>
      <p>The cloud stops accepting this device at once, and it disappears from the fleet. What runs on it keeps running:
        the device is not wiped and can't be reached from here afterwards. To come back it must register again.</p>
      ${errorNotice(this.error)}
      <label class="check"><input type="checkbox" required /><span>I understand that ${this.device.name} can't be brought back from here</span></label>
      ${this.#buttons('Delete device', 'danger solid')}
    </form>`;
  }

  #deploy(): TemplateResult {
    const { bundles } = this;
    if (bundles === null)
      return html`${errorNotice(this.error)}<p class="muted" role="status">Loading bundles…</p>`;
    if (bundles.length === 0)
      return html`<p>There is no bundle yet. <a href=${pathTo.bundles()}>Create one</a> and give it a version first.</p>`;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = new FormData(event.currentTarget as HTMLFormElement);
      const bundleId = String(form.get('bundle'));
      const version = String(form.get('version'));
      void this.#do(
        () => this.app.api.deploy(this.device.id, bundleId, version, form.has('deprecated')),
        `${this.device.name} is asked to run ${version}.`,
      );
    };
    return html`<form class="stack" @submit=${submit}>
      ${errorNotice(this.error)}
      <div class="field"><label for="deploy-bundle">Bundle</label>
        <select class="input" id="deploy-bundle" name="bundle" @change=${(event: Event) => void this.#loadVersions((event.target as HTMLSelectElement).value)}>
          ${bundles.map((bundle) => html`<option value=${bundle.id}>${bundle.name}</option>`)}</select></div>
      <div class="field"><label for="deploy-version">Version</label>
        <select class="input" id="deploy-version" name="version" required>
          ${this.versions.map((version) => html`<option value=${version.version}>${versionWord(version)}</option>`)}</select></div>
      ${allowDeprecatedBox(this.versions)}
      ${notice(
        'info',
        html`<p>The device downloads and checks everything first, then swaps. If the new version is not healthy in time, the one before comes back by itself.${
          this.device.presence === 'online'
            ? ''
            : ' It is not online now: it starts as soon as it is reached.'
        }</p>`,
      )}
      ${this.#buttons('Deploy', 'primary')}
    </form>`;
  }

  #withdraw(bundleId: string, name: string): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(
        () => this.app.api.withdraw(this.device.id, bundleId),
        `${name} will be removed from ${this.device.name}.`,
      );
    };
    return html`<form class="stack" @submit=${submit}>
      <p>The device stops the containers of ${name} and removes them. Its volumes stay. Other bundles are not touched.</p>
      ${errorNotice(this.error)} ${this.#buttons('Remove bundle', 'danger solid')}
    </form>`;
  }

  protected override render() {
    const { dialog: shown } = this;
    const onClose = () => this.#close();
    const withdraw = typeof shown === 'object' ? shown : null;
    return html`
      ${dialog({ label: 'Rename device', open: shown === 'rename', onClose, body: () => this.#rename() })}
      ${dialog({ label: `Delete ${this.device.name}?`, open: shown === 'remove', onClose, body: () => this.#remove() })}
      ${dialog({ label: `Deploy to ${this.device.name}`, open: shown === 'deploy', onClose, body: () => this.#deploy() })}
      ${dialog({ label: `Remove ${withdraw?.name ?? 'bundle'}?`, open: withdraw !== null, onClose, body: () => (withdraw === null ? html`` : this.#withdraw(withdraw.withdraw, withdraw.name)) })}`;
  }
}
customElements.define('device-dialogs', DeviceDialogs);
