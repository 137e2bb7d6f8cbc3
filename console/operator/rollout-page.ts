/**
 * One rollout, live: the planner's sentence, the counts, and a cell per device that moves as the
 * device reports. A failure shows its reason and its last log lines.
 */
import { waveAtWork, wordTooLate } from '@signalbeam/sync/core/rollout-consequences';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { isCut } from '../data/lists.ts';
import { isHeartbeat, type LiveEvent, subjectOf } from '../data/live.ts';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { paceWords } from '../data/rollout-pace.ts';
import type { Rollout, RolloutDevice, RolloutVerb } from '../data/rollout-types.ts';
import { rolloutDeviceMark, rolloutMark } from '../data/status.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, bareMark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { rolloutFailures } from '../views/rollout-failures.ts';
import { progressBar, progressLegend } from '../views/rollout-progress.ts';
import { rolloutWaves } from '../views/rollout-waves.ts';
import { failureDetail } from '../views/software.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';
import './rollout-site-windows.ts';
import { consequenceOf, rolloutActions, rolloutVerbs } from './rollout-actions.ts';
import { rolloutMeetings } from './rollout-meetings.ts';

class RolloutPage extends LitElement {
  static override properties = {
    asking: { state: true },
    busy: { state: true },
    refused: { state: true },
  };
  app!: App;
  params: Params = {};
  asking: 'none' | RolloutVerb = 'none';
  /** Why what was asked for was not done. */
  refused: ApiError | null = null;
  /** The wave that was at work when the question was asked: the answer is about no other. */
  #meant: number | null = null;
  busy = false;
  #rollout = createResource(this, () => this.app.api.rollout(this.#id));
  #devices = createResource(this, () => this.app.api.rolloutDevices(this.#id));
  #failures = createResource(this, () => this.app.api.rolloutFailures(this.#id));

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['devices', `rollout:${this.#id}`],
      onEvent: (event) => {
        if (this.#matters(event)) this.#refresh();
      },
      onResync: () => this.#refresh(),
    });
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  /** News of this rollout or of its devices; a heartbeat only of one that was unreached. */
  #matters(event: LiveEvent): boolean {
    if (event.type === 'rollout') return subjectOf(event, 'rolloutId') === this.#id;
    const id = subjectOf(event, 'deviceId');
    const row = this.#devices.value?.find(({ deviceId }) => deviceId === id);
    if (row === undefined) return false;
    return !isHeartbeat(event) || row.status === 'unreached';
  }

  #refresh(): void {
    this.#rollout.refresh();
    this.#devices.refresh();
    this.#failures.refresh();
  }

  async #do(act: () => Promise<unknown>, said: string): Promise<void> {
    this.busy = true;
    this.refused = null;
    try {
      await act();
      notify('ok', said);
      this.asking = 'none';
    } catch (error) {
      this.refused = asError(error);
    }
    this.busy = false;
    this.#refresh();
  }

  #ask(verb: RolloutVerb, rollout: Rollout): void {
    this.asking = verb;
    this.refused = null;
    this.#meant = waveAtWork(rollout);
  }

  #cell(device: RolloutDevice): TemplateResult {
    const mark = rolloutDeviceMark(device.status);
    return html`<li class="cell tone-${mark.tone}">
      <div class="row"><a class="title grow truncate" title=${device.name} data-item href=${pathTo.device(device.deviceId)}>${device.name}</a>${bareMark(mark)}</div>
      <div class="muted small">${device.completedAt ? age(device.completedAt) : device.startedAt ? html`began ${age(device.startedAt)}` : device.status === 'planned' ? 'is told later' : 'has not begun'}${
        device.retryCount > 0 ? ` · tried again ${device.retryCount}×` : nothing
      }</div>${failureDetail(device.reason, device.logTail, mark.tone)}</li>`;
  }

  #actions(rollout: Rollout): TemplateResult {
    const role = refusedByRole(this.app.user);
    return html`<div class="row top verbs">${rolloutActions(
      rollout,
      `user:${this.app.user.email}`,
    ).map(({ verb, label, refused, look, icon }) =>
      actionButton({
        label,
        ...(look === undefined ? {} : { look }),
        ...(icon === undefined ? {} : { icon }),
        refused: role ?? refused,
        hushed: role !== null,
        run: () => this.#ask(verb, rollout),
      }),
    )}</div>`;
  }

  /** One dialog per verb: one that is still closing must not close the next. */
  #dialog(verb: RolloutVerb, rollout: Rollout): TemplateResult {
    const close = () => {
      if (this.asking === verb) this.asking = 'none';
    };
    const { title, body, leave, confirm, done, isDanger } = consequenceOf(
      verb,
      rollout,
      this.#meant,
    );
    const isOfWave = verb === 'approve' || verb === 'advance';
    const late = isOfWave ? wordTooLate(rollout, this.#meant) : null;
    const act = () => {
      if (!this.busy)
        void this.#do(() => this.app.api.steerRollout(this.#id, verb, this.#meant), done);
    };
    return dialog({
      label: title,
      open: this.asking === verb,
      onClose: close,
      body: () => html`<div class="stack"><p>${body}</p>${errorNotice(this.refused)}
        <div class="dialog-actions"><button type="button" class="button" @click=${close}>${leave}</button>
          ${actionButton({ label: confirm, look: isDanger ? 'danger solid' : 'primary', refused: late, busy: this.busy, run: act })}</div></div>`,
    });
  }

  /** One heading from the start: it holds the focus when the rollout arrives. */
  #head(rollout: Rollout | undefined): TemplateResult {
    return html`<div class="page-head"><div>${crumb(pathTo.rollouts(), 'Rollouts')}
        <h1>${rollout === undefined ? 'Rollout' : `${rollout.bundleName} ${rollout.version}`}</h1>
        ${rollout === undefined ? nothing : this.#standing(rollout)}</div>
      ${rollout === undefined ? nothing : this.#actions(rollout)}</div>`;
  }

  #standing(rollout: Rollout): TemplateResult {
    return html`<div class="row">${badge(rolloutMark(rollout.status))}<span class="muted">started ${age(rollout.createdAt)}${
      rollout.completedAt === null ? nothing : html`, over ${age(rollout.completedAt)}`
    }</span></div>`;
  }

  #body(rollout: Rollout): TemplateResult {
    const { progress } = rollout;
    const devices = this.#devices.value ?? [];
    const pace = paceWords(rollout.pace);
    return html`
      <section class="card stack padded" aria-label="Progress">
        <p class="headline" role="status">${rollout.waiting === '' ? `${progress.succeeded} of ${progress.total} confirmed${progress.failed > 0 ? `, ${progress.failed} failed` : ''}.` : `${rollout.waiting}.`}</p>
        ${progressBar(progress)}${progressLegend(progress)}${pace === '' ? nothing : html`<p class="muted small">Pace: ${pace}</p>`}<rollout-site-windows .app=${this.app} .rollout=${rollout} @changed=${() => this.#refresh()}></rollout-site-windows></section>
      ${rolloutMeetings(rollout)}${rolloutWaves(rollout)}
      ${rolloutFailures(this.#failures.value ?? [], pathTo.device)}
      ${errorNotice(this.#devices.error)}
      <ul class="cells" aria-label="Devices">${devices.map((device) => this.#cell(device))}</ul>
      ${isCut(devices) ? html`<p class="muted small">The first ${devices.length} of ${progress.total} by name; all failures are above. <code>signalbeam rollouts devices ${rollout.id} --all</code> lists the others.</p>` : nothing}
      ${rolloutVerbs.map((verb) => this.#dialog(verb, rollout))}`;
  }

  protected override render() {
    const { value, error } = this.#rollout;
    return html`<div class="page">
      ${this.#head(value)}
      ${value === undefined ? loading(error, 4, () => this.#refresh()) : html`${errorNotice(error)}${this.#body(value)}`}</div>`;
  }
}
customElements.define('rollout-page', RolloutPage);
