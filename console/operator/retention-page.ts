/** For how long what is kept. What a change removes is said, and asked, before it is made. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import {
  type Kept,
  type Retention,
  type RetentionChange,
  type RetentionName,
  type RetentionWish,
  retentionNames,
} from '../data/telemetry-api.ts';
import { actionButton } from '../ui/action.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError, followLive } from './app.ts';

const words: Record<RetentionName, { title: string; about: string }> = {
  metricsDays: {
    title: 'Samples',
    about: 'What devices measure, and their values of five minutes: charts of up to two weeks.',
  },
  hoursDays: {
    title: 'Hours',
    about:
      'Lowest, highest and mean of each hour: charts of weeks and months. Days are kept for three years.',
  },
  eventsDays: {
    title: 'Events',
    about:
      'What devices tell of, and the history of their reports. Alerts and the audit log are kept apart.',
  },
  deadLettersDays: {
    title: 'Dead letters',
    about: 'What could not be taken, to be looked at and tried again.',
  },
};

type Asked = { wish: RetentionWish; changes: RetentionChange[] };

class RetentionPage extends LitElement {
  static override properties = {
    asked: { state: true },
    busy: { state: true },
    error: { state: true },
  };
  app!: App;
  params: Params = {};
  asked: Asked | null = null;
  busy = false;
  error: ApiError | null = null;
  #retention = createResource(this, () => this.app.api.retention());

  constructor() {
    super();
    // What is being written stays as it is.
    followLive(this, () => this.app, { topics: () => [], onEvent: () => {}, onResync: () => {} });
  }

  protected override createRenderRoot() {
    return this;
  }

  #close(): void {
    this.asked = null;
    this.error = null;
  }

  async #ask(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const days = (name: RetentionName): number | null => {
      const text = String(form.get(name) ?? '').trim();
      return text === '' ? null : Number(text);
    };
    const wish: RetentionWish = {
      ...{ metricsDays: days('metricsDays'), hoursDays: days('hoursDays') },
      ...{ eventsDays: days('eventsDays'), deadLettersDays: days('deadLettersDays') },
    };
    this.busy = true;
    this.error = null;
    try {
      this.asked = { wish, changes: await this.app.api.previewRetention(wish) };
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  async #save(retention: Retention, { wish }: Asked): Promise<void> {
    this.busy = true;
    this.error = null;
    try {
      await this.app.api.changeRetention(retention, wish, this.app.user.tenantId);
      this.#close();
      notify('ok', 'It is kept for so long from now on.');
    } catch (error) {
      this.error = asError(error);
    }
    this.#retention.refresh();
    this.busy = false;
  }

  #row(name: RetentionName, kept: Kept, refused: string | null): TemplateResult {
    const { title, about } = words[name];
    const fault = this.error?.errors.find(({ path }) => path === name);
    return html`<div class="field"><label for=${name}>${title}, for how many days</label>
      <input class="input" id=${name} name=${name} type="number" inputmode="numeric" min="1" max=${kept.max} step="1"
        .value=${kept.chosen === null ? '' : String(kept.chosen)} placeholder=${`${kept.default}, unless you say otherwise`}
        ?readonly=${refused !== null} aria-describedby="${name}-hint" />
      ${fault === undefined ? nothing : html`<span class="reason" role="alert">${fault.message}</span>`}
      <span class="hint" id="${name}-hint">${about} Now <strong>${kept.days}</strong>; at most ${kept.max}.</span></div>`;
  }

  #form(retention: Retention): TemplateResult {
    const { role, sites } = this.app.user;
    const mayNot = role !== 'admin' || sites !== null;
    const refused = mayNot ? 'Admins of every site change it.' : null;
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#ask(event)}>
      <section class="card padded stack" aria-label="Kept for how long">${retentionNames.map((name) => this.#row(name, retention[name], refused))}</section>
      <div>${
        refused === null
          ? html`<button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : nothing}>Save…</button>`
          : actionButton({ label: 'Save…', look: 'primary', refused, run: () => {} })
      }</div></form>`;
  }

  #confirm(retention: Retention, asked: Asked): TemplateResult {
    const { changes } = asked;
    const removes = changes.some(({ removed }) => removed !== null);
    const list = html`<ul class="stack tight">${changes.map(({ says }) => html`<li>${says}</li>`)}</ul>`;
    const save = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#save(retention, asked);
    };
    return html`<form class="stack" @submit=${save}>${errorNotice(this.error)}
      ${changes.length === 0 ? html`<p>Everything stays for as long as now.</p>` : removes ? notice('warn', list) : list}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
        <button type="submit" class="button ${removes ? 'danger solid' : 'primary'}" aria-busy=${this.busy ? 'true' : nothing}>${removes ? 'Remove and save' : 'Save'}</button></div></form>`;
  }

  protected override render() {
    const { value, error, refresh } = this.#retention;
    const { asked } = this;
    return html`<div class="page"><div class="page-head"><div><h1>Retention</h1>
        <p class="lead">For how long what devices send is kept${value === undefined ? '' : ` (tier ${value.tier})`}. What is older is removed once a day.</p></div></div>
      ${accountTabs(this.app.user, 'retention')}
      ${asked === null ? errorNotice(this.error, 'at-the-fields') : nothing}
      ${value === undefined ? loading(error, 4, refresh) : html`${errorNotice(error)}${this.#form(value)}`}
      ${dialog({
        label: 'Keep it for so long?',
        open: asked !== null,
        onClose: () => this.#close(),
        body: () => (asked === null || value === undefined ? html`` : this.#confirm(value, asked)),
      })}</div>`;
  }
}
customElements.define('retention-page', RetentionPage);
