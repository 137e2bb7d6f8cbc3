/** The bundles of this tenant, and the first step for who has none: a name. */
import { html, LitElement, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading } from '../ui/notice.ts';
import { type App, asError, followLive, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';

class BundlesPage extends LitElement {
  static override properties = { creating: { state: true }, error: { state: true } };
  app!: App;
  params: Params = {};
  creating = false;
  error: ApiError | null = null;
  #bundles = createResource(this, () => this.app.api.bundles());

  constructor() {
    super();
    followLive(this, () => this.app, {
      topics: () => [],
      onEvent: () => {},
      onResync: () => this.#bundles.refresh(),
    });
  }

  protected override createRenderRoot() {
    return this;
  }

  async #create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const made = await this.app.api.createBundle(
        String(form.get('name')).trim(),
        String(form.get('description')),
      );
      this.app.navigate(pathTo.bundle(made.id));
    } catch (error) {
      this.error = asError(error);
    }
  }

  #form(): TemplateResult {
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void this.#create(event)}>
      ${errorNotice(this.error)}
      <div class="field"><label for="bundle-name">Name</label>
        <input class="input" id="bundle-name" name="name" required maxlength="42" pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?" title="Small letters, digits and dashes, such as plant-7." autocomplete="off" autofocus />
        <span class="hint">Lower-case letters, digits and dashes. Containers on devices carry it in their names.</span></div>
      <div class="field"><label for="bundle-text">What it is for</label>
        <textarea class="input" id="bundle-text" name="description" rows="3" maxlength="2000"></textarea></div>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => {
        this.creating = false;
      }}>Cancel</button><button type="submit" class="button primary">Create bundle</button></div>
    </form>`;
  }

  #list(): TemplateResult {
    const { value, error } = this.#bundles;
    if (value === undefined) return loading(error, 4, this.#bundles.refresh);
    if (value.length === 0) {
      return html`<section class="card">${emptyState(
        'box',
        'No bundle yet',
        html`<p>A bundle is a set of containers that belong together. Create one, upload an image
          (<code>docker save</code> makes the file), and give the bundle its first version.</p>`,
      )}</section>`;
    }
    return html`${errorNotice(error)}<section class="card"><div class="scroll"><table class="fold">
      <thead><tr><th scope="col">Bundle</th><th scope="col">Latest version</th><th scope="col">For</th><th scope="col">Created</th></tr></thead>
      <tbody>${value.map(
        (
          bundle,
        ) => html`<tr><td><a class="title" data-item href=${pathTo.bundle(bundle.id)}>${bundle.name}</a></td>
          <td>${bundle.latestVersion ?? html`<span class="muted">none yet</span>`}</td>
          <td class="muted wide">${bundle.description}</td><td class="muted wide"><span class="only-narrow">created </span>${age(bundle.createdAt)}</td></tr>`,
      )}</tbody></table></div></section>`;
  }

  protected override render() {
    return html`<div class="page"><div class="page-head">
      <div><h1>Bundles</h1><p class="lead">What devices run: containers, versioned, signed, never changed once released.</p></div>
      <span class="row"><a class="button small quiet" href=${pathTo.images()}>Images</a><a class="button small quiet" href=${pathTo.secrets()}>Secrets</a><a class="button small quiet" href=${pathTo.policy()}>What they may ask for</a>${actionButton(
        {
          label: 'New bundle',
          icon: 'plus',
          look: 'primary',
          refused: refusedByRole(this.app.user),
          run: () => {
            this.creating = true;
          },
        },
      )}</span></div>${this.#list()}
      ${dialog({
        label: 'New bundle',
        open: this.creating,
        onClose: () => {
          this.creating = false;
        },
        body: () => this.#form(),
      })}</div>`;
  }
}
customElements.define('bundles-page', BundlesPage);
