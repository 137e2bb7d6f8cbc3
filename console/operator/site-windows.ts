/** The maintenance windows that stand at a site: one a line, added and taken away one by one. */
import { html, LitElement, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { Site, SiteWindow } from '../data/types.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError, refusedByRole } from './app.ts';

class SiteWindows extends LitElement {
  static override properties = {
    site: { attribute: false },
    read: { state: true },
    error: { state: true },
    busy: { state: true },
  };
  app!: App;
  site!: Site;
  /** As it is since something was changed here. */
  read: Site | null = null;
  error: ApiError | null = null;
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  get #now(): readonly SiteWindow[] {
    return (this.read ?? this.site).windows;
  }

  async #set(windows: readonly SiteWindow[]): Promise<boolean> {
    this.busy = true;
    this.error = null;
    try {
      this.read = await this.app.api.setSiteWindows(this.read ?? this.site, windows);
    } catch (error) {
      this.error = asError(error);
    }
    // Also when somebody was faster: who opens this again begins with theirs.
    this.dispatchEvent(new CustomEvent('changed', { bubbles: true }));
    this.busy = false;
    return this.error === null;
  }

  async #add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const text = (name: string): string => String(new FormData(form).get(name)).trim();
    const window = { cron: text('cron'), timeZone: text('zone'), minutes: Number(text('minutes')) };
    if (await this.#set([...this.#now, window])) form.reset();
  }

  #line(window: SiteWindow, index: number): TemplateResult {
    const words = `${window.cron} for ${window.minutes} min (${window.timeZone})`;
    return html`<li class="row"><span class="grow mono small">${words}</span>
      <button type="button" class="button small" aria-label=${`Remove ${words}`} ?disabled=${this.busy || refusedByRole(this.app.user) !== null}
        @click=${() => void this.#set(this.#now.filter((_, at) => at !== index))}>Remove</button></li>`;
  }

  #form(): TemplateResult {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#add(event)}>
      <div class="field"><label for="site-cron">Opens <span class="muted small">(cron: minute hour day month weekday)</span></label>
        <input class="input mono" id="site-cron" name="cron" required maxlength="100" placeholder="0 2 * * SAT" autocomplete="off" /></div>
      <div class="grid-2"><div class="field"><label for="site-zone">Time zone</label>
        <input class="input" id="site-zone" name="zone" required maxlength="64" value=${timeZone} autocomplete="off" /></div>
      <div class="field"><label for="site-minutes">Open for, in minutes</label>
        <input class="input" id="site-minutes" name="minutes" type="number" required min="1" max="10080" value="120" /></div></div>
      <div class="dialog-actions"><button type="submit" class="button primary" aria-busy=${this.busy ? 'true' : 'false'}>Add window</button></div></form>`;
  }

  protected override render() {
    const windows = this.#now;
    return html`<div class="stack">${errorNotice(this.error)}
      <p>Rollouts tell the devices of ${this.site.name} within these windows only. A rollout with windows of its own waits until both are open.</p>
      ${
        windows.length === 0
          ? html`<p class="muted">None: rollouts tell its devices at any time.</p>`
          : html`<ul class="plain stack">${windows.map((window, at) => this.#line(window, at))}</ul>`
      }${refusedByRole(this.app.user) === null ? this.#form() : ''}</div>`;
  }
}
customElements.define('site-windows', SiteWindows);
