/**
 * One rollout, live: the planner's sentence, the counts, and a cell per device that moves as the
 * device reports. A failure shows its reason and its last log lines.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { isHeartbeat, type LiveEvent, subjectOf } from '../data/live.ts';
import { createResource } from '../data/resource.ts';
import { rolloutDeviceMark, rolloutMark } from '../data/status.ts';
import type { Rollout, RolloutDevice } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import { dialog } from '../ui/dialog.ts';
import { badge, bareMark } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { progressBar, progressLegend } from '../views/rollout-progress.ts';
import { failureDetail } from '../views/software.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';

class RolloutPage extends LitElement {
  static override properties = { asking: { state: true }, busy: { state: true } };
  app!: App;
  params: Params = {};
  asking: 'none' | 'cancel' | 'retry' = 'none';
  busy = false;
  #rollout = createResource(this, () => this.app.api.rollout(this.#id));
  #devices = createResource(this, () => this.app.api.rolloutDevices(this.#id));

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
  }

  async #do(act: () => Promise<unknown>, said: string): Promise<void> {
    this.busy = true;
    try {
      await act();
      notify('ok', said);
    } catch (error) {
      const { message, code } = asError(error);
      notify('bad', `${message} (${code})`);
    }
    this.busy = false;
    this.asking = 'none';
    this.#refresh();
  }

  #cell(device: RolloutDevice): TemplateResult {
    const mark = rolloutDeviceMark(device.status);
    return html`<li class="cell tone-${mark.tone}">
      <div class="row"><a class="title grow truncate" data-item href=${pathTo.device(device.deviceId)}>${device.name}</a>${bareMark(mark)}</div>
      <div class="muted small">${device.completedAt ? age(device.completedAt) : device.startedAt ? html`began ${age(device.startedAt)}` : 'has not begun'}${
        device.retryCount > 0 ? ` · tried again ${device.retryCount}×` : nothing
      }</div>${failureDetail(device.reason, device.logTail, mark.tone)}</li>`;
  }

  #actions(rollout: Rollout): TemplateResult {
    const role = refusedByRole(this.app.user);
    const failed = rollout.progress.failed;
    return html`<div class="row top">
      ${actionButton({
        label: 'Retry failed',
        icon: 'refresh',
        refused: role ?? (failed === 0 ? 'No device has failed.' : null),
        run: () => {
          this.asking = 'retry';
        },
      })}
      ${actionButton({
        label: 'Cancel',
        look: 'danger',
        refused: role ?? (rollout.status === 'in-progress' ? null : 'It is over already.'),
        hushed: role !== null,
        run: () => {
          this.asking = 'cancel';
        },
      })}</div>`;
  }

  #dialogs(rollout: Rollout): TemplateResult {
    const close = () => {
      this.asking = 'none';
    };
    const kept = rollout.progress.succeeded;
    const open =
      rollout.progress.total - kept - rollout.progress.failed - rollout.progress.cancelled;
    return html`${dialog({
      label: 'Cancel this rollout?',
      open: this.asking === 'cancel',
      onClose: close,
      body: () => html`<div class="stack"><p>${open} ${open === 1 ? 'device has not finished and goes back to what it ran before' : 'devices have not finished and go back to what they ran before'}.
          ${kept === 0 ? '' : `${kept} confirmed and ${kept === 1 ? 'keeps' : 'keep'} ${rollout.version}.`}</p>
        <div class="dialog-actions"><button type="button" class="button" @click=${close}>Keep going</button>
          <button type="button" class="button danger solid" aria-busy=${this.busy ? 'true' : nothing} @click=${() =>
            void this.#do(
              () => this.app.api.cancelRollout(this.#id),
              'The rollout is cancelled.',
            )}>Cancel rollout</button></div></div>`,
    })}${dialog({
      label: 'Try the failed devices again?',
      open: this.asking === 'retry',
      onClose: close,
      body: () => html`<div class="stack"><p>${rollout.progress.failed} failed ${rollout.progress.failed === 1 ? 'device installs' : 'devices install'} ${rollout.version} again, from the start. The others are not touched.</p>
        <div class="dialog-actions"><button type="button" class="button" @click=${close}>Leave them</button>
          <button type="button" class="button primary" aria-busy=${this.busy ? 'true' : nothing} @click=${() =>
            void this.#do(
              () => this.app.api.retryRollout(this.#id),
              'The failed devices are asked again.',
            )}>Retry</button></div></div>`,
    })}`;
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
    return html`
      <section class="card stack padded" aria-label="Progress">
        <p class="headline" role="status">${rollout.waiting === '' ? `${progress.succeeded} of ${progress.total} confirmed${progress.failed > 0 ? `, ${progress.failed} failed` : ''}.` : `${rollout.waiting}.`}</p>
        ${progressBar(progress)}${progressLegend(progress)}</section>
      ${errorNotice(this.#devices.error)}
      <ul class="cells" aria-label="Devices">${(this.#devices.value ?? []).map((device) => this.#cell(device))}</ul>
      ${this.#dialogs(rollout)}`;
  }

  protected override render() {
    const { value, error } = this.#rollout;
    return html`<div class="page">
      ${this.#head(value)}
      ${value === undefined ? loading(error, 4, () => this.#refresh()) : html`${errorNotice(error)}${this.#body(value)}`}</div>`;
  }
}
customElements.define('rollout-page', RolloutPage);
