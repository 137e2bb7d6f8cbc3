/** The sign-in page. An ordinary form, so password managers and the Enter key work. */
import { html, LitElement } from 'lit';
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
  error: ApiError | null = null;
  busy = false;
  /** The account has a second factor, which the password alone did not show. */
  needsCode = false;
  #providers = createResource(this, () => this.api.providers());

  protected override createRenderRoot() {
    return this;
  }

  protected override firstUpdated(): void {
    document.title = 'Sign in · SignalBeam Edge';
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

  protected override render() {
    const code = new URLSearchParams(location.search).get('sign-in');
    const refused = code === null ? null : (refusals[code] ?? refusals['oidc-refused'] ?? null);
    return html`<main class="sign-in">
      <form class="card" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="stack">
          <div class="sign-in-head"><img src="/favicon.svg" alt="" width="40" height="40" />
            <h1>Sign in to SignalBeam Edge</h1></div>
          ${refused === null || this.error !== null ? '' : notice('bad', html`<p>${refused}</p>`)}
          ${errorNotice(this.error)}
          <div class="field"><label for="email">Email</label>
            <input class="input" id="email" name="email" type="email" autocomplete="username" required autofocus /></div>
          <div class="field"><label for="password">Password</label>
            <input class="input" id="password" name="password" type="password" autocomplete="current-password" required /></div>
 ${
   this.needsCode
     ? html`<div class="field"><label for="code">Code of your authenticator app</label>
                  <input class="input" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="40" required />
                  <span class="hint">Lost your phone? A recovery code does, too.</span></div>`
     : ''
 }
          <button class="button primary" type="submit" aria-busy=${this.busy ? 'true' : 'false'}>
            ${this.busy ? 'Signing in…' : 'Sign in'}</button>
          ${(this.#providers.value?.providers ?? []).map(
            ({ tenantId, name }) =>
              html`<a class="button" href=${`/api/auth/oidc?tenant=${encodeURIComponent(tenantId)}`}>Sign in with ${name}</a>`,
          )}
          ${
            this.#providers.value?.signUp === true
              ? html`<p class="small muted">No account yet? <a href="/sign-up">Sign up</a>.</p>`
              : ''
          }
          <p class="small muted">Started with <code>./signalbeam up</code>? It printed the first sign-in;
            <code>./signalbeam status</code> shows it again.</p>
        </div>
      </form>
    </main>`;
  }
}
customElements.define('sign-in', SignIn);
