/** Accounts of programs, and their tokens: two live at once, so that one takes over from the other. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { ServiceAccount } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError, tellFailure } from './app.ts';
import { readRoleFields, roleFields, sitesText } from './role-fields.ts';

const liveTokensMax = 2;

type Open =
  | { kind: 'make' }
  | { kind: 'delete'; account: ServiceAccount }
  | { kind: 'made'; name: string; token: string };

class ProgramsPage extends LitElement {
  static override properties = { open: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  open: Open | null = null;
  error: ApiError | null = null;
  #accounts = createResource(this, () => this.app.api.serviceAccounts());
  #sites = createResource(this, () => this.app.api.sites());

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
  }

  #show(open: Open | null): void {
    this.error = null;
    this.open = open;
  }

  async #do(work: () => Promise<Open | null>): Promise<void> {
    this.error = null;
    try {
      this.#show(await work());
    } catch (error) {
      if (this.open === null) tellFailure(error);
      else this.error = asError(error);
    }
    this.#accounts.refresh();
  }

  #issue(account: ServiceAccount): Promise<void> {
    return this.#do(async () => {
      const { token } = await this.app.api.createServiceToken(account.id, 90);
      return { kind: 'made', name: account.name, token };
    });
  }

  #makeForm(): TemplateResult {
    const make = (event: SubmitEvent): void => {
      event.preventDefault();
      const form = new FormData(event.currentTarget as HTMLFormElement);
      const wish = { name: String(form.get('name')).trim(), ...readRoleFields(form) };
      void this.#do(async () => {
        await this.app.api.createServiceAccount(wish);
        return null;
      });
    };
    return html`<form class="stack" @submit=${make}>${errorNotice(this.error)}
      <div class="field"><label for="program">Name</label>
        <input class="input" id="program" name="name" required maxlength="100" pattern="[A-Za-z0-9_.\\-]+" autocomplete="off" autofocus />
        <span class="hint">Letters, digits, dots and dashes; the audit log calls it so.</span></div>
      ${roleFields({ role: 'operator', sites: null, all: this.#sites.value ?? [] })}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#show(null)}>Cancel</button>
        <button type="submit" class="button primary">Make account</button></div></form>`;
  }

  #deleteForm(account: ServiceAccount): TemplateResult {
    const remove = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(async () => {
        await this.app.api.removeServiceAccount(account.id);
        return null;
      });
    };
    return html`<form class="stack" @submit=${remove}>${errorNotice(this.error)}
      <p>Its tokens end at once; programs that use them are refused.</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#show(null)}>Cancel</button>
        <button type="submit" class="button danger solid">Delete account</button></div></form>`;
  }

  #body(open: Open): TemplateResult {
    if (open.kind === 'make') return this.#makeForm();
    if (open.kind === 'delete') return this.#deleteForm(open.account);
    return html`<div class="stack"><p>The token of ${open.name}, for 90 days. It is shown only now.</p>
      <copy-command text=${open.token} label="Token"></copy-command>
      <div class="dialog-actions"><button type="button" class="button primary" @click=${() => this.#show(null)}>Done</button></div></div>`;
  }

  #label(open: Open): string {
    if (open.kind === 'make') return 'New service account';
    return open.kind === 'delete' ? `Delete ${open.account.name}?` : 'New token';
  }

  #tokens(account: ServiceAccount): TemplateResult {
    if (account.tokens.length === 0) return html`<span class="muted">no token yet</span>`;
    return html`<ul class="plain">${account.tokens.map(
      (
        token,
      ) => html`<li><span class="mono nowrap">${token.prefix}…</span> <span class="muted small">${token.role}, until ${clockOf(token.expiresAt, Date.now())},
        ${token.lastUsedAt === null ? 'never used' : html`used ${age(token.lastUsedAt)}`}</span>
        <button type="button" class="button small danger" aria-label=${`Revoke ${token.prefix}`} @click=${() =>
          void this.#do(async () => {
            await this.app.api.revokeServiceToken(account.id, token.id);
            return null;
          })}>Revoke</button></li>`,
    )}</ul>`;
  }

  #row(account: ServiceAccount): TemplateResult {
    const full = account.tokens.length >= liveTokensMax;
    return html`<tr><td><span class="strong">${account.name}</span><div class="muted small">by ${nameOfActor(account.createdBy)}</div></td>
      <td>${account.role}<div class="muted small">${sitesText(account.sites)}</div></td>
      <td class="wide">${this.#tokens(account)}</td>
      <td class="wide"><div class="row">${actionButton({
        label: 'New token',
        look: 'small',
        refused: full ? 'Two are there already: revoke one first.' : null,
        hushed: true,
        run: () => void this.#issue(account),
      })}<button type="button" class="button small danger" @click=${() => this.#show({ kind: 'delete', account })}>Delete</button></div></td></tr>`;
  }

  #list(accounts: readonly ServiceAccount[]): TemplateResult {
    if (accounts.length === 0) {
      return emptyState(
        'server',
        'No service account yet',
        html`<p>A program signs in with a token instead of a person’s password: a pipeline that releases bundles, a script
          that reads the fleet. The audit log names it.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Account</th><th scope="col">Role</th><th scope="col">Tokens</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${accounts.map((account) => this.#row(account))}</tbody></table></div>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#accounts;
    const { open } = this;
    return html`<div class="page">
      <div class="page-head"><div><h1>Service accounts</h1><p class="lead">Programs that use the API under a name of their own.</p></div>
        ${actionButton({ label: 'New account', icon: 'plus', look: 'primary', run: () => this.#show({ kind: 'make' }) })}</div>
      ${accountTabs(this.app.user, 'programs')}
      ${value === undefined ? loading(error, 3, refresh) : html`${errorNotice(error)}<section class="card" aria-label="Service accounts">${this.#list(value)}</section>`}
      ${dialog({
        label: open === null ? 'Service account' : this.#label(open),
        open: open !== null,
        onClose: () => this.#show(null),
        body: () => (open === null ? html`` : this.#body(open)),
      })}${nothing}</div>`;
  }
}
customElements.define('programs-page', ProgramsPage);
