/** Placing a hold: for how long, and why, since the operator reads it far away. */
import { html, LitElement } from 'lit';
import { ApiError, type Ask } from '../data/request.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';

const periods = [
  [60, '1 hour'],
  [240, '4 hours'],
  [480, '8 hours'],
  [1_440, '1 day'],
  [10_080, '7 days'],
] as const;
const standard = 240;

class HoldForm extends LitElement {
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

  #close(placed: boolean): void {
    this.refusal = null;
    this.dispatchEvent(new CustomEvent('closed', { detail: { placed } }));
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const minutes = Number(form.get('minutes'));
    const reason = String(form.get('reason')).trim();
    this.busy = true;
    try {
      await this.ask('PUT', '/api/local/hold', { minutes, reason });
      this.#close(true);
    } catch (error) {
      this.refusal = error instanceof ApiError ? error : null;
    }
    this.busy = false;
  }

  protected override render() {
    return dialog({
      label: 'Hold this device',
      open: this.open,
      onClose: () => this.#close(false),
      body: () => html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <p>While you hold it, the agent starts, stops, removes and repairs nothing here: what you stop stays stopped. An update that has already begun to take over is finished. New versions are fetched and wait.</p>
        ${errorNotice(this.refusal)}
        <div class="field"><label for="hold-minutes">At most for</label><select class="input" id="hold-minutes" name="minutes" autofocus>${periods.map(
          ([minutes, words]) =>
            html`<option value=${minutes} ?selected=${minutes === standard}>${words}</option>`,
        )}</select><span class="hint">It ends by itself after that, or when you end it.</span></div>
        <div class="field"><label for="hold-reason">What are you doing?</label><input class="input" id="hold-reason" name="reason" maxlength="200"
          placeholder="Replacing the fan" autocomplete="off" aria-describedby="hold-hint" /><span class="hint" id="hold-hint">The operator reads this in the cloud.</span></div>
        <div class="dialog-actions"><button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : 'false'}>Hold</button></div></form>`,
    });
  }
}
customElements.define('hold-form', HoldForm);
