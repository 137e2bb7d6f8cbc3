/** One's own account: password, second factor, and where one is signed in. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { SignInSession } from '../data/types.ts';
import { age } from '../ui/age.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError, tellFailure } from './app.ts';
import { sitesText } from './role-fields.ts';

type Factor =
  | { kind: 'shown' }
  | { kind: 'scanning'; secret: string; uri: string }
  | { kind: 'done'; codes: string[] };

/** `Firefox on Linux`, as far as the browser says so. */
const browserOf = (userAgent: string | null): string => {
  if (userAgent === null) return 'a program';
  const name = /(Firefox|Edg|Chrome|Safari|curl|node)/.exec(userAgent)?.[1] ?? 'a browser';
  const system = /(Windows|Android|iPhone|iPad|Mac OS|Linux)/.exec(userAgent)?.[1];
  return `${name === 'Edg' ? 'Edge' : name}${system === undefined ? '' : ` on ${system}`}`;
};

class AccountPage extends LitElement {
  static override properties = {
    factor: { state: true },
    totp: { state: true },
    error: { state: true },
    factorError: { state: true },
  };
  app!: App;
  params: Params = {};
  factor: Factor = { kind: 'shown' };
  totp: boolean | null = null;
  error: ApiError | null = null;
  factorError: ApiError | null = null;
  #sessions = createResource(this, () => this.app.api.sessions());

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
  }

  #hasTotp(): boolean {
    return this.totp ?? this.app.user.totp;
  }

  async #changePassword(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    this.error = null;
    try {
      await this.app.api.changePassword(String(given.get('present')), String(given.get('next')));
      form.reset();
      notify('ok', 'The password is changed; you are signed out everywhere else.');
    } catch (error) {
      this.error = asError(error);
    }
    this.#sessions.refresh();
  }

  async #step(event: SubmitEvent, work: (given: FormData) => Promise<void>): Promise<void> {
    event.preventDefault();
    this.factorError = null;
    try {
      await work(new FormData(event.currentTarget as HTMLFormElement));
    } catch (error) {
      this.factorError = asError(error);
    }
  }

  #propose(event: SubmitEvent): Promise<void> {
    return this.#step(event, async (given) => {
      void import('@awesome.me/webawesome/dist/components/qr-code/qr-code.js');
      const proposed = await this.app.api.proposeTotp(String(given.get('factor-password')));
      this.factor = { kind: 'scanning', ...proposed };
    });
  }

  #confirm(event: SubmitEvent): Promise<void> {
    return this.#step(event, async (given) => {
      const codes = await this.app.api.confirmTotp(String(given.get('code')).trim());
      this.factor = { kind: 'done', codes };
      this.totp = true;
    });
  }

  #remove(event: SubmitEvent): Promise<void> {
    return this.#step(event, async (given) => {
      await this.app.api.removeTotp(String(given.get('factor-password')));
      this.factor = { kind: 'shown' };
      this.totp = false;
      notify('ok', 'You sign in with the password only.');
    });
  }

  #passwordForm(): TemplateResult {
    return html`<section class="card" aria-labelledby="password-title"><header><h2 id="password-title">Password</h2></header>
      <form class="body stack narrow" @submit=${(event: SubmitEvent) => void this.#changePassword(event)}>
        ${errorNotice(this.error)}
        <input type="hidden" autocomplete="username" value=${this.app.user.email} />
        <div class="field"><label for="present">Present password</label>
          <input class="input" id="present" name="present" type="password" autocomplete="current-password" required maxlength="256" /></div>
        <div class="field"><label for="next">New password</label>
          <input class="input" id="next" name="next" type="password" autocomplete="new-password" required minlength="12" maxlength="256" />
          <span class="hint">At least 12 characters. All other sign-ins end.</span></div>
        <div class="row"><button type="submit" class="button primary">Change password</button></div></form></section>`;
  }

  #asking(label: string, look: string, run: (event: SubmitEvent) => Promise<void>): TemplateResult {
    return html`<form class="stack narrow" @submit=${(event: SubmitEvent) => void run(event)}>
      <div class="field"><label for="factor-password">Password, to be sure that it is you</label>
        <input class="input" id="factor-password" name="factor-password" type="password" autocomplete="current-password" required maxlength="256" /></div>
      <div class="row"><button type="submit" class="button ${look}">${label}</button></div></form>`;
  }

  #scanning({ secret, uri }: { secret: string; uri: string }): TemplateResult {
    return html`<form class="stack narrow" @submit=${(event: SubmitEvent) => void this.#confirm(event)}>
      <p>Scan this with an authenticator app, then type the code it shows.</p>
      <div class="qr"><wa-qr-code value=${uri} label="QR code for an authenticator app" size="176" radius="0" fill="#000" background="#fff"></wa-qr-code></div>
      <p class="small muted">No camera? Type this key into the app: <code class="breaks">${secret}</code></p>
      <div class="field"><label for="code">Code</label>
        <input class="input" id="code" name="code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code" required /></div>
      <div class="row"><button type="button" class="button" @click=${() => {
        this.factor = { kind: 'shown' };
      }}>Cancel</button><button type="submit" class="button primary">Turn on</button></div></form>`;
  }

  #factor(): TemplateResult {
    const { factor } = this;
    if (factor.kind === 'scanning') return this.#scanning(factor);
    if (factor.kind === 'done') {
      return html`${notice('ok', html`<p>The second factor is on.</p>`)}
        <p>Keep these recovery codes where you find them without your phone. Each counts once; they are shown only now.</p>
        <ul class="codes mono">${factor.codes.map((code) => html`<li>${code}</li>`)}</ul>
        <div class="row"><button type="button" class="button primary" @click=${() => {
          this.factor = { kind: 'shown' };
        }}>I have kept them</button></div>`;
    }
    return this.#hasTotp()
      ? html`<p>On: you sign in with the password and a code of your authenticator app.</p>${this.#asking('Turn off', 'danger', (event) => this.#remove(event))}`
      : html`<p>Off: whoever knows your password can sign in. With a second factor they need your phone, too.</p>${this.#asking('Set up', 'primary', (event) => this.#propose(event))}`;
  }

  #session(session: SignInSession): TemplateResult {
    const end = async (): Promise<void> => {
      try {
        await this.app.api.endSession(session.id);
        notify('ok', 'That sign-in has ended.');
      } catch (error) {
        tellFailure(error);
      }
      this.#sessions.refresh();
    };
    return html`<tr><td>${browserOf(session.userAgent)}<div class="muted small">${session.ip ?? 'unknown address'}</div></td>
      <td>${session.current ? html`<span class="tag">this one</span>` : html`<button type="button" class="button small danger" @click=${() => void end()}>End</button>`}</td>
      <td class="wide muted">signed in ${age(session.createdAt)}<div class="small">renewed ${age(session.renewedAt)}</div></td></tr>`;
  }

  protected override render() {
    const { user } = this.app;
    const { value, error, refresh } = this.#sessions;
    return html`<div class="page">
      <div class="page-head"><div><h1>Your account</h1><p class="lead">${user.email}, ${user.role} of ${user.tenantName}, ${sitesText(user.sites)}</p></div></div>
      ${accountTabs(user, 'account')}
      ${this.#passwordForm()}
      <section class="card" aria-labelledby="factor-title"><header><h2 id="factor-title">Second factor</h2></header>
        <div class="body stack">${errorNotice(this.factorError)}${this.#factor()}</div></section>
      <section class="card" aria-labelledby="sessions-title"><header><h2 id="sessions-title">Where you are signed in</h2></header>
        ${
          value === undefined
            ? html`<div class="body">${loading(error, 2, refresh)}</div>`
            : html`${errorNotice(error)}<div class="scroll"><table class="fold"><thead><tr><th scope="col">Browser</th><th scope="col"><span class="visually-hidden">Actions</span></th><th scope="col">Signed in</th></tr></thead>
                <tbody>${value.map((session) => this.#session(session))}</tbody></table></div>`
        }</section>${nothing}</div>`;
  }
}
customElements.define('account-page', AccountPage);
