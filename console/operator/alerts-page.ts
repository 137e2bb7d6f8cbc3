/** Alerts, newest first and live: what is wrong, since when, and who has taken it on. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { type Alert, type AlertFilter, alertTypes } from '../data/alert-types.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { alertTabs, personOf, severityOf, typeWords } from './alert-tabs.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import { pathTo } from './paths.ts';

const openOnes: AlertFilter = { status: 'open', severity: '', type: '', site: '' };
const choices = {
  status: [
    ['open', 'Open'],
    ['active', 'Nobody on it'],
    ['acknowledged', 'Acknowledged'],
    ['resolved', 'Resolved'],
    ['', 'All'],
  ],
  severity: [
    ['', 'All'],
    ['critical', 'Critical'],
    ['warning', 'Warning'],
    ['info', 'Information'],
  ],
  type: [['', 'All'], ...alertTypes.map((type) => [type, typeWords[type] ?? type])],
} as const;

class AlertsPage extends LitElement {
  static override properties = { older: { state: true } };
  app!: App;
  params: Params = {};
  /** Pages after the first; gone when the first is asked anew with another filter. */
  older: { alerts: Alert[]; next: string | null } | null = null;
  #filter: AlertFilter = openOnes;
  #alerts = createResource(this, () => this.app.api.alerts(this.#filter, null), 'when-asked');
  #counts = createResource(this, () => this.app.api.alertCounts());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['alerts'],
      onEvent: (event) => {
        if (event.type === 'alert') this.#refresh();
      },
      onResync: () => this.#refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const given = new URLSearchParams(location.search);
    const read = (name: keyof AlertFilter) => [name, given.get(name) ?? openOnes[name]] as const;
    const names = ['status', 'severity', 'type', 'site'] as const;
    this.#filter = { ...openOnes, ...Object.fromEntries(names.map(read)) };
    this.#alerts.refresh();
  }

  #refresh(): void {
    this.#alerts.refresh();
    this.#counts.refresh();
  }

  #choose(name: keyof AlertFilter, value: string): void {
    this.#filter = { ...this.#filter, [name]: value.trim() };
    this.older = null;
    const changed = Object.entries(this.#filter).filter(
      ([key, chosen]) => chosen !== openOnes[key as keyof AlertFilter],
    );
    const query = new URLSearchParams(changed);
    this.app.replace(query.size === 0 ? location.pathname : `${location.pathname}?${query}`);
    this.#alerts.refresh();
  }

  async #acknowledge(alert: Alert): Promise<void> {
    try {
      await this.app.api.steerAlert(alert.id, 'acknowledge', '');
      notify('ok', `You are on it: ${alert.title}.`);
    } catch (error) {
      tellFailure(error);
    }
    this.#refresh();
  }

  async #more(cursor: string): Promise<void> {
    try {
      const { alerts, nextCursor } = await this.app.api.alerts(this.#filter, cursor);
      this.older = { alerts: [...(this.older?.alerts ?? []), ...alerts], next: nextCursor };
    } catch (error) {
      tellFailure(error);
    }
  }

  #select(name: 'status' | 'severity' | 'type', label: string): TemplateResult {
    return html`<div class="field"><label for=${`alert-${name}`}>${label}</label>
      <select class="input" id=${`alert-${name}`} @change=${(event: Event) => this.#choose(name, (event.target as HTMLSelectElement).value)}>
        ${choices[name].map(([value, word]) => html`<option value=${value} ?selected=${this.#filter[name] === value}>${word}</option>`)}</select></div>`;
  }

  #row(alert: Alert): TemplateResult {
    const refused = refusedByRole(this.app.user);
    const standing =
      alert.status === 'active'
        ? alert.silenced
          ? 'silenced'
          : 'nobody is on it'
        : alert.status === 'acknowledged'
          ? personOf(alert.acknowledgedBy)
          : personOf(alert.resolvedBy);
    return html`<tr data-alert><td class="wide"><a class="title" data-item href=${pathTo.alert(alert.id)}>${alert.title}</a>
        <div class="muted small">${alert.ruleName}${alert.site === null ? nothing : html` · ${alert.site}`}</div></td>
      <td>${badge(severityOf(alert))}</td>
      <td class="muted nowrap">${age(alert.raisedAt)}</td>
      <td class="muted wide">${standing}</td>
      <td class="end">${
        alert.status === 'active'
          ? html`<span data-acknowledge>${actionButton({ label: 'Acknowledge', refused, hushed: true, run: () => void this.#acknowledge(alert) })}</span>`
          : nothing
      }</td></tr>`;
  }

  #nothing(): TemplateResult {
    const isPlain = Object.entries(openOnes).every(
      ([name, value]) => this.#filter[name as keyof AlertFilter] === value,
    );
    return isPlain
      ? emptyState(
          'check',
          'Nothing is wrong that is watched',
          html`<p>When a device goes offline, falls ill or fills up, or a rollout fails, it is here, and gone again by itself when it is over.
            <a href=${pathTo.alertRules()}>The rules</a> say what is watched and from when on.</p>`,
        )
      : emptyState('search', 'No such alert', html`<p>No alert answers these filters.</p>`);
  }

  #list(): TemplateResult {
    const { value, error } = this.#alerts;
    if (value === undefined) return loading(error, 4, this.#alerts.refresh);
    const alerts = [...value.alerts, ...(this.older?.alerts ?? [])];
    const next = this.older === null ? value.nextCursor : this.older.next;
    return html`${errorNotice(error)}<section class="card" aria-label="Alerts">${
      alerts.length === 0
        ? this.#nothing()
        : html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">What</th><th scope="col">How bad</th><th scope="col">Since</th><th scope="col">Who</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>${alerts.map((alert) => this.#row(alert))}</tbody></table></div>`
    }</section>
    ${next === null ? nothing : html`<div class="row"><button type="button" class="button" @click=${() => void this.#more(next)}>Older</button></div>`}`;
  }

  protected override render() {
    const counts = this.#counts.value;
    return html`<div class="page"><div class="page-head"><div><h1>Alerts</h1>
        <p class="lead" role="status">${
          counts === undefined
            ? 'What needs a person, newest first.'
            : `${counts.active} with nobody on it, ${counts.acknowledged} acknowledged, ${counts.stale} for more than a day; ${counts.resolvedIn7Days} resolved in 7 days.`
        }</p></div></div>
      ${alertTabs('alerts')}
      <form class="narrowing" aria-label="Filters" @submit=${(event: Event) => event.preventDefault()}>
        ${this.#select('status', 'Which')}${this.#select('severity', 'How bad')}${this.#select('type', 'What')}
        <div class="field"><label for="alert-site">Site</label><input class="input" id="alert-site" type="search" .value=${this.#filter.site} placeholder="plant-7" autocomplete="off" autocapitalize="off"
          @change=${(event: Event) => this.#choose('site', (event.target as HTMLInputElement).value)} /></div></form>
      ${this.#list()}</div>`;
  }
}
customElements.define('alerts-page', AlertsPage);
