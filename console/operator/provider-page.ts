/** Single sign-on: the provider whose people may sign in, what to set there, and whether it works. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { IdentityProvider, ProviderCheck, RoleRule } from '../data/types.ts';
import { command } from '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError } from './app.ts';
import { noProvider, providerFields, wishFrom } from './provider-form.ts';

type Rules = readonly { key: number; rule: RoleRule }[];

const findingWords: Record<string, string> = {
  description: 'It describes itself',
  issuer: 'It calls itself what was written',
  endpoints: 'Its addresses can be reached',
  flow: 'It offers the flow that is used',
  keys: 'It shows its keys',
};

class ProviderPage extends LitElement {
  static override properties = {
    editing: { state: true },
    rules: { state: true },
    check: { state: true },
    error: { state: true },
    busy: { state: true },
    removing: { state: true },
  };
  app!: App;
  params: Params = {};
  editing: IdentityProvider | null = null;
  rules: Rules = [];
  check: ProviderCheck | null = null;
  error: ApiError | null = null;
  busy: 'save' | 'check' | null = null;
  removing = false;
  #provider = createResource(this, () => this.app.api.provider());
  #nextKey = 0;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
  }

  #edit(provider: IdentityProvider | null): void {
    this.error = null;
    this.check = null;
    this.editing = provider;
    this.rules = (provider?.roleRules ?? []).map((rule) => ({ key: this.#nextKey++, rule }));
  }

  async #try(issuer: string): Promise<void> {
    this.busy = 'check';
    this.check = null;
    this.error = null;
    try {
      this.check = await this.app.api.checkProvider(issuer.trim());
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = null;
  }

  async #save(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    this.busy = 'save';
    this.error = null;
    try {
      const wish = wishFrom(new FormData(event.currentTarget as HTMLFormElement));
      const { api, user } = this.app;
      await api.saveProvider(this.editing ?? noProvider, wish, user.tenantId);
      this.#edit(null);
      notify('ok', 'Saved. It holds from the next sign-in.');
    } catch (error) {
      this.error = asError(error);
    }
    // Also when somebody was faster: what is shown once this is closed is theirs.
    this.#provider.refresh();
    this.busy = null;
  }

  async #remove(): Promise<void> {
    this.error = null;
    try {
      await this.app.api.removeProvider();
      this.removing = false;
      this.check = null;
      this.#provider.refresh();
      notify('ok', 'Nobody signs in with it any more.');
    } catch (error) {
      this.error = asError(error);
    }
  }

  #found(): TemplateResult | typeof nothing {
    const { check } = this;
    if (check === null) return nothing;
    return html`<div role="status">${notice(
      check.ok ? 'ok' : 'bad',
      html`<p>${check.ok ? 'It answers as it should. Whether its people get in, only a sign-in shows.' : 'People can not sign in with it like this.'}</p>
        <ul class="findings">${check.findings.map(
          ({ what, ok, detail }) =>
            html`<li>${icon(ok ? 'check' : 'circleAlert')}<span><span class="visually-hidden">${ok ? 'Right: ' : 'Wrong: '}</span>${findingWords[what] ?? what}<br /><span class="small breaks">${detail}</span></span></li>`,
        )}</ul>`,
    )}</div>`;
  }

  #there(): TemplateResult {
    return html`<section class="card padded stack"><h2>What to set at the provider</h2>
      <p>Make a client of the kind <em>web application</em>, for the authorization code flow with PKCE, and give it this redirect address:</p>
      ${command(`${location.origin}/api/auth/oidc/callback`, 'Redirect address')}
      <p>Scopes: <code>openid email profile</code>. The ID token must say <code>email</code>, and in the claim below what the rules go by.
        A provider in a private network must be allowed by whoever runs this cloud (<code>SIGNALBEAM_IDENTITY_NETWORKS</code>).</p></section>`;
  }

  #form(provider: IdentityProvider): TemplateResult {
    const issuer = (): string => this.querySelector<HTMLInputElement>('#issuer')?.value ?? '';
    const plain = this.error !== null && this.error.errors.length === 0 ? this.error : null;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#save(event)}>
      ${this.#there()}
      ${providerFields({
        ...{ provider, rules: this.rules, errors: this.error?.errors ?? [] },
        addRule: () => {
          const rule: RoleRule = { value: '', role: 'viewer', sites: null };
          this.rules = [...this.rules, { key: this.#nextKey++, rule }];
        },
        removeRule: (key) => {
          this.rules = this.rules.filter((each) => each.key !== key);
        },
      })}
      ${errorNotice(plain)}${this.#found()}
      <div class="row"><button type="submit" class="button primary" aria-busy=${this.busy === 'save' ? 'true' : nothing}>Save</button>
        <button type="button" class="button" aria-busy=${this.busy === 'check' ? 'true' : nothing} @click=${() => void this.#try(issuer())}>Test</button>
        <button type="button" class="button" @click=${() => this.#edit(null)}>Cancel</button></div></form>`;
  }

  #shown(provider: IdentityProvider): TemplateResult {
    const { roleRules, defaultRole, roleClaim } = provider;
    return html`<section class="card padded stack"><h2>${provider.name}</h2>
      <dl class="facts"><dt>Issuer</dt><dd class="breaks">${provider.issuer}</dd>
        <dt>Client</dt><dd class="breaks">${provider.clientId}, ${provider.hasSecret ? 'with a secret' : 'without a secret'}</dd>
        <dt>Sign-in page</dt><dd>${provider.listed ? 'shows its button' : html`does not show it; people come by <code class="breaks">/api/auth/oidc?tenant=${this.app.user.tenantId}</code>`}</dd>
        <dt>Accounts here</dt><dd>${provider.linkByEmail ? 'are taken over by a verified e-mail address' : 'are not taken over'}</dd></dl>
      <h3>Who may what</h3>
      <ul class="plain">${repeat(
        roleRules,
        (rule) => rule.value,
        ({ value, role, sites }) =>
          html`<li><code>${roleClaim}</code> has <strong class="breaks">${value}</strong>: ${role} of ${sites === null ? 'every site' : sites.join(', ')}</li>`,
      )}<li>everybody else: ${defaultRole ?? 'is not let in'}</li></ul>
      ${this.#found()}
      <div class="row"><button type="button" class="button primary" @click=${() => this.#edit(provider)}>Change</button>
        <button type="button" class="button" aria-busy=${this.busy === 'check' ? 'true' : nothing} @click=${() => void this.#try(provider.issuer)}>Test</button>
        <button type="button" class="button danger" @click=${() => {
          this.error = null;
          this.removing = true;
        }}>Remove</button></div></section>`;
  }

  #none(): TemplateResult {
    return html`<section class="card">${emptyState(
      'lock',
      'People sign in with a password',
      html`<p>With a provider of your own (Entra, Keycloak, Zitadel, any that speaks OpenID Connect) they sign in there, and their groups say what they may do here.</p>
        <button type="button" class="button primary" @click=${() => this.#edit(noProvider)}>Set up a provider</button>`,
    )}</section>`;
  }

  #content(provider: IdentityProvider | null): TemplateResult {
    if (this.editing !== null) return this.#form(this.editing);
    return provider === null ? this.#none() : this.#shown(provider);
  }

  protected override render() {
    const { value, error, refresh } = this.#provider;
    return html`<div class="page">
      <div class="page-head"><div><h1>Single sign-on</h1><p class="lead">Who signs in with another account than one of this console.</p></div></div>
      ${accountTabs(this.app.user, 'provider')}
      ${value === undefined ? loading(error, 3, refresh) : html`${errorNotice(error)}${this.#content(value)}`}
      ${dialog({
        label: 'Remove the provider',
        open: this.removing,
        onClose: () => {
          this.removing = false;
        },
        body: () => html`<div class="stack">${errorNotice(this.error)}
          <p>Whoever signs in with it only can not sign in any more; who is signed in stays so. Their accounts stay, and a provider of the same issuer finds them again.</p>
          <div class="dialog-actions"><button type="button" class="button" @click=${() => {
            this.removing = false;
          }}>Cancel</button><button type="button" class="button danger solid" @click=${() => void this.#remove()}>Remove provider</button></div></div>`,
      })}</div>`;
  }
}
customElements.define('provider-page', ProviderPage);
