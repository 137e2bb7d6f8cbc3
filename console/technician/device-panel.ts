/**
 * The technician's one page: this device, its containers and their logs, its link and what waits
 * behind it. Everything is pushed; reading is open on the LAN, and having the device look again
 * needs a code from the device itself. Works on plain http, without internet.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import { type Ask, createAsk } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { ServerEvent } from '../data/sse.ts';
import { createStream, type LinkState } from '../data/stream.ts';
import { appendSample } from '../data/trend.ts';
import type { Sample } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { copyText } from '../ui/clipboard.ts';
import { clockNow, setClockOffset } from '../ui/clock.ts';
import { badge } from '../ui/glyph.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import '../ui/link-pill.ts';
import '../ui/theme-switch.ts';
import { metricCharts, metricTable, newestSample } from '../views/metric-panel.ts';
import { timeline } from '../views/timeline.ts';
import './container-log.ts';
import './hold-form.ts';
import './sign-in.ts';
import { aboutCard, approvalCard, containerRows, linkCard, softwareCard } from './sections.ts';
import { siteCard } from './site-card.ts';
import type {
  LocalContainer,
  LocalDevice,
  LocalEvent,
  LocalLink,
  LocalPush,
  LocalSession,
} from './types.ts';
import { clockSentence, deviceVerdict, reconcileRefusal, summaryText } from './words.ts';

const minuteMs = 60_000;
const ranges = [
  { minutes: 15, label: '15 min', period: 'last quarter of an hour' },
  { minutes: 60, label: '1 h', period: 'last hour' },
  { minutes: 360, label: '6 h', period: 'last 6 hours' },
] as const;
type Range = (typeof ranges)[number];

class DevicePanel extends LitElement {
  static override properties = {
    live: { state: true },
    signingIn: { state: true },
    holding: { state: true },
    logOf: { state: true },
    range: { state: true },
    asTable: { state: true },
    asking: { state: true },
    copied: { state: true },
  };
  live: LinkState = { kind: 'connecting', dataFrom: null };
  signingIn = false;
  holding = false;
  logOf: LocalContainer | null = null;
  range: Range = ranges[1];
  asTable = false;
  asking = false;
  copied = '';
  #skewMs = 0;
  #ask: Ask = createAsk({ onSignedOut: () => this.#session.refresh() });
  #device = createResource(this, () => this.#ask<LocalDevice>('GET', '/api/local/device'));
  #link = createResource(this, () => this.#ask<LocalLink>('GET', '/api/local/link'));
  #containers = createResource(
    this,
    async () =>
      (await this.#ask<LocalPush['containers']>('GET', '/api/local/containers')).containers,
  );
  #events = createResource(
    this,
    async () => (await this.#ask<LocalPush['events']>('GET', '/api/local/events?limit=50')).events,
  );
  #metrics = createResource(
    this,
    async () =>
      (
        await this.#ask<{ series: Sample[] }>(
          'GET',
          `/api/local/metrics?minutes=${this.range.minutes}`,
        )
      ).series,
  );
  #session = createResource(this, () => this.#ask<LocalSession>('GET', '/api/local/session'));

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const stream = createStream('/api/local/stream');
    stream.onState((state) => {
      this.live = state;
    });
    stream.onEvent((event) => this.#pushed(event));
    // The line begins with a picture of everything but the samples that were missed.
    stream.onResync(() => {
      this.#metrics.refresh();
      this.#session.refresh();
    });
    stream.listen([]);
  }

  #pushed({ type, data }: ServerEvent): void {
    const read: unknown = JSON.parse(data);
    const as = <Topic extends keyof LocalPush>(_: Topic) => read as LocalPush[Topic];
    if (type === 'device') this.#put(as('device'));
    else if (type === 'link') this.#link.put(as('link'));
    else if (type === 'containers') this.#containers.put(as('containers').containers);
    else if (type === 'events') this.#events.put(as('events').events);
    else if (type === 'metrics') this.#measured(as('metrics').sample);
    const open = this.logOf;
    if (type !== 'containers' || open === null) return;
    // A container that was started anew has another log: the drawer follows it.
    this.logOf =
      this.#containers.value?.find(
        (each) =>
          each.name === open.name &&
          each.bundleName === open.bundleName &&
          each.state === 'running',
      ) ?? open;
  }

  #put(device: LocalDevice): void {
    this.#skewMs = device.now - Date.now();
    setClockOffset(this.#skewMs);
    this.#device.put(device);
  }

  #measured(sample: Sample | null): void {
    if (sample === null) return;
    const from = clockNow() - this.range.minutes * minuteMs;
    this.#metrics.patch((known) => appendSample(known, sample, from));
  }

  async #reconcile(): Promise<void> {
    this.asking = true;
    try {
      await this.#ask('POST', '/api/local/reconcile');
      notify('ok', 'The device looks at every container now. What it does is shown here.');
    } catch (error) {
      notify('bad', error instanceof Error ? error.message : String(error));
    }
    this.asking = false;
  }

  async #endHold(): Promise<void> {
    try {
      await this.#ask('DELETE', '/api/local/hold');
      notify('ok', 'The hold is ended. What waited begins now.');
    } catch (error) {
      notify('bad', error instanceof Error ? error.message : String(error));
    }
    this.#device.refresh();
  }

  /** Same conditions as looking again: it changes what the device does. */
  #holdButton(device: LocalDevice, signedIn: boolean): TemplateResult {
    const refused = reconcileRefusal(device, signedIn, this.#isAway);
    if (device.hold !== null)
      return actionButton({
        label: 'End the hold',
        refused,
        hushed: true,
        run: () => void this.#endHold(),
      });
    return actionButton({
      label: 'Hold',
      refused,
      hushed: true,
      run: () => {
        this.holding = true;
      },
    });
  }

  async #signOut(): Promise<void> {
    await this.#ask('DELETE', '/api/local/session').catch(() => undefined);
    this.#session.refresh();
  }

  async #copySummary(): Promise<void> {
    const text = this.querySelector('.summary pre');
    if (text === null) return;
    this.copied = await copyText(text);
    setTimeout(() => {
      this.copied = '';
    }, 4_000);
  }

  #account(signedIn: boolean): TemplateResult {
    const expiresAt = this.#session.value?.expiresAt ?? null;
    if (!signedIn)
      return html`<button type="button" class="button" @click=${() => {
        this.signingIn = true;
      }}>Sign in</button>`;
    const as = this.#session.value?.name ?? null;
    return html`<span class="muted small">Signed in${as === null ? '' : ` as ${as}`}${expiresAt === null ? '' : ` until ${clockOf(expiresAt, clockNow())}`}</span>
      <button type="button" class="button quiet" @click=${() => void this.#signOut()}>Sign out</button>`;
  }

  #hero(device: LocalDevice, link: LocalLink): TemplateResult {
    const { mark, sentence } = deviceVerdict(device, link);
    const signedIn = this.#session.value?.signedIn === true;
    return html`<section class="card hero edge-${mark.tone}" aria-label="This device">
      <div class="row top"><div class="grow"><h1>${device.name}</h1><p class="muted">site ${device.site}</p></div>${badge(mark)}</div>
      <p class="headline" role="status">${sentence}</p>
      <div class="row top apart">${actionButton({
        label: 'Reconcile now',
        icon: 'refresh',
        look: 'primary',
        busy: this.asking,
        refused:
          reconcileRefusal(device, signedIn, this.#isAway) ??
          (device.hold === null ? null : 'It is held: end the hold first.'),
        run: () => void this.#reconcile(),
      })}${this.#holdButton(device, signedIn)}<div class="row">${this.#account(signedIn)}</div></div>
      ${signedIn ? html`<p class="muted small">Reconcile looks at every container again and repairs what differs from what is wanted. Hold has it change nothing while you work here.</p>` : nothing}
    </section>`;
  }

  get #isAway(): boolean {
    return this.live.kind === 'reconnecting' || this.live.kind === 'offline';
  }

  #notices(): TemplateResult {
    const { dataFrom } = this.live;
    const away = this.#isAway;
    // The device knows why its clock is wrong; this browser only sees that it differs.
    const skew = this.#device.value?.clock ?? clockSentence(this.#skewMs);
    return html`${
      away
        ? html`<div role="alert">${notice('warn', html`<p>The device does not answer this page${dataFrom === null ? '' : `: what is shown is from ${clockOf(dataFrom, Date.now())}`}. Are you still on its network? It is tried again by itself.</p>`)}</div>`
        : nothing
    }${[skew, this.#device.value?.stale ?? ''].map((text) => (text === '' ? nothing : notice('warn', html`<p>${text}</p>`)))}${errorNotice(this.#device.error ?? this.#link.error)}`;
  }

  #chartsCard(): TemplateResult {
    const { value, error } = this.#metrics;
    const last = value?.at(-1)?.at ?? clockNow();
    const to = Math.max(clockNow(), Number(last));
    const from = to - this.range.minutes * minuteMs;
    return html`<section class="card" aria-labelledby="metrics-title"><header><h2 id="metrics-title">Metrics</h2>${newestSample(value)}<div class="row">
        <div class="segmented" role="group" aria-label="Period">${ranges.map(
          (range) =>
            html`<button type="button" aria-pressed=${this.range === range} @click=${() => {
              this.range = range;
              this.#metrics.refresh();
            }}>${range.label}</button>`,
        )}</div>
        <div class="segmented" role="group" aria-label="Show as">${[false, true].map(
          (table) =>
            html`<button type="button" aria-pressed=${this.asTable === table} @click=${() => {
              this.asTable = table;
            }}>${table ? 'Table' : 'Charts'}</button>`,
        )}</div></div></header>
      ${
        value === undefined
          ? html`<div class="body">${loading(error, 2)}</div>`
          : value.length === 0
            ? html`<p class="muted padded">The first measurement is taken within a minute of the agent’s start.</p>`
            : this.asTable
              ? metricTable(value, to)
              : html`<div class="body">${metricCharts(value, { from, to, period: this.range.period })}</div>`
      }</section>`;
  }

  #containersCard(): TemplateResult {
    const { value, error } = this.#containers;
    return html`<section class="card" aria-labelledby="containers-title"><header><h2 id="containers-title">Containers</h2></header>
      ${
        value === undefined
          ? html`<div class="body">${loading(error, 2)}</div>`
          : containerRows(value, (container) => {
              this.logOf = container;
            })
      }</section>`;
  }

  #eventsCard(events: readonly LocalEvent[]): TemplateResult {
    return html`<section class="card" aria-labelledby="events-title"><header><h2 id="events-title">What happened</h2></header>
      ${
        events.length === 0
          ? html`<p class="muted padded">Nothing yet.</p>`
          : html`<div class="events" tabindex="0" role="region" aria-label="Events of this device">${timeline(events, clockNow())}</div>`
      }</section>`;
  }

  #body(device: LocalDevice, link: LocalLink): TemplateResult {
    const events = this.#events.value ?? [];
    const approved = device.registration === 'approved';
    return html`<div class="stack">${this.#hero(device, link)} ${approvalCard(device)}
        ${approved ? html`${softwareCard(device)} ${this.#containersCard()}` : nothing} ${linkCard(link, clockNow())} ${siteCard(link.site, device)}</div>
      <div class="stack">${approved ? this.#chartsCard() : nothing} ${this.#eventsCard(events)}
        ${aboutCard(device, {
          text: summaryText(device, link, events),
          said: this.copied,
          copy: () => void this.#copySummary(),
        })}</div>`;
  }

  protected override render() {
    const device = this.#device.value;
    const link = this.#link.value;
    if (device !== undefined) document.title = `${device.name} · SignalBeam Edge`;
    return html`<header class="top"><span class="brand"><img src="/favicon.svg" alt="" width="24" height="24" /><span>SignalBeam <b>Edge</b></span></span><span class="grow"></span>
        <link-pill .state=${this.live}></link-pill><theme-switch></theme-switch></header>
      <main class="page"><div class="notices">${this.#notices()}</div>
        <div class="columns-2 ${this.#isAway ? 'stale' : ''}">${
          device === undefined || link === undefined
            ? html`<div><h1 class="visually-hidden">This device</h1>${this.#device.error === null ? loading(null, 5) : nothing}</div>`
            : this.#body(device, link)
        }</div></main>
      <container-log .container=${this.logOf} @closed=${() => {
        this.logOf = null;
      }}></container-log>
      <hold-form .ask=${this.#ask} .open=${this.holding} @closed=${(
        event: CustomEvent<{ placed: boolean }>,
      ) => {
        this.holding = false;
        if (event.detail.placed) {
          notify('ok', 'The device is held.');
          this.#device.refresh();
        }
      }}></hold-form>
      <device-sign-in .ask=${this.#ask} .open=${this.signingIn} @closed=${(
        event: CustomEvent<{ signedIn: boolean }>,
      ) => {
        this.signingIn = false;
        if (event.detail.signedIn) notify('ok', 'Signed in.');
        this.#session.refresh();
      }}></device-sign-in><toast-stack></toast-stack>`;
  }
}
customElements.define('device-panel', DevicePanel);
