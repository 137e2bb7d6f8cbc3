/** Secrets that bundles name: who has which, and another value for one. A value is typed and never seen again. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { Secret } from '../data/secret-types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { listCut } from '../views/list-cut.ts';
import { type App, asError, followLive } from './app.ts';
import { pathTo } from './paths.ts';

type Open = { kind: 'create' } | { kind: 'rotate' | 'delete'; secret: Secret };

const devicesText = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const placeOf = ({ scope }: Secret): TemplateResult => {
  if (scope.kind === 'tenant') return html`Everybody`;
  if (scope.kind === 'site') return html`Site ${scope.site}`;
  return html`<a href=${pathTo.device(scope.deviceId)}>One device</a>`;
};

const titles = { create: 'New secret', rotate: 'Another value', delete: 'Delete the secret' };

/** The first is what is offered: nobody is better off when all containers start again together. */
const spreads = [
  { minutes: 10, label: 'over 10 minutes' },
  { minutes: 60, label: 'over an hour' },
  { minutes: 1_440, label: 'over a day' },
  { minutes: 0, label: 'all at once' },
] as const;

class SecretsPage extends LitElement {
  static override properties = {
    open: { state: true },
    busy: { state: true },
    error: { state: true },
  };
  app!: App;
  params: Params = {};
  open: Open | null = null;
  busy = false;
  error: ApiError | null = null;
  #secrets = createResource(this, () => this.app.api.secrets());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#secrets.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #show(open: Open | null): void {
    this.error = null;
    this.open = open;
  }

  /** What a form says goes to the cloud and is forgotten with the form. */
  async #send(event: SubmitEvent, open: Open): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const said = (name: string): string => String(form.get(name) ?? '');
    this.busy = true;
    try {
      notify('ok', await this.#act(open, said));
      this.#show(null);
      this.#secrets.refresh();
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  async #act(open: Open, said: (name: string) => string): Promise<string> {
    const { api } = this.app;
    if (open.kind === 'create') {
      const site = said('site').trim();
      const place = site === '' ? {} : { site };
      const { name } = await api.createSecret({
        ...{ name: said('name').trim(), value: said('value') },
        ...place,
      });
      return `The secret ${name} is set.`;
    }
    const { id, name } = open.secret;
    if (open.kind === 'delete') {
      await api.deleteSecret(id);
      return `The secret ${name} is deleted.`;
    }
    const over = spreads.find(({ minutes }) => String(minutes) === said('over')) ?? spreads[0];
    const { devices } = await api.rotateSecret(id, said('value'), over.minutes);
    return `${name} has another value; ${devicesText(devices)} get it ${over.minutes === 0 ? 'within seconds' : over.label}.`;
  }

  #value(): TemplateResult {
    return html`<div class="field"><label for="secret-value">Value</label>
      <textarea class="input mono" id="secret-value" name="value" rows="3" required maxlength="4096" spellcheck="false" autocomplete="off" aria-describedby="secret-value-hint"></textarea>
      <span class="hint" id="secret-value-hint">At most 4 KiB. Nobody is ever shown it again; devices alone can open it.</span></div>`;
  }

  #fields(open: Open): TemplateResult {
    switch (open.kind) {
      case 'create':
        return html`<div class="field"><label for="secret-name">Name</label>
          <input class="input mono" id="secret-name" name="name" required maxlength="42" pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="Small letters, digits and dashes, such as plant-7." spellcheck="false" autocomplete="off" aria-describedby="secret-name-hint" />
          <span class="hint" id="secret-name-hint">As bundles name it in <code>secretEnvironment</code> or <code>secretFiles</code>: lower-case letters, digits and inner dashes.</span></div>
          <div class="field"><label for="secret-site">Site</label>
          <input class="input" id="secret-site" name="site" maxlength="63" pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="Small letters, digits and dashes, such as plant-7." spellcheck="false" autocomplete="off" aria-describedby="secret-site-hint" />
          <span class="hint" id="secret-site-hint">Leave it empty for everybody. A site’s own value comes before that.</span></div>${this.#value()}`;
      case 'rotate':
        return html`<p>${
          open.secret.devices === 0
            ? 'No device uses it now.'
            : html`<strong>${devicesText(open.secret.devices)}</strong> get it: what uses it starts again there, and goes back to
              the old value if it is not healthy with the new one. One by one, a bad value is seen before all have it; a value
              that leaked is better replaced at once.`
        }</p>${this.#value()}
          <div class="field"><label for="secret-over">Devices get it</label>
          <select class="input" id="secret-over" name="over">${spreads.map(
            ({ minutes, label }) => html`<option value=${minutes}>${label}</option>`,
          )}</select></div>`;
      case 'delete':
        return html`<p>The secret <strong>${open.secret.name}</strong> for ${placeOf(open.secret)} is gone for good. It is refused while a device
          needs it.</p>`;
    }
  }

  #form(open: Open): TemplateResult {
    const isDelete = open.kind === 'delete';
    const words = { create: 'Set secret', rotate: 'Give it this value', delete: 'Delete secret' };
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#send(event, open)}>
      ${errorNotice(this.error)}${this.#fields(open)}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#show(null)}>Cancel</button>
        <button type="submit" class="button ${isDelete ? 'danger solid' : 'primary'}" aria-busy=${this.busy ? 'true' : nothing} ?disabled=${this.busy}>${words[open.kind]}</button></div></form>`;
  }

  #row(secret: Secret, refused: string | null): TemplateResult {
    const act = (kind: 'rotate' | 'delete', label: string, look: string) =>
      actionButton({
        ...{ label, look, refused, hushed: true },
        run: () => this.#show({ kind, secret }),
      });
    return html`<tr><td><span class="mono">${secret.name}</span></td>
      <td><span class="only-narrow muted small">For </span>${placeOf(secret)}</td>
      <td class="wide"><span class="only-narrow muted small">Used by </span>${devicesText(secret.devices)}${
        secret.waiting === 0
          ? nothing
          : html`<div class="small tone-warn">${secret.waiting} yet to get this value</div>`
      }</td>
      <td class="muted wide">value ${secret.revision}, ${age(secret.changedAt)}<div class="small">by ${nameOfActor(secret.changedBy)}</div></td>
      <td><span class="row">${act('rotate', 'New value', 'small')}${act('delete', 'Delete', 'small danger')}</span></td></tr>`;
  }

  #list(secrets: readonly Secret[], refused: string | null): TemplateResult {
    if (secrets.length === 0) {
      return emptyState(
        'lock',
        'No secret yet',
        html`<p>A password or a key that containers need and no bundle should hold. Set it here; a container names it in
          <code>secretEnvironment</code> or, as a file, in <code>secretFiles</code>, and each device gets it sealed to its own key.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Secret</th><th scope="col">For</th><th scope="col">Used by</th><th scope="col">Changed</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${secrets.map((secret) => this.#row(secret, refused))}</tbody></table></div>${listCut(secrets, 'secrets list')}`;
  }

  protected override render() {
    const { value, error, refresh } = this.#secrets;
    const { role, sites } = this.app.user;
    const isOfAll = sites === null || sites === undefined;
    const refused = role === 'admin' && isOfAll ? null : 'Admins of every site change them.';
    const { open } = this;
    return html`<div class="page"><div class="page-head"><div>${crumb(pathTo.bundles(), 'Bundles')}<h1>Secrets</h1>
        <p class="lead">What containers need and no bundle holds. Values are never shown again.</p></div>
        ${actionButton({
          ...{ label: 'New secret', icon: 'plus', look: 'primary', refused },
          run: () => this.#show({ kind: 'create' }),
        })}</div>
      ${value === undefined ? loading(error, 3, refresh) : html`${errorNotice(error)}<section class="card" aria-label="Secrets">${this.#list(value, refused)}</section>`}
      ${notice('info', html`<p>Another value reaches its devices one by one over a time that you choose, or all at once. To try one on a few first, set it for a site.</p>`)}
      ${dialog({
        label:
          open === null
            ? 'Secret'
            : open.kind === 'create'
              ? titles.create
              : `${titles[open.kind]}: ${open.secret.name}`,
        open: open !== null,
        onClose: () => this.#show(null),
        body: () => (open === null ? html`` : this.#form(open)),
      })}</div>`;
  }
}
customElements.define('secrets-page', SecretsPage);
