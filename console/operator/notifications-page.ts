/** Channels: where notifications go, whether that works, a test that is really sent, and the log. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import type { Channel, ChannelWish, TestAnswer } from '../data/notification-api.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { age, lasting } from '../ui/age.ts';
import '../ui/copy.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { alertTabs } from './alert-tabs.ts';
import { type App, asError, refusedByRole } from './app.ts';
import { kindWords } from './channel-form.ts';
import './delivery-log.ts';

const marks: Record<Channel['health']['state'], Mark> = {
  working: { shape: 'tick', tone: 'ok', word: 'Working' },
  failing: { shape: 'cross', tone: 'bad', word: 'Failing' },
  untried: { shape: 'ring', tone: 'idle', word: 'Untried' },
  paused: { shape: 'bar', tone: 'idle', word: 'Paused' },
};

type Open =
  | { kind: 'form'; channel: Channel | null }
  | { kind: 'delete'; channel: Channel }
  | { kind: 'key'; name: string; signingKey: string };
type Tested = { name: string; answer: TestAnswer };

const hearsText = ({ hears }: Channel): string =>
  [
    ...(hears.alerts === null ? [] : [`${hears.alerts.severities.join(', ')} alerts`]),
    ...(hears.alerts?.sites == null ? [] : [`of ${hears.alerts.sites.join(', ')}`]),
    ...hears.events,
  ].join(' · ');

const whereText = ({ settings }: Channel): string =>
  settings.to?.join(', ') ?? settings.origin ?? new URL(settings.url ?? 'https://-').hostname;

class NotificationsPage extends LitElement {
  static override properties = {
    open: { state: true },
    error: { state: true },
    testing: { state: true },
    tested: { state: true },
  };
  app!: App;
  params: Params = {};
  open: Open | null = null;
  error: ApiError | null = null;
  testing: string | null = null;
  tested: Tested | null = null;
  #channels = createResource(this, () => this.app.api.channels());
  #sites = createResource(this, () => this.app.api.sites());

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
  }

  #show(open: Open | null): void {
    this.error = null;
    this.open = open;
  }

  async #do(work: () => Promise<Open | null>): Promise<void> {
    this.error = null;
    try {
      this.#show(await work());
    } catch (error) {
      this.error = asError(error);
    }
    this.#refresh();
  }

  #refresh(): void {
    this.#channels.refresh();
    void this.querySelector<HTMLElement & { load: (cursor: null) => Promise<void> }>(
      'delivery-log',
    )?.load(null);
  }

  #save(channel: Channel | null, wish: ChannelWish): Promise<void> {
    return this.#do(async () => {
      if (channel !== null) {
        await this.app.api.changeChannel(channel, wish);
        return null;
      }
      const { name, signingKey } = await this.app.api.makeChannel(wish);
      return signingKey === null ? null : { kind: 'key', name, signingKey };
    });
  }

  async #test(channel: Channel): Promise<void> {
    this.testing = channel.id;
    this.tested = null;
    await this.#do(async () => {
      const answer = await this.app.api.testChannel(channel.id);
      this.tested = { name: channel.name, answer };
      return null;
    });
    this.testing = null;
  }

  #refused(): string | null {
    return this.app.user.role === 'admin' ? null : 'Admins keep channels.';
  }

  #verdict(): TemplateResult | typeof nothing {
    if (this.tested === null) return nothing;
    const { name, answer } = this.tested;
    const seconds = (answer.tookMs / 1_000).toFixed(1);
    return answer.outcome === 'delivered'
      ? notice('ok', html`<p>${name} took the test after ${seconds} s: ${answer.said}</p>`)
      : notice('bad', html`<p>${name} did not take the test: ${answer.said}</p>`);
  }

  #health({ health }: Channel): TemplateResult {
    const { state, reason, failingSince, nextAttemptAt, lastDeliveredAt, waiting, dropped } =
      health;
    return html`${badge(marks[state])}
      ${reason === null ? nothing : html`<div class="small breaks">${reason}</div>`}
      ${failingSince === null ? nothing : html`<div class="muted small">failing for ${lasting(failingSince)}${nextAttemptAt === null ? nothing : html`, next try ${clockOf(nextAttemptAt, Date.now())}`}</div>`}
      <div class="muted small">last sent ${age(lastDeliveredAt)}${waiting > 0 ? `, ${waiting} waiting` : ''}${dropped > 0 ? `, ${dropped} dropped` : ''}</div>`;
  }

  #row(channel: Channel): TemplateResult {
    const admin = { refused: this.#refused(), hushed: true };
    return html`<tr><td><span class="strong">${channel.name}</span><div class="muted small breaks">${kindWords[channel.kind]} · ${whereText(channel)}</div></td>
      <td class="wide">${this.#health(channel)}</td>
      <td class="wide small">${hearsText(channel)}</td>
      <td class="wide"><div class="row">${actionButton({
        label: 'Test',
        look: 'small',
        busy: this.testing === channel.id,
        refused: refusedByRole(this.app.user),
        hushed: true,
        run: () => void this.#test(channel),
      })}
      ${actionButton({ label: 'Edit', look: 'small', ...admin, run: () => this.#show({ kind: 'form', channel }) })}
      ${
        channel.kind === 'webhook'
          ? actionButton({
              label: 'New key',
              look: 'small',
              ...admin,
              run: () =>
                void this.#do(async () => {
                  const { signingKey } = await this.app.api.rotateSigningKey(channel.id);
                  return { kind: 'key', name: channel.name, signingKey };
                }),
            })
          : nothing
      }
      ${actionButton({ label: 'Delete', look: 'small danger', ...admin, run: () => this.#show({ kind: 'delete', channel }) })}</div></td></tr>`;
  }

  #list(channels: readonly Channel[]): TemplateResult {
    if (channels.length === 0) {
      return emptyState(
        'bell',
        'Nobody is told yet',
        html`<p>A channel tells people or programs of alerts and rollouts: by e-mail, Slack, Teams, PagerDuty or a signed
          webhook. What can’t be delivered is tried for a day, and said here.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Channel</th><th scope="col">Health</th><th scope="col">Hears</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${channels.map((channel) => this.#row(channel))}</tbody></table></div>`;
  }

  #body(open: Open): TemplateResult {
    if (open.kind === 'form') {
      return html`<channel-form .channel=${open.channel} .sites=${this.#sites.value ?? []} .error=${this.error}
        .onCancel=${() => this.#show(null)} .onWish=${(wish: ChannelWish) => void this.#save(open.channel, wish)}></channel-form>`;
    }
    if (open.kind === 'key') {
      return html`<div class="stack"><p>What ${open.name}’s receiver checks signatures with. It is shown only now; a key before it signs for another day.</p>
        <copy-command text=${open.signingKey} label="Signing key"></copy-command>
        <div class="dialog-actions"><button type="button" class="button primary" @click=${() => this.#show(null)}>I have it</button></div></div>`;
    }
    const remove = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#do(async () => {
        await this.app.api.removeChannel(open.channel.id);
        return null;
      });
    };
    return html`<form class="stack" @submit=${remove}>${errorNotice(this.error)}
      <p>Nothing is sent there any more; ${open.channel.health.waiting} that wait are not sent, and its log goes with it.</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#show(null)}>Keep it</button>
        <button type="submit" class="button danger solid">Delete channel</button></div></form>`;
  }

  #label(open: Open): string {
    if (open.kind === 'key') return 'Signing key';
    if (open.kind === 'delete') return `Delete ${open.channel.name}?`;
    return open.channel === null ? 'New channel' : `Edit ${open.channel.name}`;
  }

  protected override render() {
    const { value, error, refresh } = this.#channels;
    const { open } = this;
    return html`<div class="page">
      <div class="page-head"><div><h1>Notifications</h1><p class="lead">Who is told of alerts and rollouts, and whether it arrived.</p></div>
        ${actionButton({ label: 'New channel', icon: 'plus', look: 'primary', refused: this.#refused(), run: () => this.#show({ kind: 'form', channel: null }) })}</div>
      ${alertTabs('notifications')}
      <div aria-live="polite">${this.#verdict()}</div>${open === null ? errorNotice(this.error) : nothing}
      ${
        value === undefined
          ? loading(error, 3, refresh)
          : html`${errorNotice(error)}<section class="card" aria-label="Channels">${this.#list(value)}</section>
        <delivery-log .app=${this.app} .channels=${value}></delivery-log>`
      }
      ${dialog({
        label: open === null ? 'Channel' : this.#label(open),
        open: open !== null,
        onClose: () => this.#show(null),
        body: () => (open === null ? html`` : this.#body(open)),
      })}</div>`;
  }
}
customElements.define('notifications-page', NotificationsPage);
