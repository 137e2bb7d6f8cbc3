/**
 * The sign-in page, and the same again where a session ended (`resumed`: whose). An ordinary form, so
 * password managers and the Enter key work.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { User } from '../data/types.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { asError } from './app.ts';

/** Why a provider's sign-in came back without one. */
const refusals: Record<string, string> = {
  'tenant-suspended': 'Your tenant is suspended. Whoever runs this cloud can lift it.',
  'quota-reached': 'Your tenant has no room for another person. Ask an admin to make some.',
  'oidc-refused': 'The provider did not let you in here. Try again, or ask an admin.',
  'not-found': 'There is no such provider any more.',
  'wrong-state': 'This service does not know its own address; its operator has to say it.',
};

class SignIn extends LitElement {
  static override properties = {
    error: { state: true },
    busy: { state: true },
    needsCode: { state: true },
  };
  api!: FleetApi;
  onSignedIn!: (user: User) => void;
  resumed: User | null = null;
  onLeave: () => void = () => {};
  error: ApiError | null = null;
  busy = false;
  /** The account has a second factor, which the password alone did not show. */
  needsCode = false;
  #providers = createResource(this, () => this.api.providers());

  protected override createRenderRoot() {
    return this;
  }

  protected override firstUpdated(): void {
    if (this.resumed === null) document.title = 'Sign in · SignalBeam Edge';
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    this.busy = true;
    this.error = null;
    try {
      const code = String(form.get('code') ?? '').trim();
      const given = { email: String(form.get('email')), password: String(form.get('password')) };
      this.onSignedIn(await this.api.signIn(code === '' ? given : { ...given, code }));
    } catch (error) {
      const { code } = asError(error);
      const asks = code === 'second-factor-needed';
      this.needsCode ||= asks;
      this.error = asks ? null : asError(error);
      await this.updateComplete;
      this.querySelector<HTMLElement>(this.needsCode ? '#code' : '#password')?.focus();
    }
    this.busy = false;
  }

  #head(): TemplateResult {
    const mark = html`<img src="/favicon.svg" alt="" width="40" height="40" />`;
    if (this.resumed === null)
      return html`<div class="sign-in-head">${mark}<h1>Sign in to SignalBeam Edge</h1></div>`;
    return html`<div class="sign-in-head">${mark}<h2 id="session-over-title">Your session has ended</h2>
      <p>Sign in again to go on where you were: the page is as you left it, with what you wrote.</p></div>`;
  }

  /** Elsewhere a provider would take the page away, and what was written with it. */
  #providerLinks(): TemplateResult[] {
    const target = this.resumed === null ? nothing : '_blank';
    return (this.#providers.value?.providers ?? []).map(
      ({ tenantId, name }) =>
        html`<a class="button" target=${target} href=${`/api/auth/oidc?tenant=${encodeURIComponent(tenantId)}`}>Sign in with ${name}${target === nothing ? '' : ', in a new tab'}</a>`,
    );
  }

  #foot(): TemplateResult {
    if (this.resumed !== null)
      return html`<button type="button" class="button quiet" @click=${this.onLeave}>Leave the page and what was written</button>`;
    return html`${
      this.#providers.value?.signUp === true
        ? html`<p class="small muted">No account yet? <a href="/sign-up">Sign up</a>.</p>`
        : ''
    }
      <p class="small muted">Started with <code>./signalbeam up</code>? It printed the first sign-in;
        <code>./signalbeam status</code> shows it again.</p>`;
  }

  #form(): TemplateResult {
    const code = new URLSearchParams(location.search).get('sign-in');
    const refused = code === null ? null : (refusals[code] ?? refusals['oidc-refused'] ?? null);
    const { resumed } = this;
    return html`<form class="card" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="stack">
          ${this.#head()}
          ${refused === null || this.error !== null ? '' : notice('bad', html`<p>${refused}</p>`)}
          ${errorNotice(this.error)}
          <div class="field"><label for="email">Email</label>
            <input class="input" id="email" name="email" type="email" autocomplete="username" required
              value=${resumed?.email ?? nothing} ?autofocus=${resumed === null} /></div>
          <div class="field"><label for="password">Password</label>
            <input class="input" id="password" name="password" type="password" autocomplete="current-password" required
              ?autofocus=${resumed !== null} /></div>
 ${
   this.needsCode
     ? html`<div class="field"><label for="code">Code of your authenticator app</label>
                  <input class="input" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="40" required />
                  <span class="hint">Lost your phone? A recovery code does, too.</span></div>`
     : ''
 }
          <button class="button primary" type="submit" aria-busy=${this.busy ? 'true' : 'false'}>
            ${this.busy ? 'Signing in…' : 'Sign in'}</button>
          ${this.#providerLinks()}${this.#foot()}
        </div>
      </form>`;
  }

  protected override render() {
    return this.resumed === null
      ? html`<main class="sign-in">${this.#form()}</main>`
      : this.#form();
  }
}
customElements.define('sign-in', SignIn);
