/**
 * Makes a registration token and shows the one command to run on the device. The token is shown
 * this once: the server keeps only its hash.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf, wordsIn } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { Group, RegistrationToken } from '../data/types.ts';
import { command } from '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { type App, asError } from './app.ts';

class AddDevice extends LitElement {
  static override properties = {
    open: { type: Boolean },
    sites: { attribute: false },
    made: { state: true },
    error: { state: true },
    groups: { state: true },
  };
  app!: App;
  open = false;
  sites: string[] = [];
  made: RegistrationToken | null = null;
  error: ApiError | null = null;
  groups: Group[] = [];

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('open') && this.open) void this.#loadGroups();
  }

  async #loadGroups(): Promise<void> {
    try {
      this.groups = (await this.app.api.groups()).filter(({ kind }) => kind === 'static');
    } catch (error) {
      this.error = asError(error);
    }
  }

  #close(): void {
    this.made = null;
    this.error = null;
    this.dispatchEvent(new CustomEvent('closed'));
  }

  async #make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const group = String(form.get('group') ?? '');
    const tags = wordsIn(String(form.get('tags')));
    const description = String(form.get('description')).trim();
    this.error = null;
    try {
      this.made = await this.app.api.createToken({
        site: String(form.get('site')).trim(),
        maxUses: Number(form.get('uses')),
        validityDays: Number(form.get('days')),
        autoApprove: form.get('auto') !== null,
        ...(group === '' ? {} : { group }),
        ...(tags.length === 0 ? {} : { tags }),
        ...(description === '' ? {} : { description }),
      });
    } catch (error) {
      this.error = asError(error);
    }
  }

  #form(): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#make(event)}>
      <p class="muted">A device registers with a token that you make here. It then waits until you approve it.</p>
      ${errorNotice(this.error)}
      <div class="field"><label for="token-site">Site</label>
        <input class="input" id="token-site" name="site" required pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="Small letters, digits and dashes, such as plant-7." maxlength="63" list="known-sites"
          value=${this.sites[0] ?? ''} autocomplete="off" aria-describedby="site-hint" />
        <datalist id="known-sites">${this.sites.map((site) => html`<option value=${site}></option>`)}</datalist>
        <span class="hint" id="site-hint">Devices of one site share a gateway. Lower-case letters, digits and dashes, such as plant-7.</span></div>
      <div class="grid-2">
        <div class="field"><label for="token-uses">How many devices</label>
          <input class="input" id="token-uses" name="uses" type="number" min="1" max="1000" value="1" required /></div>
        <div class="field"><label for="token-days">Valid for days</label>
          <input class="input" id="token-days" name="days" type="number" min="1" max="365" value="30" required /></div>
      </div>
      <div class="field"><label for="token-tags">Tags for these devices <span class="muted">(optional)</span></label>
        <input class="input mono" id="token-tags" name="tags" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="ring=canary indoor" /></div>
      ${
        this.groups.length === 0
          ? nothing
          : html`<div class="field"><label for="token-group">Group for these devices</label>
            <select class="input" id="token-group" name="group"><option value="">none</option>
              ${this.groups.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select></div>`
      }
      <div class="field"><label for="token-description">Note <span class="muted">(optional)</span></label>
        <input class="input" id="token-description" name="description" maxlength="500" autocomplete="off" /></div>
      <label class="check"><input type="checkbox" name="auto" /><span>Approve devices with this token automatically
        <span class="muted small" style="display:block">Whoever holds the token can then add a device without being looked at.</span></span></label>
      <div class="dialog-actions"><button type="submit" class="button primary">Make token</button></div>
    </form>`;
  }

  #result(made: RegistrationToken): TemplateResult {
    const line = `signalbeam-agent register --url ${location.origin} --token ${made.token ?? ''}`;
    return html`<div class="stack">
      <p>Run this on the device, then start it with <code>signalbeam-agent run</code>:</p>
      ${command(line, 'Command to run on the device')}
      ${notice(
        'warn',
        html`<p>This token is shown once. It works for ${made.maxUses === 1 ? 'one device' : `${made.maxUses} devices`}
        at ${made.site} until ${clockOf(made.expiresAt, Date.now())}.</p>`,
      )}
      <p class="muted">${
        made.autoApprove
          ? 'The device is approved by itself and appears in the list.'
          : 'The device appears on this page under “Waiting for approval” as soon as it has registered.'
      }</p>
      <div class="dialog-actions"><button type="button" class="button primary" @click=${() => this.#close()}>Done</button></div>
    </div>`;
  }

  protected override render() {
    return dialog({
      label: this.made === null ? 'Add a device' : 'Register the device',
      open: this.open,
      onClose: () => this.#close(),
      body: () => (this.made === null ? this.#form() : this.#result(this.made)),
    });
  }
}
customElements.define('add-device', AddDevice);
