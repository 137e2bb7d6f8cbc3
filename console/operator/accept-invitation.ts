/** Where an invitation's link leads: a name and a password, and one is in. Needs no sign-in. */
import { html, LitElement } from 'lit';
import type { FleetApi } from '../data/fleet-api.ts';
import type { ApiError } from '../data/request.ts';
import { errorNotice } from '../ui/notice.ts';
import { asError } from './app.ts';

class AcceptInvitation extends LitElement {
  static override properties = { error: { state: true }, busy: { state: true } };
  api!: FleetApi;
  onAccepted!: () => void;
  error: ApiError | null = null;
  busy = false;
  /** Out of the address at once, so that no history or screenshot keeps it. */
  #secret = '';

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#secret = location.hash.slice(1);
    history.replaceState(null, '', location.pathname);
    document.title = 'Invitation · SignalBeam Edge';
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    this.busy = true;
    this.error = null;
    try {
      await this.api.acceptInvitation({
        secret: this.#secret,
        name: String(form.get('name')).trim(),
        password: String(form.get('password')),
      });
      history.replaceState(null, '', '/');
      this.onAccepted();
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  protected override render() {
    return html`<main class="sign-in">
      <form class="card" @submit=${(event: SubmitEvent) => void this.#submit(event)}>
        <div class="stack">
          <div class="sign-in-head"><img src="/favicon.svg" alt="" width="40" height="40" />
            <h1>You are invited to SignalBeam Edge</h1></div>
          ${errorNotice(this.error)}
          <div class="field"><label for="name">Your name</label>
            <input class="input" id="name" name="name" autocomplete="name" required maxlength="200" autofocus /></div>
          <div class="field"><label for="password">Password</label>
            <input class="input" id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256" />
            <span class="hint">At least 12 characters.</span></div>
          <button class="button primary" type="submit" aria-busy=${this.busy ? 'true' : 'false'}>
            ${this.busy ? 'One moment…' : 'Join'}</button>
        </div>
      </form>
    </main>`;
  }
}
customElements.define('accept-invitation', AcceptInvitation);
