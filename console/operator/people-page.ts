/** The people of the tenant: who may do what and where, invitations, and how to take it back. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { Invitation, Person } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { badge } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError, tellFailure } from './app.ts';
import { readRoleFields, roleFields, sitesText } from './role-fields.ts';

type Open =
  | { kind: 'invite' }
  | { kind: 'invited'; email: string; link: string }
  | { kind: 'change' | 'delete'; person: Person };

class PeoplePage extends LitElement {
  static override properties = { open: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  open: Open | null = null;
  error: ApiError | null = null;
  #people = createResource(this, () => this.app.api.people());
  #invitations = createResource(this, () => this.app.api.invitations());
  #sites = createResource(this, () => this.app.api.sites());

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
  }

  #refresh(): void {
    this.#people.refresh();
    this.#invitations.refresh();
  }

  #show(open: Open | null): void {
    this.error = null;
    this.open = open;
  }

  /** Does it, says so, and closes; a refusal stays in the dialog, or is told where there is none. */
  async #do(said: string, work: () => Promise<unknown>): Promise<void> {
    this.error = null;
    try {
      await work();
      this.open = null;
      notify('ok', said);
    } catch (error) {
      if (this.open === null) tellFailure(error);
      else this.error = asError(error);
    }
    this.#refresh();
  }

  async #invite(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const email = String(form.get('email')).trim();
    try {
      const made = await this.app.api.invite({ email, ...readRoleFields(form) });
      const link = new URL(made.link, location.origin).href;
      this.#show({ kind: 'invited', email, link });
      this.#refresh();
    } catch (error) {
      this.error = asError(error);
    }
  }

  #actions(confirm: string, look: string): TemplateResult {
    return html`<div class="dialog-actions"><button type="button" class="button" @click=${() =>
      this.#show(
        null,
      )}>Cancel</button><button type="submit" class="button ${look}">${confirm}</button></div>`;
  }

  #inviteForm(): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#invite(event)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="invited">Email</label>
        <input class="input" id="invited" name="email" type="email" required maxlength="254" autocomplete="off" autofocus /></div>
      ${roleFields({ role: 'operator', sites: null, all: this.#sites.value ?? [] })}
      ${this.#actions('Make invitation', 'primary')}</form>`;
  }

  #invited({ email, link }: { email: string; link: string }): TemplateResult {
    return html`<div class="stack"><p>Send this link to ${email}. It counts once, for seven days, and is shown only now.</p>
      <copy-command text=${link} label="Link of the invitation"></copy-command>
      <div class="dialog-actions"><button type="button" class="button primary" @click=${() =>
        this.#show(null)}>Done</button></div></div>`;
  }

  #changeForm(person: Person): TemplateResult {
    const change = (event: SubmitEvent): void => {
      event.preventDefault();
      const wish = readRoleFields(new FormData(event.currentTarget as HTMLFormElement));
      void this.#do(`${person.name} is changed.`, () => this.app.api.changePerson(person, wish));
    };
    return html`<form class="stack" @submit=${change}>${errorNotice(this.error)}
      ${roleFields({ role: person.role, sites: person.sites, all: this.#sites.value ?? [] })}
      <p class="muted small">It counts from their next request on.</p>
      ${this.#actions('Save', 'primary')}</form>`;
  }

  #deleteForm(person: Person): TemplateResult {
    const remove = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(`${person.name} is gone.`, () => this.app.api.removePerson(person.id));
    };
    return html`<form class="stack" @submit=${remove}>${errorNotice(this.error)}
      <p>${person.email} is signed out everywhere and can not sign in again. What they did stays in the audit log.</p>
      ${this.#actions('Delete person', 'danger solid')}</form>`;
  }

  #body(open: Open): TemplateResult {
    switch (open.kind) {
      case 'invite':
        return this.#inviteForm();
      case 'invited':
        return this.#invited(open);
      case 'change':
        return this.#changeForm(open.person);
      case 'delete':
        return this.#deleteForm(open.person);
    }
  }

  #label(open: Open): string {
    const who = 'person' in open ? open.person.name : '';
    return {
      invite: 'Invite a person',
      invited: 'Invitation',
      change: `Change ${who}`,
      delete: `Delete ${who}?`,
    }[open.kind];
  }

  #row(person: Person): TemplateResult {
    const disabled = person.disabledAt !== null;
    const { api, user } = this.app;
    return html`<tr><td><span class="strong">${person.name}</span>${person.id === user.id ? html` <span class="muted">(you)</span>` : nothing}
        <div class="muted small">${person.email}</div></td>
      <td>${badge(disabled ? { shape: 'cross', tone: 'bad', word: 'Disabled' } : { shape: 'disc', tone: 'ok', word: 'Can sign in' })}</td>
      <td class="wide">${person.role}<div class="muted small">${sitesText(person.sites)}</div></td>
      <td class="wide muted">${person.totp ? 'second factor' : 'password only'}
        <div class="small">${person.lastSignInAt === null ? 'never signed in' : html`signed in ${age(person.lastSignInAt)}`}</div></td>
      <td class="wide"><div class="row">
        <button type="button" class="button small" @click=${() => this.#show({ kind: 'change', person })}>Change</button>
        <button type="button" class="button small" @click=${() =>
          void this.#do(
            `${person.name} ${disabled ? 'can sign in again' : 'is signed out and disabled'}.`,
            () => api.changePerson(person, { disabled: !disabled }),
          )}>${disabled ? 'Enable' : 'Disable'}</button>
        ${
          person.totp
            ? html`<button type="button" class="button small" @click=${() =>
                void this.#do(`${person.name} signs in with the password only.`, () =>
                  api.resetSecondFactor(person.id),
                )}>Reset second factor</button>`
            : nothing
        }
        <button type="button" class="button small danger" @click=${() => this.#show({ kind: 'delete', person })}>Delete</button></div></td></tr>`;
  }

  #waiting(invitations: readonly Invitation[]): TemplateResult {
    return html`<section class="card" aria-labelledby="invited-title"><header><h2 id="invited-title">Invited</h2></header>
      <div class="scroll"><table class="fold"><thead><tr><th scope="col">Email</th><th scope="col">Role</th><th scope="col">Valid</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${invitations.map(
        (
          one,
        ) => html`<tr><td>${one.email}<div class="muted small">by ${nameOfActor(one.createdBy)}</div></td>
          <td>${one.role}<div class="muted small">${sitesText(one.sites)}</div></td>
          <td class="wide muted">until ${clockOf(one.expiresAt, Date.now())}</td>
          <td class="wide"><button type="button" class="button small danger" @click=${() =>
            void this.#do(`The invitation of ${one.email} is worth nothing any more.`, () =>
              this.app.api.withdrawInvitation(one.id),
            )}>Withdraw</button></td></tr>`,
      )}</tbody></table></div></section>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#people;
    const invitations = this.#invitations.value ?? [];
    const { open } = this;
    return html`<div class="page">
      <div class="page-head"><div><h1>People</h1><p class="lead">Who may look at this fleet, and who may change it.</p></div>
        ${actionButton({ label: 'Invite', icon: 'plus', look: 'primary', run: () => this.#show({ kind: 'invite' }) })}</div>
      ${accountTabs(this.app.user, 'people')}
      ${
        value === undefined
          ? loading(error, 3, refresh)
          : html`${errorNotice(error)}<section class="card" aria-label="People"><div class="scroll"><table class="fold">
              <thead><tr><th scope="col">Name</th><th scope="col">Status</th><th scope="col">Role</th><th scope="col">Sign-in</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
              <tbody>${value.map((person) => this.#row(person))}</tbody></table></div></section>`
      }
      ${invitations.length === 0 ? nothing : this.#waiting(invitations)}
      ${dialog({
        label: open === null ? 'People' : this.#label(open),
        open: open !== null,
        onClose: () => this.#show(null),
        body: () => (open === null ? html`` : this.#body(open)),
      })}</div>`;
  }
}
customElements.define('people-page', PeoplePage);
