/**
 * A compose file, pasted: read by the server as one types, each fault with its line. When it is good,
 * its containers replace what is in the editor, on demand.
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { ComposeFault } from '../data/types.ts';
import { icon } from '../ui/icons.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError } from './app.ts';

const readAfterMs = 300;

class ComposeImport extends LitElement {
  static override properties = {
    faults: { state: true },
    containers: { state: true },
    error: { state: true },
  };
  app!: App;
  text = '';
  faults: readonly ComposeFault[] = [];
  containers: unknown = null;
  error: ApiError | null = null;
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
      const { errors, containers } = await this.app.api.readCompose(asked);
      if (asked !== this.text) return;
      this.faults = errors;
      this.containers = containers ?? null;
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  #use(): void {
    this.dispatchEvent(new CustomEvent('containers', { detail: this.containers }));
  }

  #findings(): TemplateResult | typeof nothing {
    if (this.faults.length === 0) return nothing;
    return html`<ul class="field-errors" id="compose-errors">${this.faults.map(
      ({ line, path, message }) =>
        html`<li>${icon('circleAlert')}<span>line ${line}: ${path === '' ? nothing : html`<code>${path}</code> `}${message}</span></li>`,
    )}</ul>`;
  }

  protected override render() {
    return html`<details><summary>Paste a compose file</summary><div class="stack">
      ${errorNotice(this.error)}
      <div class="field"><label for="compose">Compose file</label>
        <textarea class="input mono" id="compose" rows="10" spellcheck="false" aria-invalid=${this.faults.length > 0 ? 'true' : nothing}
          aria-describedby="compose-errors compose-hint" @input=${(event: InputEvent) => this.#edit((event.target as HTMLTextAreaElement).value)}></textarea>
        <div aria-live="polite">${this.#findings()}</div>
        <span class="hint" id="compose-hint">Images by digest. What a bundle can’t say is refused at its line; nothing is left out.</span></div>
      ${this.containers === null ? nothing : html`<div><button type="button" class="button" @click=${() => this.#use()}>Use these containers</button></div>`}
    </div></details>`;
  }
}
customElements.define('compose-import', ComposeImport);
