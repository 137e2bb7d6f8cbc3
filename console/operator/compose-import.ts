/**
 * A compose file, pasted: read by the server as one types, each fault with its line. When it is good,
 * its containers replace what is in the editor, on demand.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { shortDigest } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { ComposeFault, ImageTag } from '../data/types.ts';
import { actionButton } from '../ui/action.ts';
import { icon } from '../ui/icons.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError, refusedByRole } from './app.ts';

const readAfterMs = 300;
/** The API asks for so many at once. */
const tagsMax = 10;

class ComposeImport extends LitElement {
  static override properties = {
    faults: { state: true },
    containers: { state: true },
    error: { state: true },
    tags: { state: true },
    asking: { state: true },
  };
  app!: App;
  text = '';
  faults: readonly ComposeFault[] = [];
  containers: unknown = null;
  error: ApiError | null = null;
  /** What registries said of tags in it. */
  tags: readonly ImageTag[] = [];
  asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot() {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  #edit(text: string): void {
    this.text = text;
    this.containers = null;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), readAfterMs);
  }

  async #read(): Promise<void> {
    const asked = this.text;
    if (asked.trim() === '') {
      this.faults = [];
      return;
    }
    try {
      const images = Object.fromEntries(
        this.tags.flatMap(({ image, reference }) =>
          reference === null ? [] : [[image, reference]],
        ),
      );
      const { errors, containers } = await this.app.api.readCompose(asked, images);
      if (asked !== this.text) return;
      this.faults = errors;
      this.containers = containers ?? null;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  /** Those that nobody has said yet. */
  #unknown(): string[] {
    return [...new Set(this.faults.flatMap(({ tag }) => tag ?? []))].slice(0, tagsMax);
  }

  async #resolve(images: readonly string[]): Promise<void> {
    this.asking = true;
    try {
      const found = await this.app.api.resolveTags(images);
      this.tags = [...this.tags.filter(({ image }) => !images.includes(image)), ...found];
      this.error = null;
      await this.#read();
    } catch (error) {
      this.error = asError(error);
    }
    this.asking = false;
  }

  #resolving(): TemplateResult | typeof nothing {
    const unknown = this.#unknown();
    if (unknown.length === 0) return nothing;
    return html`<div>${actionButton({
      label: unknown.length === 1 ? 'Ask the registry' : 'Ask the registries',
      ...{ refused: refusedByRole(this.app.user), busy: this.asking },
      run: () => void this.#resolve(unknown),
    })}<p class="hint small muted">What ${unknown.join(', ')} ${unknown.length === 1 ? 'stands' : 'stand'} for now. A version keeps the digest alone.</p></div>`;
  }

  /** What its registry said instead of a digest. */
  #refusalOf(tag: string | undefined): string | null {
    return this.tags.find(({ image }) => image === tag)?.refused ?? null;
  }

  #said(): TemplateResult | typeof nothing {
    const found = this.tags.filter(({ reference }) => reference !== null);
    if (found.length === 0) return nothing;
    return html`<ul class="plain small" aria-label="What tags stand for">${found.map(
      ({ image, reference }) =>
        html`<li><code>${image}</code> → <code title=${reference ?? ''}>${shortDigest(reference?.split('@')[1] ?? '')}</code></li>`,
    )}</ul>`;
  }

  #use(): void {
    this.dispatchEvent(new CustomEvent('containers', { detail: this.containers }));
  }

  #findings(): TemplateResult | typeof nothing {
    if (this.faults.length === 0) return nothing;
    return html`<ul class="field-errors" id="compose-errors">${this.faults.map(
      ({ line, path, message, tag }) =>
        html`<li>${icon('circleAlert')}<span>line ${line}: ${path === '' ? nothing : html`<code>${path}</code> `}${this.#refusalOf(tag) ?? message}</span></li>`,
    )}</ul>`;
  }

  protected override render() {
    return html`<details><summary>Paste a compose file</summary><div class="stack">
      ${errorNotice(this.error)}
      <div class="field"><label for="compose">Compose file</label>
        <textarea class="input mono" id="compose" rows="10" spellcheck="false" aria-invalid=${this.faults.length > 0 ? 'true' : nothing}
          aria-describedby="compose-errors compose-hint" @input=${(event: InputEvent) => this.#edit((event.target as HTMLTextAreaElement).value)}></textarea>
        <div aria-live="polite" class="stack tight">${this.#findings()}${this.#said()}</div>${this.#resolving()}
        <span class="hint" id="compose-hint">Images by digest, or by a tag that a registry is asked for. What a bundle can’t say is refused at its line; nothing is left out.</span></div>
      ${this.containers === null ? nothing : html`<div><button type="button" class="button" @click=${() => this.#use()}>Use these containers</button></div>`}
    </div></details>`;
  }
}
customElements.define('compose-import', ComposeImport);
