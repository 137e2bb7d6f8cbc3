/** A rollout before it starts: which version, which devices, and what will happen to them. */
import {
  alertSeverities,
  type StrategyChoice,
  strategies,
  wavesOf,
} from '@signalbeam/sync/core/rollout-strategies';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { isCut } from '../data/lists.ts';
import { applyToDevices } from '../data/live.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { noPace, type PaceChoice, paceOf, startAtOf } from '../data/rollout-pace.ts';
import type { RolloutPreview, RolloutWish } from '../data/rollout-types.ts';
import { deviceMark } from '../data/status.ts';
import type { BundleVersion, Device } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { crumb } from '../ui/crumb.ts';
import { bareMark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { allowDeprecatedBox, versionWord } from './deprecated.ts';
import { pathTo } from './paths.ts';
import { paceFields } from './rollout-pace-fields.ts';
import { rolloutPreview } from './rollout-preview.ts';
import {
  choiceOfWhom,
  type Meant,
  meantNotice,
  pickedDevices,
  type Whom,
  whomFields,
} from './rollout-whom.ts';

const approvals = [
  ['none', 'Nobody has to approve'],
  ['any-person', 'Somebody approves'],
  ['another-person', 'Somebody else approves'],
] as const;

const soakMinutesMax = 10_080;
const minutesOf = (event: Event): number => {
  const value = Number((event.target as HTMLInputElement).value);
  return Number.isFinite(value) ? Math.min(soakMinutesMax, Math.max(0, Math.round(value))) : 0;
};
const approvalOf = (event: Event): StrategyChoice['approval'] => {
  const value = (event.target as HTMLSelectElement).value;
  return approvals.find(([known]) => known === value)?.[0] ?? 'none';
};

const scoreOf = (event: Event): number | null => {
  const value = Math.round(Number((event.target as HTMLInputElement).value));
  return Number.isFinite(value) && value > 0 ? Math.min(100, value) : null;
};
/** Null for what is empty or no number. */
const timeOf = (event: Event): number | null => {
  const value = Math.round(Number((event.target as HTMLInputElement).value));
  return Number.isFinite(value) && value > 0 ? value : null;
};
const severityOf = (event: Event): StrategyChoice['alertFreeFrom'] => {
  const { value } = event.target as HTMLSelectElement;
  return alertSeverities.find((severity) => severity === value) ?? null;
};
const severityWords = {
  info: 'None at all',
  warning: 'None of warning or worse',
  critical: 'None that is critical',
};

/** Changes of these change what would happen. */
const aboutWish = [
  ...(['bundleId', 'version', 'chosen', 'whom', 'choice', 'pace'] as const),
  ...(['allowDeprecated', 'onFailure'] as const),
];

class NewRolloutPage extends LitElement {
  static override properties = {
    bundleId: { state: true },
    version: { state: true },
    versions: { state: true },
    chosen: { state: true },
    whom: { state: true },
    choice: { state: true },
    pace: { state: true },
    allowDeprecated: { state: true },
    onFailure: { state: true },
    error: { state: true },
    busy: { state: true },
    preview: { state: true },
    looking: { state: true },
  };
  app!: App;
  params: Params = {};
  bundleId = new URLSearchParams(location.search).get('bundle') ?? '';
  version = new URLSearchParams(location.search).get('version') ?? '';
  versions: BundleVersion[] = [];
  chosen: ReadonlySet<string> = new Set();
  whom: Whom = pickedDevices;
  choice: StrategyChoice = {
    ...{ strategy: 'all-at-once', soakMinutes: 10, approval: 'none' },
    ...{ healthScoreMin: null, alertFreeFrom: null, timeoutMinutes: null },
  };
  pace: PaceChoice = noPace;
  onFailure: 'pause' | 'roll-back' = 'pause';
  allowDeprecated = false;
  error: ApiError | null = null;
  busy = false;
  /** Of the wish as it is now; gone when that changes. */
  preview: RolloutPreview | null = null;
  looking = false;
  #bundles = createResource(this, async () => {
    const bundles = await this.app.api.bundles();
    await this.#choose(this.bundleId || (bundles[0]?.id ?? ''));
    return bundles;
  });
  #groups = createResource(this, () => this.app.api.groups());
  #devices = createResource(this, () => this.app.api.approvedDevices());
  #sites = createResource(this, () => this.app.api.sites());
  /** Of a group, a site or everybody, as they are now: more than the list of devices may hold. */
  #meant = createResource(this, () => this.#count(this.whom), 'when-asked');

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices'],
      onEvent: (event) => {
        const applied = applyToDevices(this.#devices.value ?? [], event);
        if (applied.fetch === 'devices') this.#devices.refresh();
        else this.#devices.patch(() => applied.devices);
      },
      onResync: () => this.#devices.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  async #choose(bundleId: string): Promise<void> {
    this.bundleId = bundleId;
    if (bundleId === '') return;
    this.versions = await this.app.api.versions(bundleId);
    if (!this.versions.some(({ version }) => version === this.version)) {
      this.version = this.versions[0]?.version ?? '';
    }
  }

  #toggle(id: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(id)) chosen.add(id);
    this.chosen = chosen;
  }

  /** What was looked ahead at is not what is wished any more. */
  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (aboutWish.some((name) => changed.has(name))) this.preview = null;
    if (changed.has('whom') && this.whom.target !== null) this.#meant.refresh();
  }

  #wish(): RolloutWish {
    const reason = this.pace.ignoreSiteWindows.trim();
    const startAt = startAtOf(this.pace);
    return {
      bundleId: this.bundleId,
      version: this.version,
      target: this.whom.target ?? { kind: 'devices', deviceIds: [...this.chosen] },
      lateJoiners: this.whom.late,
      waves: wavesOf(this.choice),
      onFailure: this.onFailure,
      pace: paceOf(this.pace),
      allowDeprecated: this.allowDeprecated,
      ...(startAt === null ? {} : { startAt }),
      ...(reason === '' ? {} : { ignoreSiteWindows: reason }),
    };
  }

  async #lookAhead(): Promise<void> {
    this.looking = true;
    this.error = null;
    try {
      this.preview = await this.app.api.previewRollout(this.#wish());
    } catch (error) {
      this.error = asError(error);
    }
    this.looking = false;
  }

  async #start(): Promise<void> {
    this.busy = true;
    this.error = null;
    try {
      const made = await this.app.api.startRollout(this.#wish());
      this.app.navigate(pathTo.rollout(made.id));
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  async #count(whom: Whom): Promise<Meant> {
    const choice = choiceOfWhom(whom);
    const [devices, online] = await Promise.all([
      this.app.api.countDevices({ ...choice, status: 'approved' }),
      this.app.api.countDevices({ ...choice, status: 'online' }),
    ]);
    return { whom, devices, away: Math.max(0, devices - online) };
  }

  /** How many it is for, as far as it is known by now. */
  #known(listed: readonly Device[]): Meant | null {
    const { whom } = this;
    if (whom.target !== null) return this.#meant.value?.whom === whom ? this.#meant.value : null;
    const picked = listed.filter(({ id }) => this.chosen.has(id));
    const away = picked.filter(({ presence }) => presence !== 'online').length;
    return { whom, devices: picked.length, away };
  }

  #consequence(listed: readonly Device[]): TemplateResult | typeof nothing {
    const known = this.#known(listed);
    if (known === null)
      return this.#meant.error === null
        ? notice('idle', html`<p>Counting the devices…</p>`)
        : errorNotice(this.#meant.error);
    return meantNotice(known);
  }

  #chooseStrategy(more: Partial<StrategyChoice>): void {
    this.choice = { ...this.choice, ...more };
  }

  #strategy(): TemplateResult {
    const { strategy, soakMinutes, approval, healthScoreMin, alertFreeFrom, timeoutMinutes } =
      this.choice;
    const inWaves = strategy !== 'all-at-once';
    return html`<fieldset class="card padded stack"><legend class="visually-hidden">How</legend><h2>How</h2>
      ${strategies.map(
        ({
          name,
          label,
          means,
        }) => html`<label class="choice"><input type="radio" name="strategy" .checked=${name === strategy} @change=${() => this.#chooseStrategy({ strategy: name })} />
          <span><b>${label}</b><span class="muted small">${means}</span></span></label>`,
      )}
      ${
        inWaves
          ? html`<div class="grid-2"><div class="field"><label for="soak">Well for, in minutes</label>
              <input class="input" id="soak" type="number" min="0" max="10080" .value=${String(soakMinutes)} @change=${(event: Event) => this.#chooseStrategy({ soakMinutes: minutesOf(event) })} /></div>
            <div class="field"><label for="approval">Before the next wave</label>
              <select class="input" id="approval" @change=${(event: Event) => this.#chooseStrategy({ approval: approvalOf(event) })}>
                ${approvals.map(([value, label]) => html`<option value=${value} ?selected=${value === approval}>${label}</option>`)}</select></div>
            <div class="field"><label for="health">Health score they need <span class="muted small">(1–100; empty: any)</span></label>
              <input class="input" id="health" type="number" min="1" max="100" .value=${String(healthScoreMin ?? '')} @change=${(event: Event) => this.#chooseStrategy({ healthScoreMin: scoreOf(event) })} /></div>
            <div class="field"><label for="alert-free">Open alerts on them</label>
              <select class="input" id="alert-free" @change=${(event: Event) => this.#chooseStrategy({ alertFreeFrom: severityOf(event) })}>
                <option value="" ?selected=${alertFreeFrom === null}>Hold nothing up</option>
                ${alertSeverities.map((value) => html`<option value=${value} ?selected=${value === alertFreeFrom}>${severityWords[value]}</option>`)}</select></div>
            <div class="field"><label for="wave-timeout">Good within, in minutes <span class="muted small">(empty: any time; else it stops)</span></label>
              <input class="input" id="wave-timeout" type="number" min="1" max="43200" .value=${String(timeoutMinutes ?? '')} @change=${(event: Event) => this.#chooseStrategy({ timeoutMinutes: timeOf(event) })} /></div>
            <div class="field"><label for="on-failure">When too many fail</label>
              <select class="input" id="on-failure" @change=${(event: Event) => {
                this.onFailure =
                  (event.target as HTMLSelectElement).value === 'pause' ? 'pause' : 'roll-back';
              }}><option value="pause" ?selected=${this.onFailure === 'pause'}>Pause and wait for you</option>
                <option value="roll-back" ?selected=${this.onFailure === 'roll-back'}>Take every device back</option></select></div></div>`
          : nothing
      }</fieldset>`;
  }

  #refusal(): string | null {
    const role = refusedByRole(this.app.user);
    if (role !== null) return role;
    if (this.version === '') return 'Choose a bundle that has a version.';
    const isNobody = this.whom.target === null && this.chosen.size === 0;
    return isNobody ? 'Choose at least one device.' : null;
  }

  #picker(devices: readonly Device[]): TemplateResult {
    if (devices.length === 0)
      return html`<p class="muted">No device is approved yet. <a href=${pathTo.fleet()}>Add one</a> first.</p>`;
    const all = this.chosen.size === devices.length;
    return html`<fieldset class="card" aria-labelledby="devices-title">
      <header><h2 id="devices-title">Devices <span class="muted small">${this.chosen.size} of ${devices.length} chosen</span></h2>
        <button type="button" class="button small" @click=${() => {
          this.chosen = all ? new Set() : new Set(devices.map(({ id }) => id));
        }}>${all ? 'Choose none' : `Choose ${isCut(devices) ? 'the first' : 'all'} ${devices.length}`}</button></header>
      <div class="pick">${devices.map(
        (
          device,
        ) => html`<label><input type="checkbox" .checked=${this.chosen.has(device.id)} @change=${() => this.#toggle(device.id)} />
          <span class="truncate">${device.name} <span class="muted">${device.site}</span></span>${bareMark(deviceMark(device))}</label>`,
      )}</div>${isCut(devices) ? html`<p class="list-foot muted small">The first ${devices.length} by name: choose a group or a site for others.</p>` : nothing}</fieldset>`;
  }

  protected override render() {
    const { value: bundles, error } = this.#bundles;
    const devices = this.#devices.value;
    return html`<div class="page">
      <div class="page-head"><div>${crumb(pathTo.rollouts(), 'Rollouts')}<h1>New rollout</h1><p class="lead">Nothing happens until you start it.</p></div></div>
      ${
        bundles === undefined || devices === undefined
          ? loading(error ?? this.#devices.error, 4, () => {
              this.#bundles.refresh();
              this.#devices.refresh();
            })
          : html`<div class="editor"><div class="stack">
        <div class="grid-2"><div class="field"><label for="bundle">Bundle</label>
          <select class="input" id="bundle" @change=${(event: Event) => void this.#choose((event.target as HTMLSelectElement).value)}>
            ${bundles.map((bundle) => html`<option value=${bundle.id} ?selected=${bundle.id === this.bundleId}>${bundle.name}</option>`)}</select></div>
        <div class="field"><label for="version">Version</label>
          <select class="input" id="version" @change=${(event: Event) => {
            this.version = (event.target as HTMLSelectElement).value;
          }}>${this.versions.map((one) => html`<option value=${one.version} ?selected=${one.version === this.version}>${versionWord(one)}</option>`)}</select></div></div>
        <div @change=${(event: Event) => {
          this.allowDeprecated = (event.target as HTMLInputElement).checked;
        }}>${allowDeprecatedBox(this.versions)}</div>
        ${whomFields(
          this.whom,
          { groups: this.#groups.value ?? [], sites: this.#sites.value ?? [] },
          (whom) => {
            this.whom = whom;
          },
        )}
        ${this.whom.target === null ? this.#picker(devices) : nothing}${this.#strategy()}${paceFields(
          this.pace,
          (more) => {
            this.pace = { ...this.pace, ...more };
          },
        )}</div>
        <aside class="stack">${this.#consequence(devices)}
          ${errorNotice(this.error)}
          <div class="row wrap">${actionButton({ label: 'Look ahead', icon: 'clock', busy: this.looking, refused: this.#refusal(), run: () => void this.#lookAhead() })}
          ${actionButton({ label: startAtOf(this.pace) === null ? 'Start rollout' : 'Schedule rollout', icon: 'rocket', look: 'primary', busy: this.busy, refused: this.#refusal(), run: () => void this.#start() })}</div>
          <div aria-live="polite">${this.preview === null ? nothing : rolloutPreview(this.preview)}</div>
        </aside></div>`
      }</div>`;
  }
}
customElements.define('new-rollout-page', NewRolloutPage);
