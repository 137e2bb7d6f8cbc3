/**
 * `<device-metadata>`: what people note of a device, one line a note. Written whole, so what is seen
 * is what is kept.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { notesIn } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError, refusedByRole } from './app.ts';

class DeviceMetadata extends LitElement {
  static override properties = {
    device: { attribute: false },
    editing: { state: true },
    error: { state: true },
    fault: { state: true },
  };
  app!: App;
  device!: Device;
  /** As it was when somebody began to write: what is renewed meanwhile takes nothing from the field. */
  editing: Device | null = null;
  error: ApiError | null = null;
  fault: string | null = null;

  protected override createRenderRoot() {
    return this;
  }

  async #save(event: SubmitEvent, device: Device): Promise<void> {
    event.preventDefault();
    this.error = null;
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('notes'));
    const read = notesIn(text);
    this.fault = read.kind === 'fault' ? read.reason : null;
    if (read.kind === 'fault') return;
    try {
      this.device = await this.app.api.annotate(device, read.notes);
      this.editing = null;
    } catch (error) {
      this.error = asError(error);
    }
    this.dispatchEvent(new CustomEvent('changed'));
  }

  #form(device: Device): TemplateResult {
    const text = Object.entries(device.metadata)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n');
    const details = this.error?.errors.map(({ message }) => message).join(' ') ?? '';
    const told = this.fault ?? details;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#save(event, device)}>
      ${errorNotice(this.error, 'at-the-fields')}${told === '' ? nothing : html`<p class="error-text" role="alert">${told}</p>`}
      <div class="field"><label for="notes">Notes</label>
        <textarea class="input mono" id="notes" name="notes" rows="5" spellcheck="false" .value=${text}></textarea>
        <span class="hint">One a line, such as <code>serial: A-17</code>. Tags find devices; notes only tell.</span></div>
      <div class="row"><button type="submit" class="button primary">Save</button>
        <button type="button" class="button" @click=${() => {
          this.editing = null;
        }}>Cancel</button></div></form>`;
  }

  protected override render() {
    const notes = Object.entries(this.device.metadata);
    return html`<section class="card" aria-labelledby="notes-title"><header><h2 id="notes-title">Notes</h2>
      ${
        this.editing
          ? nothing
          : actionButton({
              label: 'Edit notes',
              look: 'small',
              refused: refusedByRole(this.app.user),
              hushed: true,
              run: () => {
                this.error = null;
                this.fault = null;
                this.editing = this.device;
              },
            })
      }</header>
      <div class="body">${
        this.editing
          ? this.#form(this.editing)
          : notes.length === 0
            ? html`<p class="muted">None yet: a serial number, a cabinet, whom to call.</p>`
            : html`<dl class="facts">${notes.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
      }</div></section>`;
  }
}
customElements.define('device-metadata', DeviceMetadata);
