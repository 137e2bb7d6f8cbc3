/**
 * Signing in at the device: by a code that whoever stands before it can have printed, which works once,
 * or by a grant that the operator gave to a person.
 */
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
    const given = new FormData(form);
    const grant = String(given.get('grant')).trim();
    const code = String(given.get('code')).trim().toUpperCase();
    this.busy = true;
    try {
      await this.ask('POST', '/api/local/session', grant === '' ? { code } : { grant });
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
        <div class="field"><label for="code">Code</label><input class="input mono code" id="code" name="code" minlength="8" maxlength="16"
          placeholder="XXXX-XXXX" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" autofocus aria-describedby="code-hint" />
          <span class="hint" id="code-hint">Capital or small letters, with or without the dash.</span></div>
        <details><summary>I have a grant from the operator</summary>
          <div class="field"><label for="grant">Grant</label><textarea class="input mono" id="grant" name="grant" rows="4" maxlength="3200" spellcheck="false" autocapitalize="off" autocomplete="off" placeholder="sbg_…" aria-describedby="grant-hint"></textarea>
          <span class="hint" id="grant-hint">Paste it whole. It works without internet, at every device of its site, until it ends.</span></div></details>
        <div class="dialog-actions"><button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : 'false'}>Sign in</button></div></form>`,
    });
  }
}
customElements.define('device-sign-in', DeviceSignIn);
