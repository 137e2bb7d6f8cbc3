/** `<device-tags>`: the tags of a device, changed in place, and the groups it is in because of them. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { wordsIn } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { Device } from '../data/types.ts';
import { icon } from '../ui/icons.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError, refusedByRole } from './app.ts';
import { pathTo } from './paths.ts';

class DeviceTags extends LitElement {
  static override properties = {
    device: { attribute: false },
    error: { state: true },
    groups: { state: true },
  };
  app!: App;
  device!: Device;
  error: ApiError | null = null;
  groups: { id: string; name: string }[] = [];
  #known = '';

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(): void {
    const known = `${this.device.id} ${this.device.tags.join()} ${this.device.name} ${this.device.site}`;
    if (known === this.#known) return;
    this.#known = known;
    void this.#loadGroups();
  }

  async #loadGroups(): Promise<void> {
    try {
      this.groups = await this.app.api.groupsOf(this.device.id);
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #change(set: string[], unset: string[]): Promise<void> {
    this.error = null;
    try {
      this.device = await this.app.api.changeTags(this.device.id, set, unset);
      this.dispatchEvent(new CustomEvent('changed'));
    } catch (error) {
      this.error = asError(error);
    }
  }

  #add(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const set = wordsIn(String(new FormData(form).get('tag')));
    if (set.length === 0) return;
    void this.#change(set, []).then(() => {
      if (this.error === null) form.reset();
    });
  }

  #tag(tag: string, mayChange: boolean): TemplateResult {
    return html`<li class="chip"><a class="plain" href=${pathTo.fleetByQuery(tag)}>${tag}</a>${
      mayChange
        ? html`<button type="button" class="button quiet square small" aria-label="Take ${tag} off" @click=${() => void this.#change([], [tag])}>${icon('x')}</button>`
        : nothing
    }</li>`;
  }

  protected override render() {
    const mayChange = refusedByRole(this.app.user) === null;
    const { tags } = this.device;
    const details = this.error?.errors.map(({ message }) => message).join(' ') ?? '';
    return html`<section class="card" aria-labelledby="tags-title"><header><h2 id="tags-title">Tags</h2></header>
      <div class="body stack">${errorNotice(this.error, 'at-the-fields')}${details === '' ? nothing : html`<p class="error-text">${details}</p>`}
        ${tags.length === 0 ? html`<p class="muted">None yet. Tags put a device into groups and find it again.</p>` : html`<ul class="chips">${tags.map((tag) => this.#tag(tag, mayChange))}</ul>`}
        ${
          mayChange
            ? html`<form class="row tag-form" @submit=${(event: SubmitEvent) => this.#add(event)}><input class="input mono grow" name="tag" aria-label="New tag" placeholder="ring=canary" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="200" />
              <button type="submit" class="button">Add</button></form>`
            : nothing
        }
        ${this.groups.length === 0 ? nothing : html`<p class="small muted">In ${this.groups.map(({ id, name }, index) => html`${index === 0 ? '' : ', '}<a href=${pathTo.group(id)}>${name}</a>`)}</p>`}
      </div></section>`;
  }
}
customElements.define('device-tags', DeviceTags);
