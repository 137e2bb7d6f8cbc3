/**
 * Signing up, in two steps: an address, and behind the link of the mail a workspace, a name and a
 * password. What is said after the first is the same for every address. Needs no sign-in.
 */
import { html, LitElement, type TemplateResult } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import type { ApiError } from '../data/request.ts';
import { errorNotice } from '../ui/notice.ts';
import { asError } from './app.ts';

class SignUp extends LitElement {
  static override properties = {
    error: { state: true },
    busy: { state: true },
    askedFor: { state: true },
  };
  api!: FleetApi;
  onSignedUp!: () => void;
  error: ApiError | null = null;
  busy = false;
  /** The address that a mail was asked for. */
  askedFor: string | null = null;
  /** Out of the address at once, so that no history or screenshot keeps it. */
  #secret = '';

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = 'Sign up · SignalBeam Edge';
    this.#takeSecret();
    // The link may be opened where the address was asked for.
    addEventListener('hashchange', this.#takeSecret);
  }

  /** Also when one came here without a new page. */
  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>('input')?.focus();
  }

  override disconnectedCallback(): void {
    removeEventListener('hashchange', this.#takeSecret);
    super.disconnectedCallback();
  }

  #takeSecret = (): void => {
    if (location.hash.length < 2) return;
    this.#secret = location.hash.slice(1);
    this.askedFor = null;
    this.error = null;
    history.replaceState(null, '', location.pathname);
    this.requestUpdate();
  };

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    this.busy = true;
    this.error = null;
    try {
      if (this.#secret === '') await this.#ask(String(form.get('email')).trim());
      else await this.#confirm(form);
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  async #ask(email: string): Promise<void> {
    await this.api.signUp(email);
    this.askedFor = email;
  }

  async #confirm(form: FormData): Promise<void> {
    await this.api.confirmSignUp({
      secret: this.#secret,
      tenantName: String(form.get('tenantName')).trim(),
      name: String(form.get('name')).trim(),
      password: String(form.get('password')),
    });
    history.replaceState(null, '', '/');
    this.onSignedUp();
  }

  #sent(email: string): TemplateResult {
    return html`<div class="stack" role="status">
      <p>If <strong>${email}</strong> can sign up, a mail with a link is on its way. The link counts once, for a day.</p>
      <p class="small muted">Nothing came? Look where unwanted mail goes, then ask again in an hour.</p>
      <a class="button" href="/">Back to sign-in</a></div>`;
  }

  #fields(): TemplateResult {
    if (this.#secret === '') {
      return html`<div class="field"><label for="email">Email</label>
        <input class="input" id="email" name="email" type="email" autocomplete="email" required maxlength="254" autofocus />
        <span class="hint">A link is sent there. It is what you will sign in with.</span></div>`;
    }
    return html`<div class="field"><label for="tenantName">Workspace</label>
        <input class="input" id="tenantName" name="tenantName" autocomplete="organization" required maxlength="100" autofocus />
        <span class="hint">Your organisation’s name, as others will see it.</span></div>
      <div class="field"><label for="name">Your name</label>
        <input class="input" id="name" name="name" autocomplete="name" required maxlength="200" /></div>
      <div class="field"><label for="password">Password</label>
        <input class="input" id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256" />
        <span class="hint">At least 12 characters.</span></div>`;
  }

  #button(): TemplateResult {
    const words = this.#secret === '' ? 'Send the link' : 'Make the workspace';
    return html`<button class="button primary" type="submit" aria-busy=${this.busy ? 'true' : 'false'}>
      ${this.busy ? 'One moment…' : words}</button>`;
  }

  protected override render() {
    return html`<main class="sign-in">
      <form class="card" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="stack">
          <div class="sign-in-head"><img src="/favicon.svg" alt="" width="40" height="40" />
            <h1>Sign up to SignalBeam Edge</h1></div>
          ${errorNotice(this.error)}
          ${
            this.askedFor === null
              ? html`${this.#fields()}${this.#button()}
                  <p class="small muted">Have an account? <a href="/">Sign in</a>.</p>`
              : this.#sent(this.askedFor)
          }
        </div>
      </form>
    </main>`;
  }
}
customElements.define('sign-up', SignUp);
