/** One bundle: its versions, newest first, what to do with each, and which devices shall run it. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { imageName } from '../data/format.ts';
import { createResource } from '../data/resource.ts';
import type { BundleVersion } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { crumb } from '../ui/crumb.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, followLive, refusedByRole, tellFailure } from './app.ts';
import './bundle-devices.ts';
import type { BundleDialog } from './bundle-dialogs.ts';
import './bundle-dialogs.ts';
import { deprecatedBadge } from './deprecated.ts';
import { pathTo } from './paths.ts';

class BundlePage extends LitElement {
  static override properties = { dialog: { state: true } };
  app!: App;
  params: Params = {};
  dialog: BundleDialog = { kind: 'none' };
  #bundle = createResource(this, () => this.app.api.bundle(this.#id));
  #versions = createResource(this, () => this.app.api.versions(this.#id));

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#refresh(),
    });
  }

  #refresh(): void {
    this.#bundle.refresh();
    this.#versions.refresh();
  }

  get #id(): string {
    return this.params['id'] ?? '';
  }

  protected override createRenderRoot() {
    return this;
  }

  async #allow(version: string | null): Promise<void> {
    try {
      await this.app.api.undeprecate(this.#id, version);
      notify('ok', 'It may be used again.');
    } catch (error) {
      tellFailure(error);
    }
    this.#refresh();
  }

  #lifeButtons(version: string | null, isDeprecated: boolean): TemplateResult | typeof nothing {
    if (refusedByRole(this.app.user) !== null) return nothing;
    const open = (kind: 'deprecate' | 'remove') => () => {
      this.dialog = { kind, version };
    };
    const what =
      version === null ? nothing : html`<span class="visually-hidden"> ${version}</span>`;
    return html`${
      isDeprecated
        ? html`<button type="button" class="button small quiet" @click=${() => void this.#allow(version)}>Allow again${what}</button>`
        : html`<button type="button" class="button small quiet" @click=${open('deprecate')}>Deprecate${what}</button>`
    }<button type="button" class="button small quiet" @click=${open('remove')}>Delete${what}</button>`;
  }

  #version(version: BundleVersion): TemplateResult {
    return html`<tr><td class="strong">${version.version} ${deprecatedBadge(version.deprecated)}</td>
      <td class="muted wide">${version.containers.map(({ name, image }) => `${name}: ${imageName(image)}`).join(', ')}</td>
      <td class="muted wide">${version.releaseNotes || nothing}</td><td class="muted wide"><span class="only-narrow">published </span>${age(version.createdAt)}${version.createdBy ? html`<br /><span class="small">${nameOfActor(version.createdBy)}</span>` : nothing}</td>
      <td class="wide actions"><span class="row"><a class="button small" href=${pathTo.newRollout(this.#id, version.version)}>Roll out</a>
        <a class="button small quiet" href=${pathTo.compareVersions(this.#id, version.version)}>Compare</a>
        <a class="button small quiet" href=${pathTo.newVersion(this.#id, version.version)}>Start a version from it</a>${this.#lifeButtons(version.version, version.deprecated !== null)}</span></td></tr>`;
  }

  #list(): TemplateResult {
    const { value, error } = this.#versions;
    if (value === undefined) return loading(error, 4, () => this.#refresh());
    if (value.length === 0) {
      return html`<section class="card">${emptyState(
        'layers',
        'No version yet',
        html`<p>A version says exactly which containers run. It is signed when it is published and never changes afterwards.</p>
          <a class="button primary" href=${pathTo.newVersion(this.#id)}>Make the first version</a>`,
      )}</section>`;
    }
    return html`${errorNotice(error)}<section class="card"><div class="scroll"><table class="fold">
      <thead><tr><th scope="col">Version</th><th scope="col">Containers</th><th scope="col">Notes</th><th scope="col">Published</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${value.map((version) => this.#version(version))}</tbody></table></div></section>`;
  }

  protected override render() {
    const bundle = this.#bundle.value;
    return html`<div class="page"><div class="page-head">
      <div>${crumb(pathTo.bundles(), 'Bundles')}<h1>${bundle?.name ?? 'Bundle'}</h1><p class="lead">${bundle?.description ?? ''}</p>
        <p>${deprecatedBadge(bundle?.deprecated ?? null)}</p></div>
      <span class="row">${
        refusedByRole(this.app.user) === null && bundle !== undefined
          ? html`<button type="button" class="button small quiet" @click=${() => {
              this.dialog = { kind: 'edit' };
            }}>Edit</button>${this.#lifeButtons(null, bundle.deprecated !== null)}`
          : nothing
      }${actionButton({
        label: 'New version',
        icon: 'plus',
        look: 'primary',
        refused: refusedByRole(this.app.user),
        run: () => this.app.navigate(pathTo.newVersion(this.#id)),
      })}</span></div>${this.#versions.error === null ? errorNotice(this.#bundle.error) : nothing}${this.#list()}
      <bundle-devices .app=${this.app} .bundleId=${this.#id}></bundle-devices>
      <bundle-dialogs .app=${this.app} .bundle=${bundle ?? null} .dialog=${this.dialog} @closed=${() => {
        this.dialog = { kind: 'none' };
        this.#refresh();
      }}></bundle-dialogs></div>`;
  }
}
customElements.define('bundle-page', BundlePage);
