/** Asks before a device is turned away, and says what that means for it. */
import { html, LitElement } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { Device } from '../data/types.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';

class RejectDevice extends LitElement {
  static override properties = { device: { attribute: false }, error: { state: true } };
  app!: App;
  device: Device | null = null;
  error: ApiError | null = null;

  protected override createRenderRoot() {
    return this;
  }

  #close(): void {
    this.error = null;
    this.dispatchEvent(new CustomEvent('closed'));
  }

  async #reject(event: SubmitEvent, device: Device): Promise<void> {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason') ?? '');
    try {
      await this.app.api.reject(device.id, reason);
      notify('ok', `${device.name} is rejected.`);
      this.#close();
    } catch (error) {
      this.error = asError(error);
    }
  }

  protected override render() {
    const { device } = this;
    return dialog({
      label: device === null ? 'Reject device' : `Reject ${device.name}?`,
      open: device !== null,
      onClose: () => this.#close(),
      body: () => html`<form class="stack" @submit=${(event: SubmitEvent) => device && void this.#reject(event, device)}>
        <p>The device receives no keys and can't connect. It is told so, with your reason. To join later it must register again with a new key.</p>
        ${errorNotice(this.error)}
        <div class="field"><label for="reject-reason">Reason <span class="muted">(optional, shown on the device)</span></label>
          <input class="input" id="reject-reason" name="reason" maxlength="500" /></div>
        <div class="dialog-actions">
          <button type="button" class="button" @click=${() => this.#close()}>Keep waiting</button>
          <button type="submit" class="button danger solid">Reject device</button>
        </div>
      </form>`,
    });
  }
}
customElements.define('reject-device', RejectDevice);
