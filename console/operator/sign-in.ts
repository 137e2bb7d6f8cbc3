/** The sign-in page. An ordinary form, so password managers and the Enter key work. */
import { html, LitElement } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import type { ApiError } from '../data/request.ts';
import type { User } from '../data/types.ts';
import { errorNotice } from '../ui/notice.ts';
import { asError } from './app.ts';

class SignIn extends LitElement {
  static override properties = { error: { state: true }, busy: { state: true } };
  api!: FleetApi;
  onSignedIn!: (user: User) => void;
  error: ApiError | null = null;
  busy = false;

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
      this.onSignedIn(
        await this.api.signIn(String(form.get('email')), String(form.get('password'))),
      );
    } catch (error) {
      this.error = asError(error);
      this.querySelector<HTMLElement>('#password')?.focus();
    }
    this.busy = false;
  }

  protected override render() {
    return html`<main class="sign-in">
      <form class="card" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="stack">
          <div class="sign-in-head"><img src="/favicon.svg" alt="" width="40" height="40" />
            <h1>Sign in to SignalBeam Edge</h1></div>
          ${errorNotice(this.error)}
          <div class="field"><label for="email">Email</label>
            <input class="input" id="email" name="email" type="email" autocomplete="username" required autofocus /></div>
          <div class="field"><label for="password">Password</label>
            <input class="input" id="password" name="password" type="password" autocomplete="current-password" required /></div>
          <button class="button primary" type="submit" aria-busy=${this.busy ? 'true' : 'false'}>
            ${this.busy ? 'Signing in…' : 'Sign in'}</button>
          <p class="small muted">Started with <code>./signalbeam up</code>? It printed the first sign-in;
            <code>./signalbeam status</code> shows it again.</p>
        </div>
      </form>
    </main>`;
  }
}
customElements.define('sign-in', SignIn);
