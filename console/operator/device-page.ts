/**
 * One device: its status and how we know, what it should run beside what it runs, its metrics,
 * containers and events. Live: events move what they carry, the rest is fetched again.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { calmly } from '../data/calm.ts';
import { type ChartRange, chartRangeOf, chartRanges } from '../data/chart-ranges.ts';
import { applyToDevices, type LiveEvent, mayMove, subjectOf } from '../data/live.ts';
import { createResource } from '../data/resource.ts';
import { deviceMark } from '../data/status.ts';
import { appendSample, sampleFromEvent } from '../data/trend.ts';
import type { Device, MetricSeries, Reported, Sample } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { badge } from '../ui/glyph.ts';
import { type Params, withQuery } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { containerTable } from '../views/containers.ts';
import { deviceFacts } from '../views/device-facts.ts';
import { madeOf, metricCharts, metricTable, newestSample } from '../views/metric-panel.ts';
import { pairSlots, softwareTable } from '../views/software.ts';
import { timeline } from '../views/timeline.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import type { DeviceDialog } from './device-dialog-kind.ts';
import './device-activity.ts';
import './device-credentials.ts';
import './device-dialogs.ts';
import './device-health.ts';
import './device-life-dialogs.ts';
import './device-metadata.ts';
import { deviceRemoval } from './device-removal.ts';
import './device-tags.ts';
import { pathTo } from './paths.ts';

const rangeFromQuery = (): ChartRange =>
  chartRangeOf(new URLSearchParams(location.search).get('range'));

class DevicePage extends LitElement {
  static override properties = {
    range: { state: true },
    asTable: { state: true },
    dialog: { state: true },
  };
  app!: App;
  params: Params = {};
  range: ChartRange = rangeFromQuery();
  asTable = false;
  dialog: DeviceDialog = 'none';

  #device = createResource(this, async () => {
    const device = await this.app.api.device(this.#id);
    this.#knowReports(device);
    return device;
  });
  /** Null: there is none yet. */
  #reported = createResource<Reported | null>(
    this,
    () => this.app.api.reported(this.#id),
    'when-asked',
  );
  #desired = createResource(this, () => this.app.api.desired(this.#id));
  #events = createResource(this, () => this.app.api.events(this.#id));
  #metrics = createResource<MetricSeries>(this, () => {
    const to = Date.now();
    return this.app.api.metrics(this.#id, to - this.range.ms, to);
  });

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices', 'rollouts', `device:${this.#id}`],
      onEvent: (event) => this.#onEvent(event),
      onResync: () => this.#refreshAll(),
    });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  /** The device itself says whether there is a report to ask for. */
  #knowReports({ reportedAt }: Device): void {
    if (reportedAt !== null) this.#reported.refresh();
    else if (this.#reported.value === undefined) this.#reported.put(null);
  }

  #refreshAll(): void {
    for (const part of [this.#device, this.#desired, this.#events, this.#metrics]) part.refresh();
  }

  /** What a rollout asks of it: also of a device that is away and tells nothing. */
  readonly #refreshDesired = calmly(() => this.#desired.refresh());

  #onEvent(event: LiveEvent): void {
    if (subjectOf(event, 'deviceId') !== this.#id) {
      if (mayMove(event, [this.#id])) this.#refreshDesired();
      return;
    }
    if (event.type === 'metrics') {
      const sample = sampleFromEvent(event.data);
      if (sample === null) this.#metrics.refresh();
      else if (this.#isNextStep(sample)) this.#metrics.refresh();
      else this.#metrics.patch((known) => this.#withSample(known, sample));
    } else if (event.type === 'event') {
      this.#events.refresh();
    } else if (event.type === 'reported') {
      this.#reported.refresh();
      this.#desired.refresh();
    } else {
      this.#onDevice(event);
    }
  }

  /** Minutes are made in the cloud, one for many samples: asked for again when a step is over. */
  #isNextStep(sample: Sample): boolean {
    const known = this.#metrics.value;
    const last = known?.series.at(-1);
    if (known?.source !== 'minutes' || last === undefined) return false;
    return new Date(sample.at).getTime() >= new Date(last.at).getTime() + known.bucketMs;
  }

  /** Points of minutes, hours and days are means: one sample is none of them. */
  #withSample(known: MetricSeries, sample: Sample): MetricSeries {
    if (known.source !== 'samples') return known;
    const series = appendSample(known.series, sample, Date.now() - this.range.ms);
    return { ...known, series };
  }

  #onDevice(event: LiveEvent): void {
    const known = this.#device.value;
    const applied = applyToDevices(known === undefined ? [] : [known], event);
    const [device] = applied.devices;
    if (applied.fetch === 'nothing' && device !== undefined) {
      this.#device.patch(() => device);
      return;
    }
    this.#device.refresh();
    this.#desired.refresh();
  }

  protected override updated(): void {
    if (this.#device.value !== undefined) this.app.entitle(this.#device.value.name);
  }

  #head(): TemplateResult {
    const device = this.#device.value;
    // One heading from the start: it holds the focus when the name arrives.
    return html`<div class="page-head">
      <div class="stack tight"><h1>${device?.name ?? 'Device'}</h1>
        ${device === undefined ? nothing : this.#standing(device)}</div>
      ${device === undefined || device.removal ? nothing : this.#acts(device)}
    </div>`;
  }

  #standing(device: Device): TemplateResult {
    return html`<div class="row">${badge(deviceMark(device))}
      <span class="muted">${device.presence === 'never' ? 'has not connected yet' : html`last seen ${age(device.lastSeenAt)}`}
      · site ${device.site}</span></div>`;
  }

  #acts(device: Device): TemplateResult {
    const refused = refusedByRole(this.app.user);
    const unused = device.registrationStatus === 'approved' ? null : 'Approve the device first.';
    const open = (dialog: DeviceDialog) => () => {
      this.dialog = dialog;
    };
    return html`<div class="row top">
      ${actionButton({
        label: 'Deploy bundle',
        icon: 'rocket',
        look: 'primary',
        refused: refused ?? unused,
        run: open('deploy'),
      })}
      ${actionButton({ label: 'Rename', refused, hushed: true, run: open('rename') })}
      ${actionButton({ label: 'Move', refused: refused ?? unused, hushed: true, run: open('move') })}
      ${actionButton({ label: 'Replace', refused: refused ?? unused, hushed: true, run: open('replace') })}
      ${actionButton({ label: 'Decommission', look: 'danger', refused: refused ?? unused, hushed: true, run: open('decommission') })}
      ${actionButton({ label: 'Delete', icon: 'trash', look: 'danger', refused, hushed: true, run: open('remove') })}
    </div>`;
  }

  #software(): TemplateResult {
    const reported = this.#reported.value;
    const pairs = pairSlots(this.#desired.value?.slots ?? [], reported?.slots ?? []);
    const refused = refusedByRole(this.app.user);
    const ready = this.#desired.value !== undefined;
    return html`<section class="card" aria-labelledby="software-title">
      <header><h2 id="software-title">Software</h2>
        ${reported ? html`<span class="small muted">reported ${age(reported.receivedAt)}</span>` : nothing}</header>
      ${
        pairs.length > 0
          ? softwareTable(pairs, (pair) =>
              pair.desired === null
                ? nothing
                : actionButton({
                    label: 'Remove',
                    look: 'small quiet',
                    refused,
                    hushed: true,
                    run: () => {
                      this.dialog = { withdraw: pair.bundleId, name: pair.bundleName };
                    },
                  }),
            )
          : ready
            ? emptyState(
                'box',
                'Nothing is deployed',
                this.#device.value?.registrationStatus === 'approved'
                  ? html`<p>Deploy a bundle here, or roll one out to many devices at once.</p>`
                  : html`<p>Once it is approved, a bundle can be deployed to it.</p>`,
              )
            : html`<div class="body">${loading(this.#desired.error, 1, this.#desired.refresh)}</div>`
      }
    </section>`;
  }

  #charts(): TemplateResult {
    const { value: known, error } = this.#metrics;
    const value = known?.series;
    const to = Date.now();
    const choose = (range: ChartRange) => () => {
      this.range = range;
      this.app.replace(
        withQuery(location.pathname, location.search, {
          range: range.key === '1h' ? '' : range.key,
        }),
      );
      this.#metrics.refresh();
    };
    return html`<section class="card" aria-labelledby="metrics-title">
      <header><h2 id="metrics-title">Metrics</h2>${known === undefined ? nothing : html`<span class="small muted">${madeOf(known)}</span>`}${newestSample(value)}<div class="row">
        <div class="segmented" role="group" aria-label="Period">${chartRanges.map(
          (range) =>
            html`<button type="button" aria-pressed=${this.range === range} @click=${choose(range)}>${range.label}</button>`,
        )}</div>
        <div class="segmented" role="group" aria-label="Show as">
          ${[false, true].map(
            (table) =>
              html`<button type="button" aria-pressed=${this.asTable === table} @click=${() => {
                this.asTable = table;
              }}>${table ? 'Table' : 'Charts'}</button>`,
          )}
        </div></div></header>
      ${
        value === undefined
          ? html`<div class="body">${loading(error, 3, this.#metrics.refresh)}</div>`
          : value.length === 0
            ? emptyState(
                'activity',
                'No readings in this period',
                html`<p>An idle device sends its metrics once in a quarter of an hour, and at once while this page is open. What it measured while cut off arrives when it is back.</p>`,
              )
            : this.asTable
              ? metricTable(value, to)
              : html`<div class="body">${metricCharts(value, { from: to - this.range.ms, to, period: this.range.period })}</div>`
      }
    </section>`;
  }

  #containers(): TemplateResult {
    const { value: reported, error } = this.#reported;
    const containers = reported?.containers ?? [];
    return html`<section class="card" aria-labelledby="containers-title">
      <header><h2 id="containers-title">Containers</h2>
        ${reported ? html`<span class="small muted">${reported.engine ? `${reported.engine.kind} ${reported.engine.version}, ` : ''}reported ${age(reported.receivedAt)}</span>` : nothing}</header>
      ${
        containers.length > 0
          ? containerTable(
              containers,
              ({ bundleName, name }) =>
                html`<a href=${pathTo.logs(this.#id, bundleName, name)} aria-label="Log of ${name}">Log</a>`,
            )
          : reported === undefined
            ? html`<div class="body">${loading(error, 1, this.#reported.refresh)}</div>`
            : html`<div class="body muted">${reported === null ? 'The device has not reported yet.' : 'The device runs no container of ours.'}</div>`
      }
    </section>`;
  }

  #timeline(): TemplateResult {
    const { value, error } = this.#events;
    return html`<section class="card" aria-labelledby="events-title">
      <header><h2 id="events-title">Events</h2></header>
      ${
        value === undefined
          ? html`<div class="body">${loading(error, 3, this.#events.refresh)}</div>`
          : value.length === 0
            ? html`<div class="body muted">Nothing has happened yet.</div>`
            : html`<div style="max-height:520px;overflow-y:auto" tabindex="0" role="region" aria-label="Events of this device">${timeline(value, Date.now())}</div>`
      }
    </section>`;
  }

  async #approve(device: Device): Promise<void> {
    try {
      await this.app.api.approve(device.id);
      notify('ok', `${device.name} is approved. It connects by itself within half a minute.`);
    } catch (error) {
      tellFailure(error, `${device.name} was not approved: `);
    }
    this.#device.refresh();
  }

  #waitingRoom(device: Device): TemplateResult {
    return notice(
      'warn',
      html`<div class="stack tight"><p>This device waits for approval. Approve it only if
        <code>signalbeam-agent status</code> shows this fingerprint on it:</p>
        <p class="fingerprint">${device.fingerprint}</p>
        <div>${actionButton({
          label: 'Approve',
          icon: 'check',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => void this.#approve(device),
        })}</div></div>`,
    );
  }

  readonly #closed = (event: CustomEvent<{ changed: boolean }>): void => {
    this.dialog = 'none';
    if (event.detail.changed) this.#refreshAll();
  };

  #body(): TemplateResult {
    const device = this.#device.value;
    if (device === undefined) return loading(this.#device.error, 4, () => this.#refreshAll());
    const reported = this.#reported.value;
    const waiting = reported?.waiting ?? '';
    return html`${errorNotice(this.#device.error)} ${deviceRemoval(device)}
      ${device.registrationStatus === 'pending' ? this.#waitingRoom(device) : nothing}
      ${waiting === '' ? nothing : notice('idle', html`<p>${waiting}</p>`)}
      ${reported?.engine && !reported.engine.reachable ? notice('bad', html`<p>The container engine on this device does not answer. Running containers are not touched; updates wait until it is back.</p>`) : nothing}
      <div class="device-grid">
        <div class="stack">${this.#software()} ${this.#charts()} ${this.#containers()}</div>
        <div class="stack"><device-health .app=${this.app} .device=${device}></device-health>
          <device-tags .app=${this.app} .device=${device} @changed=${() => this.#device.refresh()}></device-tags>
          <device-metadata .app=${this.app} .device=${device} @changed=${() => this.#device.refresh()}></device-metadata>
          ${deviceFacts(device, this.#desired.value, reported ?? null)}
          ${device.removal ? nothing : html`<device-credentials .app=${this.app} .device=${device}></device-credentials>`} ${this.#timeline()}
          <device-activity .app=${this.app} .device=${device}></device-activity></div>
      </div>
      <device-dialogs .app=${this.app} .device=${device} .dialog=${this.dialog} @closed=${this.#closed}></device-dialogs>
      <device-life-dialogs .app=${this.app} .device=${device} .dialog=${this.dialog} @closed=${this.#closed}></device-life-dialogs>`;
  }

  protected override render() {
    return html`<div class="page">
      <div>${crumb(pathTo.fleet(), 'Fleet')}${this.#head()}</div>
      ${this.#body()}
    </div>`;
  }
}
customElements.define('device-page', DevicePage);
