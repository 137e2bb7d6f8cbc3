/**
 * The form of a channel: what it is, where it goes, what it hears. Secrets are typed and never shown:
 * of a channel that is there they stay when nothing is typed.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import {
  type Channel,
  type ChannelKind,
  type ChannelWish,
  channelKinds,
  type Hears,
  happenings,
  severities,
} from '../data/notification-api.ts';
import type { ApiError } from '../data/request.ts';
import type { Site } from '../data/types.ts';
import { errorNotice } from '../ui/notice.ts';

export const kindWords: Record<ChannelKind, string> = {
  email: 'E-mail',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  pagerduty: 'PagerDuty',
  webhook: 'Webhook',
};
const secretWords: Record<ChannelKind, { label: string; hint: string }> = {
  email: { label: 'Password', hint: 'Of the user name on the mail server.' },
  slack: { label: 'Address', hint: 'Of an incoming webhook; whoever knows it may write there.' },
  teams: { label: 'Address', hint: 'Of a workflow that takes webhook requests.' },
  pagerduty: { label: 'Integration key', hint: 'Of an integration “Events API v2”.' },
  webhook: { label: 'Address', hint: 'Each request is signed; the key is shown once it is made.' },
};

const words = (form: FormData, name: string): string[] =>
  String(form.get(name) ?? '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');

const hearsIn = (form: FormData): Hears => {
  const sites = form.getAll('site').map(String);
  const chosen = {
    severities: form.getAll('severity').map(String),
    happenings: form.getAll('happening').map(String),
    sites: sites.length === 0 ? null : sites,
  };
  const none = chosen.severities.length === 0 || chosen.happenings.length === 0;
  return { alerts: none ? null : chosen, events: words(form, 'events') };
};

const settingsIn = (form: FormData, kind: ChannelKind): ChannelWish['settings'] => {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  const secret = text('secret');
  switch (kind) {
    case 'email': {
      const username = text('username');
      return {
        ...{ host: text('host'), port: Number(text('port')), from: text('from') },
        ...{ security: text('security') as 'starttls', to: words(form, 'to') },
        username: username === '' ? null : username,
        ...(secret === '' ? {} : { password: secret }),
      };
    }
    case 'pagerduty':
      return secret === '' ? {} : { routingKey: secret };
    case 'slack':
    case 'teams':
    case 'webhook':
      return secret === '' ? {} : { url: secret };
  }
};

class ChannelForm extends LitElement {
  static override properties = {
    channel: { attribute: false },
    sites: { attribute: false },
    error: { attribute: false },
    kind: { state: true },
  };
  /** Null: a new one. */
  channel: Channel | null = null;
  sites: readonly Site[] = [];
  error: ApiError | null = null;
  kind: ChannelKind = 'email';
  onWish: (wish: ChannelWish) => void = () => {};
  onCancel: () => void = () => {};

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.channel !== null) this.kind = this.channel.kind;
  }

  #wish(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const { kind } = this;
    const kept = kind === 'pagerduty' ? this.channel?.settings.url : undefined;
    this.onWish({
      ...{ kind, name: String(form.get('name')).trim(), enabled: form.get('enabled') !== null },
      hears: hearsIn(form),
      settings: { ...settingsIn(form, kind), ...(kept === undefined ? {} : { url: kept }) },
    });
  }

  #field(
    name: string,
    label: string,
    value: string,
    more: { type?: string; hint?: string; optional?: boolean; multiple?: boolean } = {},
  ): TemplateResult {
    const { type = 'text', hint, optional = false, multiple = false } = more;
    const id = `channel-${name}`;
    return html`<div class="field"><label for=${id}>${label}</label>
      <input class="input" id=${id} name=${name} type=${type} value=${value} ?required=${!optional} ?multiple=${multiple}
        autocomplete=${type === 'password' ? 'new-password' : 'off'} aria-describedby=${hint === undefined ? nothing : `${id}-hint`} />
      ${hint === undefined ? nothing : html`<span class="hint" id=${`${id}-hint`}>${hint}</span>`}</div>`;
  }

  #secret(): TemplateResult {
    const { label, hint } = secretWords[this.kind];
    const isKept = this.channel !== null;
    return this.#field('secret', label, '', {
      type: this.kind === 'email' || this.kind === 'pagerduty' ? 'password' : 'url',
      hint: isKept ? `${hint} Left empty, it stays as it is.` : hint,
      optional: isKept || this.kind === 'email',
    });
  }

  #mail(): TemplateResult {
    const {
      host = '',
      port = 587,
      security = 'starttls',
      username,
      from = '',
      to = [],
    } = this.channel?.settings ?? {};
    const ways = { starttls: 'STARTTLS', tls: 'TLS from the start', none: 'None' };
    return html`<div class="grid-2">${this.#field('host', 'Mail server', host)}
      ${this.#field('port', 'Port', String(port), { type: 'number' })}
      <div class="field"><label for="channel-security">Encryption</label><select class="input" id="channel-security" name="security">
        ${Object.entries(ways).map(([way, said]) => html`<option value=${way} ?selected=${way === security}>${said}</option>`)}</select></div>
      ${this.#field('username', 'User name', username ?? '', { optional: true })}</div>
      ${this.#field('from', 'From', from, { type: 'email' })}
      ${this.#field('to', 'To', to.join(', '), { type: 'email', multiple: true, hint: 'Several are parted by commas.' })}`;
  }

  #ticks(name: string, legend: string, all: readonly string[], ticked: readonly string[]) {
    return html`<fieldset class="choices"><legend>${legend}</legend>${all.map(
      (one) =>
        html`<label class="check"><input type="checkbox" name=${name} value=${one} ?checked=${ticked.includes(one)} /> ${one}</label>`,
    )}</fieldset>`;
  }

  #hears(): TemplateResult {
    const hears = this.channel?.hears;
    const alerts = hears === undefined ? { severities, happenings, sites: null } : hears.alerts;
    return html`${this.#ticks('severity', 'Alerts that are', severities, alerts?.severities ?? [])}
      ${this.#ticks('happening', 'When they are', happenings, alerts?.happenings ?? [])}
      ${
        this.sites.length === 0
          ? nothing
          : this.#ticks(
              'site',
              'Only of these sites (none ticked: all)',
              this.sites.map(({ name }) => name),
              alerts?.sites ?? [],
            )
      }
      ${
        this.kind === 'pagerduty'
          ? nothing
          : this.#field('events', 'Other events', hears?.events.join(', ') ?? '', {
              optional: true,
              hint: 'Such as rollout.completed; rollout.* is all that happens to rollouts.',
            })
      }`;
  }

  protected override render() {
    const { channel, error } = this;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => this.#wish(event)}>${errorNotice(error)}
      ${
        channel !== null
          ? nothing
          : html`<div class="field"><label for="channel-kind">Kind</label><select class="input" id="channel-kind" @change=${(
              event: Event,
            ) => {
              this.kind = (event.currentTarget as HTMLSelectElement).value as ChannelKind;
            }}>${channelKinds.map((kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kindWords[kind]}</option>`)}</select></div>`
      }
      ${this.#field('name', 'Name', channel?.name ?? '')}
      ${this.kind === 'email' ? this.#mail() : nothing}${this.#secret()}${this.#hears()}
      <label class="check"><input type="checkbox" name="enabled" ?checked=${channel?.enabled !== false} /> Send notifications here</label>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.onCancel()}>Cancel</button>
        <button type="submit" class="button primary">${channel === null ? 'Make channel' : 'Save'}</button></div></form>`;
  }
}
customElements.define('channel-form', ChannelForm);
