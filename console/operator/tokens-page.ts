/** Registration tokens: how often each was used, what it gives its devices, and how to close it. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import { createResource } from '../data/resource.ts';
import type { Group, RegistrationToken } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import { icon } from '../ui/icons.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { tagList } from '../views/device-table.ts';
import { listCut } from '../views/list-cut.ts';
import './add-device.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import { pathTo } from './paths.ts';
import './quota-line.ts';

const marks: Record<RegistrationToken['state'], Mark> = {
  open: { shape: 'disc', tone: 'ok', word: 'Open' },
  revoked: { shape: 'cross', tone: 'bad', word: 'Revoked' },
  expired: { shape: 'ring', tone: 'idle', word: 'Expired' },
  'used-up': { shape: 'tick', tone: 'idle', word: 'Used up' },
};

class TokensPage extends LitElement {
  static override properties = { adding: { state: true }, revoking: { state: true } };
  app!: App;
  params: Params = {};
  adding = false;
  revoking: RegistrationToken | null = null;
  #tokens = createResource(this, () => this.app.api.tokens());
  #groups = createResource(this, () => this.app.api.groups());
  #sites = createResource(this, () => this.app.api.sites());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      onEvent: (event) => {
        if (event.type === 'device' && event.data['presence'] === undefined) this.#tokens.refresh();
      },
      onResync: () => this.#tokens.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  async #revoke(event: SubmitEvent, token: RegistrationToken): Promise<void> {
    event.preventDefault();
    try {
      await this.app.api.revokeToken(token.id);
      notify('ok', `${token.prefix} lets nobody in any more.`);
    } catch (error) {
      tellFailure(error);
    }
    this.revoking = null;
    this.#tokens.refresh();
  }

  #gives(token: RegistrationToken, groups: readonly Group[]): TemplateResult {
    const group = groups.find(({ id }) => id === token.group);
    return html`<div class="row">${token.tags.length === 0 ? nothing : tagList(token.tags)}
      ${group === undefined ? nothing : html`<a href=${pathTo.group(group.id)}>${group.name}</a>`}
      ${token.tags.length === 0 && group === undefined ? html`<span class="muted">nothing</span>` : nothing}</div>`;
  }

  #row(token: RegistrationToken, groups: readonly Group[]): TemplateResult {
    return html`<tr><td><span class="mono nowrap">${token.prefix}…</span><div class="muted small">${token.description ?? ''}</div></td>
      <td>${badge(marks[token.state])}</td>
      <td class="wide"><div class="bar-cell"><progress max=${token.maxUses} value=${token.currentUses} aria-label="Uses"></progress><span class="nowrap">${token.currentUses} of ${token.maxUses} used</span></div></td>
      <td class="wide">${token.site}${token.autoApprove ? html`<div class="muted small">approved by itself</div>` : nothing}</td>
      <td class="wide"><span class="only-narrow muted small">Gives </span>${this.#gives(token, groups)}</td>
      <td class="muted wide">${token.state === 'open' ? `until ${clockOf(token.expiresAt, Date.now())}` : ''}<div class="small">by ${nameOfActor(token.createdBy)}</div></td>
      <td>${
        token.state === 'open'
          ? actionButton({
              label: 'Revoke',
              look: 'small danger',
              refused: refusedByRole(this.app.user),
              hushed: true,
              run: () => {
                this.revoking = token;
              },
            })
          : nothing
      }</td></tr>`;
  }

  #list(tokens: readonly RegistrationToken[]): TemplateResult {
    if (tokens.length === 0) {
      return emptyState(
        'lock',
        'No registration token yet',
        html`<p>A token lets devices of one site ask to be let in: so many, for so long. It can give them tags and a group, so
          that a gateway is sorted before anybody has looked at it. It is shown once; the cloud keeps only its hash.</p>`,
      );
    }
    const groups = this.#groups.value ?? [];
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Token</th><th scope="col">Status</th><th scope="col">Uses</th><th scope="col">Site</th><th scope="col">Gives its devices</th><th scope="col">Valid</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${tokens.map((token) => this.#row(token, groups))}</tbody></table></div>${listCut(tokens, 'tokens list')}`;
  }

  #question(token: RegistrationToken): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#revoke(event, token)}>
      <p>No further device gets in with it. Those that did (${token.currentUses}) stay.</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.revoking = null;
      }}>Keep it</button><button type="submit" class="button danger solid">Revoke token</button></div></form>`;
  }

  protected override render() {
    const { value, error } = this.#tokens;
    const { revoking } = this;
    return html`<div class="page">
      <div class="page-head"><div><h1>Registration tokens</h1><p class="lead">What lets devices ask to be let in.</p>
        <quota-line .app=${this.app} .of=${['devices', 'registrationTokens']}></quota-line></div>
        ${actionButton({
          label: 'New token',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.adding = true;
          },
        })}</div>
      ${value === undefined ? loading(error, 3, this.#tokens.refresh) : html`${errorNotice(error)}<section class="card" aria-label="Tokens">${this.#list(value)}</section>`}
      <p class="muted small">${icon('info')} Devices that wait are on <a href=${pathTo.fleet()}>the fleet’s page</a>.</p>
      <add-device .app=${this.app} .open=${this.adding} .sites=${(this.#sites.value ?? []).map(({ name }) => name)} @closed=${() => {
        this.adding = false;
        this.#tokens.refresh();
      }}></add-device>
      ${dialog({
        label: `Revoke ${revoking?.prefix ?? 'the token'}?`,
        open: revoking !== null,
        onClose: () => {
          this.revoking = null;
        },
        body: () => (revoking === null ? html`` : this.#question(revoking)),
      })}</div>`;
  }
}
customElements.define('tokens-page', TokensPage);
