/**
 * One change to many devices: tags set and taken off, or a group joined. Runs batch by batch, shows how
 * far it is, and names each device that was refused. What was done before it is stopped stays done.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { DeviceChoice } from '../data/fleet-filter.ts';
import { countedOf, wordsIn } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { BulkAction, BulkResult, Group } from '../data/types.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice, notice } from '../ui/notice.ts';
import { type App, asError } from './app.ts';

export type BulkTarget = { devices: DeviceChoice | { ids: string[] }; count: number };
type Progress = { done: number; changed: number; refused: BulkResult[]; isOver: boolean };

class BulkDialog extends LitElement {
  static override properties = {
    target: { attribute: false },
    groups: { state: true },
    error: { state: true },
    progress: { state: true },
  };
  app!: App;
  target: BulkTarget | null = null;
  groups: Group[] = [];
  error: ApiError | null = null;
  progress: Progress | null = null;
  #isStopped = false;

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('target') || this.target === null) return;
    this.error = null;
    this.progress = null;
    this.#isStopped = false;
    void this.#loadGroups();
  }

  async #loadGroups(): Promise<void> {
    try {
      this.groups = (await this.app.api.groups()).filter(({ kind }) => kind === 'static');
    } catch (error) {
      this.error = asError(error);
    }
  }

  #close(): void {
    this.#isStopped = true;
    this.dispatchEvent(new CustomEvent('closed', { detail: { changed: this.progress !== null } }));
  }

  async #run(action: BulkAction, { devices }: BulkTarget): Promise<void> {
    this.error = null;
    let progress: Progress = { done: 0, changed: 0, refused: [], isOver: false };
    let cursor: string | null = null;
    this.progress = progress;
    try {
      do {
        const batch: { results: BulkResult[]; nextCursor: string | null } = await this.app.api.bulk(
          devices,
          action,
          cursor,
        );
        const { results } = batch;
        cursor = batch.nextCursor;
        progress = {
          done: progress.done + results.length,
          changed: progress.changed + results.filter(({ outcome }) => outcome === 'changed').length,
          refused: [...progress.refused, ...results.filter(({ outcome }) => outcome === 'refused')],
          isOver: cursor === null,
        };
        this.progress = progress;
      } while (cursor !== null && !this.#isStopped);
    } catch (error) {
      this.error = asError(error);
      this.progress = progress.done === 0 ? null : { ...progress, isOver: true };
    }
  }

  #submit(event: SubmitEvent, target: BulkTarget): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const group = String(form.get('group') ?? '');
    const set = wordsIn(String(form.get('set') ?? ''));
    const unset = wordsIn(String(form.get('unset') ?? ''));
    void this.#both(group, set, unset, target);
  }

  async #both(group: string, set: string[], unset: string[], target: BulkTarget): Promise<void> {
    if (set.length > 0 || unset.length > 0) await this.#run({ kind: 'tag', set, unset }, target);
    if (group !== '' && this.error === null) await this.#run({ kind: 'join', group }, target);
  }

  #form(target: BulkTarget): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => this.#submit(event, target)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="bulk-set">Set tags</label>
        <input class="input mono" id="bulk-set" name="set" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="ring=canary indoor" autofocus aria-describedby="bulk-set-hint" />
        <span class="hint" id="bulk-set-hint"><code>key=value</code> or a bare word, several with spaces between. A key has one value: what it had before is replaced.</span></div>
      <div class="field"><label for="bulk-unset">Take tags off</label>
        <input class="input mono" id="bulk-unset" name="unset" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="bulk-unset-hint" />
        <span class="hint" id="bulk-unset-hint"><code>ring</code> takes it off whatever its value, <code>ring=late</code> only with that one.</span></div>
      ${
        this.groups.length === 0
          ? nothing
          : html`<div class="field"><label for="bulk-group">Put into group</label>
            <select class="input" id="bulk-group" name="group"><option value="">none</option>
              ${this.groups.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select></div>`
      }
      <div class="dialog-actions">
        <button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
        <button type="submit" class="button primary">Change ${countedOf(target.count, 'device')}</button>
      </div></form>`;
  }

  #result(progress: Progress, target: BulkTarget): TemplateResult {
    const { done, changed, refused, isOver } = progress;
    return html`<div class="stack">
      ${errorNotice(this.error)}
      <p role="status">${isOver ? 'Done' : 'Working'}: ${done} of ${Math.max(done, target.count)} looked at, ${changed} changed, ${refused.length} refused.</p>
      <progress max=${Math.max(done, target.count, 1)} value=${done} aria-label="Devices looked at"></progress>
      ${
        refused.length === 0
          ? nothing
          : notice(
              'warn',
              html`<p>These were left as they are:</p><ul class="refused">${refused
                .slice(0, 50)
                .map(
                  ({ name, deviceId, reason }) =>
                    html`<li><b>${name ?? deviceId}</b> ${reason}</li>`,
                )}</ul>`,
            )
      }
      <div class="dialog-actions"><button type="button" class="button ${isOver ? 'primary' : ''}" @click=${() => this.#close()}>${isOver ? 'Close' : 'Stop'}</button></div>
    </div>`;
  }

  protected override render() {
    const { target, progress } = this;
    return dialog({
      label: target === null ? 'Change devices' : `Change ${countedOf(target.count, 'device')}`,
      open: target !== null,
      onClose: () => this.#close(),
      body: () =>
        target === null
          ? html``
          : progress === null
            ? this.#form(target)
            : this.#result(progress, target),
    });
  }
}
customElements.define('bulk-dialog', BulkDialog);
