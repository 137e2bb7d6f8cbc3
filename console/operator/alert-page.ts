/** One alert: what is wrong and why it is told, what became of it, and what a person can do. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { AlertDetail } from '../data/alert-types.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { age, lasting, until } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, glyph } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading, notice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { personOf, severityOf } from './alert-tabs.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';

type Verb = 'acknowledge' | 'resolve';
const consequences: Record<Verb, { title: string; body: string; confirm: string; done: string }> = {
  acknowledge: {
    title: 'Take this alert on?',
    body: 'Your name stands at it. It does not become critical any more, and resolves by itself when it is over.',
    confirm: 'Acknowledge',
    done: 'You are on it.',
  },
  resolve: {
    title: 'Close this alert?',
    body: 'It is not raised again while what it tells of goes on, only when that was over and began anew.',
    confirm: 'Resolve',
    done: 'The alert is resolved.',
  },
};

const transitionWords: Record<AlertDetail['history'][number]['transition'], string> = {
  raised: 'Raised',
  escalated: 'Became critical',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
};

const noHistory = html`<div class="body muted">Nothing yet. When it becomes critical, when somebody acknowledges or resolves it
  and when it is over by itself will stand here, with who it was and what they noted.</div>`;

const moment = ({ at, transition, actor, note, silenced }: AlertDetail['history'][number]) =>
  html`<li><span class="tone-idle">${glyph('ring')}</span><div><b class="strong">${transitionWords[transition]}</b>${silenced ? ', nobody was told' : nothing}
    ${note === null ? nothing : html`<div class="breaks">${note}</div>`}
    ${actor === null && transition !== 'resolved' ? nothing : html`<div class="muted small">${personOf(actor)}</div>`}</div>
    <span class="muted small nowrap">${age(at)}</span></li>`;

class AlertPage extends LitElement {
  static override properties = { asking: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  asking: 'none' | Verb = 'none';
  error: ApiError | null = null;
  #alert = createResource(this, () => this.app.api.alert(this.#id));

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['alerts'],
      onEvent: (event) => {
        if (event.type === 'alert' && event.data['alertId'] === this.#id) this.#alert.refresh();
      },
      onResync: () => this.#alert.refresh(),
    });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  async #do(event: SubmitEvent, verb: Verb): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await this.app.api.steerAlert(this.#id, verb, String(form.get('note') ?? ''));
      notify('ok', consequences[verb].done);
      this.asking = 'none';
    } catch (error) {
      this.error = asError(error);
    }
    this.#alert.refresh();
  }

  #dialog(verb: Verb): TemplateResult {
    const { title, body, confirm } = consequences[verb];
    const close = (): void => {
      if (this.asking === verb) this.asking = 'none';
    };
    return dialog({
      label: title,
      open: this.asking === verb,
      onClose: close,
      body: () => html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#do(event, verb)}>${errorNotice(this.error)}<p>${body}</p>
        <div class="field"><label for="alert-note">Note <span class="muted">(optional)</span></label>
          <input class="input" id="alert-note" name="note" maxlength="1000" autocomplete="off" autofocus /></div>
        <div class="dialog-actions"><button type="button" class="button" @click=${close}>Cancel</button>
          <button type="submit" class="button primary">${confirm}</button></div></form>`,
    });
  }

  #actions(alert: AlertDetail): TemplateResult {
    const role = refusedByRole(this.app.user);
    const over = alert.status === 'resolved' ? 'It is resolved already.' : null;
    const ask = (verb: Verb) => () => {
      this.error = null;
      this.asking = verb;
    };
    const silence = {
      ...(alert.deviceId === null ? {} : { device: alert.deviceId }),
      ...(alert.deviceId === null && alert.site !== null ? { site: alert.site } : {}),
      rule: alert.ruleId,
    };
    return html`<div class="row top wrap">
      ${actionButton({
        label: 'Acknowledge',
        look: 'primary',
        refused:
          role ??
          over ??
          (alert.status === 'acknowledged'
            ? `${nameOfActor(alert.acknowledgedBy ?? '')} is on it.`
            : null),
        hushed: role !== null,
        run: ask('acknowledge'),
      })}
      ${actionButton({ label: 'Resolve', refused: role ?? over, hushed: true, run: ask('resolve') })}
      ${actionButton({
        label: 'Silence…',
        refused: role,
        hushed: true,
        run: () => this.app.navigate(pathTo.newSilence(silence)),
      })}</div>`;
  }

  #head(alert: AlertDetail | undefined): TemplateResult {
    return html`<div class="page-head"><div>${crumb(pathTo.alerts(), 'Alerts')}<h1>${alert?.title ?? 'Alert'}</h1>
        ${
          alert === undefined
            ? nothing
            : html`<div class="row">${badge(severityOf(alert))}<span class="muted">${
                alert.status === 'resolved'
                  ? html`was raised ${age(alert.raisedAt)}, over ${age(alert.resolvedAt)}`
                  : html`for ${lasting(alert.raisedAt)}`
              }</span></div>`
        }</div>${alert === undefined ? nothing : this.#actions(alert)}</div>`;
  }

  #facts(alert: AlertDetail): TemplateResult {
    const { site, deviceId, rolloutId, deviceCount } = alert;
    const fact = (name: string, value: unknown) =>
      value === null || value === nothing ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`;
    return html`<dl class="facts">
      ${fact('Device', deviceId === null ? null : html`<a href=${pathTo.device(deviceId)}>${alert.deviceName}</a>`)}
      ${fact('Rollout', rolloutId === null ? null : html`<a href=${pathTo.rollout(rolloutId)}>Its devices and their reasons</a>`)}
      ${fact('Site', site === null ? null : html`<a href=${pathTo.fleetBySite(site)}>${site}</a>`)}
      ${fact('Devices', deviceCount > 1 ? String(deviceCount) : null)}
      ${fact('Rule', html`<a href=${pathTo.alertRules()}>${alert.ruleName}</a>`)}
      ${fact('Why this rule', alert.why)}
      ${fact('Taken on', alert.acknowledgedAt === null ? null : html`${personOf(alert.acknowledgedBy)}, ${age(alert.acknowledgedAt)}`)}
      ${fact('Becomes critical', alert.escalatesAt === null ? null : html`${until(alert.escalatesAt)}, unless somebody acknowledges it`)}</dl>`;
  }

  #history({ history }: AlertDetail): TemplateResult {
    return html`<section class="card" aria-labelledby="history-title"><header><h2 id="history-title">History</h2></header>
      ${history.length === 0 ? noHistory : html`<ul class="timeline" style="margin:0;padding:0;list-style:none">${history.map(moment)}</ul>`}</section>`;
  }

  #body(alert: AlertDetail): TemplateResult {
    return html`<section class="card stack padded" aria-label="What is wrong"><p class="headline">${alert.detail}</p>${
      alert.silenced && alert.status === 'active'
        ? notice(
            'info',
            html`<p>A silence covers it: nobody was told. <a href=${pathTo.silences()}>Silences</a></p>`,
          )
        : nothing
    }${this.#facts(alert)}</section>
      ${this.#history(alert)}${this.#dialog('acknowledge')}${this.#dialog('resolve')}`;
  }

  protected override render() {
    const { value, error } = this.#alert;
    return html`<div class="page">${this.#head(value)}${
      value === undefined
        ? loading(error, 4, this.#alert.refresh)
        : html`${errorNotice(error)}${this.#body(value)}`
    }</div>`;
  }
}
customElements.define('alert-page', AlertPage);
