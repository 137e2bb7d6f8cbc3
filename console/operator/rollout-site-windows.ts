/**
 * A rollout and the maintenance windows that stand at sites: in an emergency a person has it wait for none of
 * them, for a reason that is shown with it from then on, and takes that back. What follows is said before.
 */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { Rollout } from '../data/rollout-types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, refusedByRole } from './app.ts';
import { overOrBack } from './rollout-actions.ts';

const reasonMax = 500;

/** Why there is nothing to ignore; null when there is. */
const ignoreRefused = (rollout: Rollout): string | null => {
  if (!rollout.sitesHaveWindows) return 'No site has maintenance windows.';
  const { planned, pending, unreached } = rollout.progress;
  if (planned + pending + unreached === 0 && !rollout.lateJoiners) return 'Every device has begun.';
  return null;
};

const untold = (count: number): string =>
  count === 1 ? '1 device was not told yet.' : `${count} devices were not told yet.`;

class RolloutSiteWindows extends LitElement {
  static override properties = {
    rollout: { attribute: false },
    asking: { state: true },
    error: { state: true },
    busy: { state: true },
  };
  app!: App;
  rollout!: Rollout;
  asking: 'none' | 'ignore' | 'heed' = 'none';
  error: ApiError | null = null;
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  async #decide(reason: string | null, said: string): Promise<void> {
    this.busy = true;
    this.error = null;
    try {
      await this.app.api.ignoreSiteWindows(this.rollout.id, reason);
      notify('ok', said);
      this.asking = 'none';
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
    this.dispatchEvent(new CustomEvent('changed'));
  }

  #close(which: 'ignore' | 'heed'): void {
    if (this.asking !== which) return;
    this.asking = 'none';
    this.error = null;
  }

  #buttons(which: 'ignore' | 'heed', leave: string, confirm: string, look: string): TemplateResult {
    return html`<div class="dialog-actions"><button type="button" class="button" @click=${() => this.#close(which)}>${leave}</button>
      <button type="submit" class="button ${look}" aria-busy=${this.busy ? 'true' : nothing}>${confirm}</button></div>`;
  }

  #ignoring(): TemplateResult {
    const { progress, pace } = this.rollout;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const given = new FormData(event.currentTarget as HTMLFormElement).get('reason');
      void this.#decide(String(given).trim(), 'It waits for no window of a site any more.');
    };
    return html`<form class="stack" @submit=${submit}>${errorNotice(this.error)}
      <p>${untold(progress.planned)} Those of waves that began are told at once, and those of later waves when these begin:
        whatever the window of their site, containers may restart there in the middle of work.</p>
      <p>Who was told in a window and has not begun is told again without it. ${
        pace.windows.length > 0 ? 'The rollout’s own windows hold all the same. ' : nothing
      }Your name and the reason are shown here and kept in the audit log; it can be taken back.</p>
      <div class="field"><label for="ignore-reason">Why it can’t wait</label>
        <input class="input" id="ignore-reason" name="reason" required pattern=".*\\S.*" maxlength=${reasonMax} autocomplete="off" /></div>
      ${this.#buttons('ignore', 'Keep waiting', 'Ignore windows', 'danger solid')}</form>`;
  }

  #heeding(): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#decide(null, 'It waits for the windows of sites again.');
    };
    return html`<form class="stack" @submit=${submit}>${errorNotice(this.error)}
      <p>Nobody more is told outside of the window of its site. Who was told outside of one and has not begun gets back
        what it had, and is told again in the next; who has begun finishes.</p>
      ${this.#buttons('heed', 'Leave it', 'Wait for windows', 'primary')}</form>`;
  }

  #dialogs(): TemplateResult {
    return html`${dialog({
      label: 'Ignore the windows of sites?',
      open: this.asking === 'ignore',
      onClose: () => this.#close('ignore'),
      body: () => this.#ignoring(),
    })}${dialog({
      label: 'Wait for the windows of sites again?',
      open: this.asking === 'heed',
      onClose: () => this.#close('heed'),
      body: () => this.#heeding(),
    })}`;
  }

  #button(which: 'ignore' | 'heed', label: string, none: string | null): TemplateResult {
    const role = refusedByRole(this.app.user);
    return actionButton({
      ...{ label, look: 'small', refused: role ?? none, hushed: role !== null },
      run: () => {
        this.asking = which;
      },
    });
  }

  #decided(reason: string): TemplateResult {
    const { windowsIgnoredBy: by, windowsIgnoredAt: at } = this.rollout;
    return html`<div class="grow"><p class="tone-warn">Waits for no maintenance window of a site: ${reason}</p>${
      by === null ? nothing : html`<p class="muted">Decided by ${nameOfActor(by)} ${age(at)}</p>`
    }</div>`;
  }

  protected override render() {
    const { rollout } = this;
    const isPast = overOrBack(rollout) !== null;
    const { windowsIgnored: reason } = rollout;
    if (reason !== null) {
      return html`<div class="row top apart small">${this.#decided(reason)}
        ${isPast ? nothing : this.#button('heed', 'Wait for windows again', null)}</div>${this.#dialogs()}`;
    }
    if (isPast) return nothing;
    return html`<div class="row top apart small"><p class="muted grow">Waits for the maintenance windows of sites, where one has some.</p>
      ${this.#button('ignore', 'Ignore windows…', ignoreRefused(rollout))}</div>${this.#dialogs()}`;
  }
}
customElements.define('rollout-site-windows', RolloutSiteWindows);
