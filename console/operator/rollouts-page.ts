/** Rollouts, newest first, each with the sentence that says what it waits for. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { isCut } from '../data/lists.ts';
import { createResource } from '../data/resource.ts';
import { rolloutMark } from '../data/status.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge } from '../ui/glyph.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { progressBar } from '../views/rollout-progress.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import { pathTo } from './paths.ts';

class RolloutsPage extends LitElement {
  static override properties = { busy: { state: true } };
  app!: App;
  params: Params = {};
  busy = false;
  #rollouts = createResource(this, () => this.app.api.rollouts());

  #settings = createResource(this, () => this.app.api.rolloutSettings());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => ['rollouts'],
      onEvent: (event) => {
        if (event.type === 'rollout') this.#rollouts.refresh();
      },
      onResync: () => this.#rollouts.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  #list(): TemplateResult {
    const { value, error } = this.#rollouts;
    if (value === undefined) return loading(error, 4, this.#rollouts.refresh);
    if (value.length === 0) {
      return html`<section class="card">${emptyState(
        'rocket',
        'No rollout yet',
        html`<p>A rollout gives a bundle's version to devices and shows what each makes of it. Devices that are not
          reached now get it when they come back.</p>
          <a class="button" href=${pathTo.bundles()}>Choose a bundle</a>`,
      )}</section>`;
    }
    return html`${errorNotice(error)}<section class="card"><div class="scroll"><table class="fold">
      <thead><tr><th scope="col">Bundle</th><th scope="col">Status</th><th scope="col">Confirmed</th><th scope="col">Waiting for</th><th scope="col">Started</th></tr></thead>
      <tbody>${value.map(
        (
          rollout,
        ) => html`<tr><td><a class="title" data-item href=${pathTo.rollout(rollout.id)}>${rollout.bundleName} ${rollout.version}</a></td>
          <td>${badge(rolloutMark(rollout.status))}</td>
          <td class="wide"><div class="bar-cell">${progressBar(rollout.progress)}<span class="nowrap">${rollout.progress.succeeded} of ${rollout.progress.total}<span class="only-narrow muted"> confirmed</span></span></div></td>
          <td class="muted wide">${rollout.waiting}</td><td class="muted wide"><span class="only-narrow">started </span>${age(rollout.createdAt)}</td></tr>`,
      )}</tbody></table></div>${isCut(value) ? html`<div class="list-foot muted small">The newest ${value.length}. <code>signalbeam rollouts list --all</code> lists the others.</div>` : nothing}</section>`;
  }

  async #ask(approvalByAnother: boolean): Promise<void> {
    this.busy = true;
    try {
      await this.app.api.changeRolloutSettings({ approvalByAnother });
      notify('ok', approvalByAnother ? 'Another person approves now.' : 'Anybody may approve now.');
    } catch (error) {
      tellFailure(error);
    }
    this.busy = false;
    this.#settings.refresh();
  }

  #approvals(): TemplateResult | typeof nothing {
    const { value } = this.#settings;
    if (value === undefined) return nothing;
    const { approvalByAnother } = value;
    const { role, sites } = this.app.user;
    const refused = role === 'admin' && sites === null ? null : 'Admins of all sites change this.';
    return html`<section class="card padded stack" aria-labelledby="approvals-title"><h2 id="approvals-title">Approvals</h2>
      <p>${
        approvalByAnother
          ? 'Whoever makes a rollout can not approve it: wherever a wave asks for approval, another person gives it.'
          : 'Whoever makes a rollout may approve it, too, unless the wave asks for somebody else.'
      }</p><div>${actionButton({
        label: approvalByAnother ? 'Let anybody approve' : 'Ask for another person',
        busy: this.busy,
        refused,
        run: () => void this.#ask(!approvalByAnother),
      })}</div></section>`;
  }

  protected override render() {
    return html`<div class="page"><div class="page-head"><div><h1>Rollouts</h1>
      <p class="lead">Which version is on its way to which devices, and what it waits for.</p></div>
      ${actionButton({
        label: 'New rollout',
        icon: 'plus',
        look: 'primary',
        refused: refusedByRole(this.app.user),
        run: () => this.app.navigate(pathTo.newRollout()),
      })}</div>${this.#list()}${this.#approvals()}</div>`;
  }
}
customElements.define('rollouts-page', RolloutsPage);
