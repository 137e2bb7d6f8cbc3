/** Silences and maintenance windows: who is not told, of what, until when, and why. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Silence, SilenceWish, Weekly } from '../data/alert-types.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { until } from '../ui/age.ts';
import { dialog } from '../ui/dialog.ts';
import { badge } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { listCut } from '../views/list-cut.ts';
import { alertTabs } from './alert-tabs.ts';
import { type App, asError, followLive, refusedByRole, tellFailure } from './app.ts';
import { pathTo } from './paths.ts';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const spans = [
  ['1', '1 hour'],
  ['4', '4 hours'],
  ['24', 'a day'],
  ['168', 'a week'],
  ['2160', '90 days'],
] as const;

const hoursOf = ({ days: chosen, from, minutes, timeZone }: Weekly): string =>
  `${chosen.map((day) => days[day]).join(', ')} from ${from} for ${minutes} min (${timeZone})`;

const given = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();

const weeklyOf = (form: FormData): Weekly | null => {
  const chosen = form.getAll('day').map(Number);
  if (chosen.length === 0) return null;
  return {
    days: chosen,
    from: given(form, 'from') || '02:00',
    minutes: Number(given(form, 'minutes') || '120'),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
};

class SilencesPage extends LitElement {
  static override properties = { making: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  making = false;
  error: ApiError | null = null;
  #named = { device: '', site: '', tag: '', rule: '' };
  #silences = createResource(this, () => this.app.api.silences());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['alerts'],
      onEvent: () => {},
      onResync: () => this.#silences.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  /** An alert's page leads here with what it is about. */
  override connectedCallback(): void {
    super.connectedCallback();
    const query = new URLSearchParams(location.search);
    const read = (name: string): string => query.get(name) ?? '';
    this.#named = {
      ...{ device: read('device'), site: read('site') },
      ...{ tag: read('tag'), rule: read('rule') },
    };
    this.making = query.size > 0 && refusedByRole(this.app.user) === null;
  }

  #close(): void {
    this.making = false;
    this.error = null;
    this.#named = { device: '', site: '', tag: '', rule: '' };
    if (location.search !== '') this.app.replace(location.pathname);
  }

  async #make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const hours = Number(given(form, 'span'));
    const [deviceId, site, tag, ruleId] = ['device', 'site', 'tag', 'rule'].map((name) =>
      given(form, name),
    );
    const wish: SilenceWish = {
      reason: given(form, 'reason'),
      endsAt: new Date(Date.now() + hours * 3_600_000).toISOString(),
      weekly: weeklyOf(form),
      ...(deviceId ? { deviceId } : {}),
      ...(site ? { site } : {}),
      ...(tag ? { tag } : {}),
      ...(ruleId ? { ruleId } : {}),
    };
    try {
      await this.app.api.createSilence(wish);
      notify('ok', 'It is silenced. Alerts are recorded all the same.');
      this.#close();
      this.#silences.refresh();
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #end(silence: Silence): Promise<void> {
    try {
      await this.app.api.endSilence(silence.id);
      notify('ok', 'The silence is over. What is still wrong is told now.');
    } catch (error) {
      tellFailure(error);
    }
    this.#silences.refresh();
  }

  #field(
    name: 'device' | 'site' | 'tag' | 'rule',
    label: string,
    hint: string,
    path: string,
  ): TemplateResult {
    const fault = this.error?.errors.find((each) => each.path === path);
    return html`<div class="field"><label for=${`silence-${name}`}>${label}</label>
      <input class="input mono" id=${`silence-${name}`} name=${name} value=${this.#named[name]} placeholder=${hint} autocomplete="off" autocapitalize="off" />
      ${fault === undefined ? nothing : html`<span class="reason" role="alert">${fault.message}</span>`}</div>`;
  }

  #form(): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#make(event)}>${errorNotice(this.error, 'at-the-fields')}
      <p class="muted">Alerts that fit all that you name are recorded and shown, and nobody is told. What is still wrong at the end is told then.</p>
      <div class="field"><label for="silence-reason">Why</label><input class="input" id="silence-reason" name="reason" required maxlength="500" autocomplete="off" autofocus placeholder="The switch is replaced" /></div>
      ${this.#field('site', 'Site', 'plant-7', 'site')}
      ${this.#field('tag', 'Devices with the tag', 'ring=canary', 'tag')}
      ${this.#field('device', 'Device', 'its id', 'deviceId')}
      ${this.#field('rule', 'Rule', 'low-disk', 'ruleId')}
      <div class="field"><label for="silence-span">For</label><select class="input" id="silence-span" name="span">
        ${spans.map(([value, word]) => html`<option value=${value}>${word}</option>`)}</select></div>
      <details><summary>Only in the hours of a maintenance window</summary>
        <fieldset class="stack tight"><legend>Days</legend><div class="row wrap">${days.map(
          (day, index) =>
            html`<label class="check"><input type="checkbox" name="day" value=${index} /> ${day}</label>`,
        )}</div></fieldset>
        <div class="field"><label for="silence-from">From</label><input class="input" id="silence-from" name="from" type="time" value="02:00" /></div>
        <div class="field"><label for="silence-minutes">For how many minutes</label><input class="input" id="silence-minutes" name="minutes" type="number" min="1" max="1440" value="120" /></div></details>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
        <button type="submit" class="button primary">Silence</button></div></form>`;
  }

  #row(silence: Silence): TemplateResult {
    const { deviceId, site, groupId, tag, ruleId, weekly } = silence;
    const names = [
      deviceId === null ? null : html`<a href=${pathTo.device(deviceId)}>one device</a>`,
      site === null ? null : html`site <b>${site}</b>`,
      groupId === null ? null : html`<a href=${pathTo.group(groupId)}>a group</a>`,
      tag === null ? null : html`tag <code>${tag}</code>`,
      ruleId === null ? null : html`rule <code class="breaks">${ruleId}</code>`,
    ].filter((each) => each !== null);
    const standing = silence.inForce
      ? ({ shape: 'bar', tone: 'info', word: 'Silent now' } as const)
      : ({ shape: 'dashed', tone: 'idle', word: 'Not now' } as const);
    return html`<tr><td class="wide"><span class="strong">${silence.reason}</span><div class="muted small">by ${nameOfActor(silence.createdBy)}</div></td>
      <td class="wide">${names.map((name, index) => html`${index === 0 ? nothing : ', '}${name}`)}${weekly === null ? nothing : html`<div class="muted small">${hoursOf(weekly)}</div>`}</td>
      <td>${badge(standing)}</td><td class="muted nowrap">ends ${until(silence.endsAt)}</td>
      <td class="end">${actionButton({
        label: 'End',
        refused: refusedByRole(this.app.user),
        hushed: true,
        run: () => void this.#end(silence),
      })}</td></tr>`;
  }

  #list(): TemplateResult {
    const { value, error } = this.#silences;
    if (value === undefined) return loading(error, 3, this.#silences.refresh);
    if (value.length === 0) {
      return html`<section class="card">${emptyState(
        'clock',
        'Nothing is silenced',
        html`<p>Before you work at a site, silence it: its alerts are recorded, and nobody is called. A silence always ends.</p>`,
      )}</section>`;
    }
    return html`${errorNotice(error)}<section class="card" aria-label="Silences"><div class="scroll"><table class="fold"><thead><tr><th scope="col">Why</th><th scope="col">Of what</th><th scope="col">Now</th><th scope="col">Until</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${value.map((silence) => this.#row(silence))}</tbody></table></div>${listCut(value, 'silences list')}</section>`;
  }

  protected override render() {
    return html`<div class="page"><div class="page-head"><div><h1>Silences</h1>
        <p class="lead">Of what nobody is told for a while.</p></div>
        ${actionButton({
          label: 'Silence…',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.making = true;
          },
        })}</div>
      ${alertTabs('silences')}${this.#list()}
      ${dialog({ label: 'Silence alerts', open: this.making, onClose: () => this.#close(), body: () => this.#form() })}</div>`;
  }
}
customElements.define('silences-page', SilencesPage);
