/** Signing in at the device: a code that whoever stands before it can have printed. It works once. */
import { html, LitElement } from 'lit';
import { ApiError, type Ask } from '../data/request.ts';
import { command } from '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';

class DeviceSignIn extends LitElement {
  static override properties = {
    open: { type: Boolean },
    refusal: { state: true },
    busy: { state: true },
  };
  ask!: Ask;
  open = false;
  refusal: ApiError | null = null;
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  #close(signedIn: boolean): void {
    this.refusal = null;
    this.dispatchEvent(new CustomEvent('closed', { detail: { signedIn } }));
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const code = String(new FormData(form).get('code')).trim().toUpperCase();
    this.busy = true;
    try {
      await this.ask('POST', '/api/local/session', { code });
      this.#close(true);
    } catch (error) {
      this.refusal = error instanceof ApiError ? error : null;
      form.querySelector<HTMLInputElement>('#code')?.select();
    }
    this.busy = false;
  }

  protected override render() {
    return dialog({
      label: 'Sign in at this device',
      open: this.open,
      onClose: () => this.#close(false),
      body: () => html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <p>Run this on the device, and enter the code it prints. It works once, within ten minutes.</p>
        ${command('signalbeam-agent console-code', 'Command to run on the device')}
        ${errorNotice(this.refusal)}
        <div class="field"><label for="code">Code</label><input class="input mono code" id="code" name="code" required minlength="8" maxlength="16"
          placeholder="XXXX-XXXX" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" autofocus aria-describedby="code-hint" />
          <span class="hint" id="code-hint">Capital or small letters, with or without the dash.</span></div>
        <div class="dialog-actions"><button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : 'false'}>Sign in</button></div></form>`,
    });
  }
}
customElements.define('device-sign-in', DeviceSignIn);
