/** Changing, deprecating and deleting a bundle or one version of it, each with what follows spelled out. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { beganWith, readBefore } from '../data/basis.ts';
import type { ApiError } from '../data/request.ts';
import type { Bundle } from '../data/types.ts';
import { dialog } from '../ui/dialog.ts';
import { errorNotice } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';
import { pathTo } from './paths.ts';

/** `version`: null for the bundle itself. */
export type BundleDialog =
  | { kind: 'none' }
  | { kind: 'edit' }
  | { kind: 'deprecate' | 'remove'; version: string | null };

class BundleDialogs extends LitElement {
  static override properties = {
    bundle: { attribute: false },
    dialog: { attribute: false },
    error: { state: true },
  };
  app!: App;
  bundle: Bundle | null = null;
  dialog: BundleDialog = { kind: 'none' };
  error: ApiError | null = null;

  protected override createRenderRoot() {
    return this;
  }

  #close(): void {
    this.error = null;
    this.dispatchEvent(new CustomEvent('closed'));
  }

  async #do(act: () => Promise<unknown>, said: string): Promise<boolean> {
    try {
      await act();
      notify('ok', said);
      this.#close();
      return true;
    } catch (error) {
      this.error = asError(error);
      return false;
    }
  }

  #buttons(label: string, look: string): TemplateResult {
    return html`<div class="dialog-actions"><button type="button" class="button" @click=${() => this.#close()}>Cancel</button>
      <button type="submit" class="button ${look}">${label}</button></div>`;
  }

  #edit(bundle: Bundle): TemplateResult {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const read = readBefore(event.currentTarget, bundle);
      const form = new FormData(event.currentTarget as HTMLFormElement);
      const name = String(form.get('name')).trim();
      const description = String(form.get('description'));
      const change = { ...(name === bundle.name ? {} : { name }), description };
      void this.#do(() => this.app.api.changeBundle(read, change), `${name} is changed.`);
    };
    return html`<form class="stack" @submit=${submit} @input=${(event: Event) => beganWith(event.currentTarget, bundle)}>${errorNotice(this.error)}
      <div class="field"><label for="edit-name">Name</label>
        <input class="input" id="edit-name" name="name" value=${bundle.name} required maxlength="42" autocomplete="off" />
        <span class="hint">It stays once a version is released: volumes on devices bear it.</span></div>
      <div class="field"><label for="edit-text">What it is for</label>
        <textarea class="input" id="edit-text" name="description" rows="3" maxlength="2000" .value=${bundle.description ?? ''}></textarea></div>
      ${this.#buttons('Save', 'primary')}</form>`;
  }

  #deprecate(bundle: Bundle, version: string | null): TemplateResult {
    const what = version === null ? bundle.name : `${bundle.name} ${version}`;
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason'));
      const act = () => this.app.api.deprecate(bundle.id, version, reason.trim());
      void this.#do(act, `${what} is deprecated.`);
    };
    return html`<form class="stack" @submit=${submit}>${errorNotice(this.error)}
      <p>Devices that run it go on, and rollouts may go back to it. Whoever begins with it anew is refused with your reason, unless they say that they want it all the same.</p>
      <div class="field"><label for="deprecate-reason">Why</label>
        <input class="input" id="deprecate-reason" name="reason" required maxlength="500" autocomplete="off" /></div>
      ${this.#buttons('Deprecate', 'primary')}</form>`;
  }

  #remove(bundle: Bundle, version: string | null): TemplateResult {
    const what = version === null ? bundle.name : `${bundle.name} ${version}`;
    const submit = async (event: SubmitEvent): Promise<void> => {
      event.preventDefault();
      const act = () => this.app.api.removeBundle(bundle.id, version);
      const done = await this.#do(act, `${what} is deleted.`);
      if (done && version === null) this.app.navigate(pathTo.bundles());
    };
    return html`<form class="stack" @submit=${(event: SubmitEvent) => void submit(event)}>${errorNotice(this.error)}
      <p>It is refused while a device shall run it, runs it or would go back to it, and while a rollout of it is open.
        ${
          version === null
            ? 'A name that was released under is not given again: volumes on devices bear it.'
            : 'Its number is not given again.'
        }</p>
      ${this.#buttons(version === null ? 'Delete bundle' : 'Delete version', 'danger solid')}</form>`;
  }

  #body(bundle: Bundle): TemplateResult | typeof nothing {
    const { dialog: shown } = this;
    switch (shown.kind) {
      case 'edit':
        return this.#edit(bundle);
      case 'deprecate':
        return this.#deprecate(bundle, shown.version);
      case 'remove':
        return this.#remove(bundle, shown.version);
      case 'none':
        return nothing;
    }
  }

  protected override render() {
    const { bundle, dialog: shown } = this;
    const labels = { none: '', edit: 'Edit', deprecate: 'Deprecate', remove: 'Delete' };
    const version = 'version' in shown && shown.version !== null ? ` ${shown.version}` : '';
    return dialog({
      label: `${labels[shown.kind]} ${bundle?.name ?? 'bundle'}${version}`,
      open: bundle !== null && shown.kind !== 'none',
      onClose: () => this.#close(),
      body: () => html`${bundle === null ? nothing : this.#body(bundle)}`,
    });
  }
}
customElements.define('bundle-dialogs', BundleDialogs);
