/** Technicians' grants of a site: who may sign in at its devices until when; issued, shown once, taken back. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { SiteGrant } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { copyText } from '../ui/clipboard.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, refusedByRole } from './app.ts';

const periods = [
  [8, '8 hours'],
  [24, '1 day'],
  [168, '7 days'],
  [720, '30 days'],
] as const;
const standardHours = 24;

const marks: Record<SiteGrant['state'], Mark> = {
  live: { shape: 'disc', tone: 'ok', word: 'In force' },
  expired: { shape: 'ring', tone: 'idle', word: 'Expired' },
  revoked: { shape: 'cross', tone: 'idle', word: 'Taken back' },
};

class SiteGrants extends LitElement {
  static override properties = {
    site: {},
    issued: { state: true },
    error: { state: true },
    copied: { state: true },
  };
  app!: App;
  site = '';
  issued: { holder: string; token: string } | null = null;
  error: ApiError | null = null;
  copied = '';
  #grants = createResource(this, () => this.app.api.siteGrants(this.site));

  protected override createRenderRoot() {
    return this;
  }

  async #issue(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    this.error = null;
    try {
      this.issued = await this.app.api.issueGrant(this.site, {
        holder: String(form.get('holder')).trim(),
        validityHours: Number(form.get('hours')),
      });
      void import('@awesome.me/webawesome/dist/components/qr-code/qr-code.js');
      this.#grants.refresh();
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #revoke({ id, holder }: SiteGrant): Promise<void> {
    this.error = null;
    try {
      await this.app.api.revokeGrant(this.site, id);
      notify('ok', `${holder} can’t sign in at ${this.site} any more.`);
      this.#grants.refresh();
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #copy(): Promise<void> {
    const text = this.querySelector('.grant-text');
    if (text !== null) this.copied = await copyText(text);
  }

  #shown({ holder, token }: { holder: string; token: string }): TemplateResult {
    return html`${notice('info', html`<p>This is ${holder}’s grant. It is shown this once: whoever has it signs in as ${holder}.</p>`)}
      <div class="qr"><wa-qr-code value=${token} label="QR code of the grant" size="400" radius="0" error-correction="L" fill="#000" background="#fff"></wa-qr-code></div>
      <pre class="grant-text log" tabindex="0" aria-label="The grant as text">${token}</pre>
      <div class="dialog-actions"><span class="muted" role="status">${this.copied}</span><button type="button" class="button" @click=${() => void this.#copy()}>Copy</button>
        <button type="button" class="button primary" @click=${() => {
          this.issued = null;
          this.copied = '';
        }}>Done</button></div>`;
  }

  #form(): TemplateResult {
    const refused = refusedByRole(this.app.user);
    if (refused !== null) return html`<p class="muted">${refused}</p>`;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#issue(event)}>
      <div class="field"><label for="holder">For whom</label><input class="input" id="holder" name="holder" required maxlength="200" autocomplete="off" placeholder="Ada Lovelace" /></div>
      <div class="field"><label for="hours">How long</label><select class="input" id="hours" name="hours">${periods.map(
        ([hours, words]) =>
          html`<option value=${hours} ?selected=${hours === standardHours}>${words}</option>`,
      )}</select></div>
      <div class="dialog-actions"><button type="submit" class="button primary">Give grant</button></div></form>`;
  }

  #list(grants: readonly SiteGrant[]): TemplateResult {
    if (grants.length === 0) return html`<p class="muted">Nobody has one yet.</p>`;
    const refused = refusedByRole(this.app.user);
    return html`<ul class="rows" aria-label="Grants">${grants.map(
      (
        grant,
      ) => html`<li class="padded row"><div class="grow"><span class="strong">${grant.holder}</span>
        <div class="muted small">${grant.state === 'live' ? 'until' : 'ended'} ${clockOf(grant.expiresAt, Date.now())}, given by ${nameOfActor(grant.createdBy)}</div></div>${badge(marks[grant.state])}
        ${grant.state === 'live' ? actionButton({ label: 'Take back', look: 'small danger', refused, hushed: true, run: () => void this.#revoke(grant) }) : nothing}</li>`,
    )}</ul>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#grants;
    return html`<div class="stack">${errorNotice(this.error)}${
      this.issued === null
        ? html`<p>A technician with a grant signs in at every device of ${this.site}, also where there is no internet: to hold a device, to have it look again, to read what it says.</p>
          ${this.#form()} ${value === undefined ? loading(error, 2, refresh) : this.#list(value)}`
        : this.#shown(this.issued)
    }</div>`;
  }
}
customElements.define('site-grants', SiteGrants);
