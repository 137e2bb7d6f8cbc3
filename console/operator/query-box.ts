/**
 * `<query-box>`: a field for a query about devices. While one types, the cloud judges it and says what
 * may come next; the fault is marked at its place. Arrows choose, Tab or Enter takes, Escape closes.
 * Tells `query` once a query can be read, or is empty.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { Suggested } from '../data/types.ts';
import type { App } from './app.ts';

const pauseMs = 120;
let boxes = 0;
/** Ids tie the field to its list; a page may hold several boxes. */
const nextId = (): string => {
  boxes += 1;
  return `query-box-${boxes}`;
};

class QueryBox extends LitElement {
  static override properties = {
    value: { state: true },
    query: { attribute: false },
    label: {},
    judged: { state: true },
    active: { state: true },
    open: { state: true },
  };
  app!: App;
  /** What stands in the field, as it is being written. */
  value = '';
  /** What the page has: told back while somebody writes it takes no space from under the cursor. */
  query = '';
  label = 'Query';
  judged: Suggested | null = null;
  active = -1;
  open = false;
  #id = nextId();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #said: string | null = null;

  protected override createRenderRoot() {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  get #field(): HTMLInputElement | null {
    return this.querySelector('input');
  }

  get #options() {
    return this.open ? (this.judged?.suggestions ?? []) : [];
  }

  #typed(): void {
    this.value = this.#field?.value ?? '';
    this.active = -1;
    this.open = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#judge(), pauseMs);
  }

  async #judge(): Promise<void> {
    const text = this.value;
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const judged = await this.app.api.suggest(text, this.#field?.selectionStart ?? text.length);
      if (asked !== this.#asked || text !== this.value) return;
      this.judged = judged;
      if (text.trim() === '' || judged.fault === null) this.#tell(text.trim());
    } catch {
      // The list below says what is wrong with the line; the field goes on being a field.
      this.judged = null;
    }
  }

  #tell(detail: string): void {
    if (detail === this.#said) return;
    this.#said = detail;
    this.dispatchEvent(new CustomEvent('query', { detail }));
  }

  #take(index: number): void {
    const suggestion = this.#options[index];
    const field = this.#field;
    if (suggestion === undefined || field === null || this.judged === null) return;
    const { start, end } = this.judged.replace;
    // A space goes on to the next word; after a key or an opened list nothing may stand between.
    const isOpen = suggestion.kind === 'key' || suggestion.text.endsWith('(');
    const isField = suggestion.kind === 'word' && /^[a-z]/.test(suggestion.text);
    const gap = isOpen || isField || /[=]$/.test(suggestion.text) ? '' : ' ';
    const inserted = suggestion.text + gap;
    field.value = this.value.slice(0, start) + inserted + this.value.slice(end).trimStart();
    field.setSelectionRange(start + inserted.length, start + inserted.length);
    field.focus();
    this.value = field.value;
    this.active = -1;
    void this.#judge();
  }

  #onKey(event: KeyboardEvent): void {
    const count = this.#options.length;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.open) {
        this.open = true;
        void this.#judge();
      } else if (count > 0) {
        const step = event.key === 'ArrowDown' ? 1 : -1;
        this.active =
          this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count;
      }
    } else if ((event.key === 'Enter' || event.key === 'Tab') && this.active >= 0 && count > 0) {
      event.preventDefault();
      this.#take(this.active);
    } else if (event.key === 'Escape' && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.open = false;
      this.active = -1;
    } else if (event.key === 'Enter') {
      this.open = false;
    }
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('query')) return;
    // What the page took away may be told again.
    this.#said = this.query;
    if (this.query === this.value.trim()) return;
    this.value = this.query;
    this.judged = null;
  }

  protected override updated(): void {
    this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  #list(): TemplateResult {
    return html`<ul class="suggestions" role="listbox" id="${this.#id}-list" aria-label="Suggestions"
      ?hidden=${this.#options.length === 0}>${this.#options.map(
        (
          suggestion,
          index,
        ) => html`<li role="option" id="${this.#id}-${index}" aria-selected=${this.active === index ? 'true' : 'false'}
          @mousedown=${(event: Event) => {
            event.preventDefault();
            this.#take(index);
          }}><span class="mono">${suggestion.text}</span><span class="muted small">${suggestion.hint}</span></li>`,
      )}</ul>`;
  }

  /** The text once more, with the fault marked, and what is wrong in words. */
  #fault(): TemplateResult | typeof nothing {
    const fault = this.judged?.fault;
    // At the end of what is being typed something is always missing still.
    if (!fault || this.value.trim() === '') return nothing;
    const { start, end, message } = fault;
    const marked = this.value.slice(start, Math.max(end, start));
    return html`<div class="query-fault" id="${this.#id}-fault" role="status">
      <code>${this.value.slice(0, start)}<mark>${marked === '' ? '\u00a0' : marked}</mark>${this.value.slice(Math.max(end, start))}</code>
      <span>${message} <span class="muted">(at character ${start + 1})</span></span></div>`;
  }

  protected override render() {
    const isFaulty = Boolean(this.judged?.fault) && this.value.trim() !== '';
    const chosen = this.active >= 0 ? `${this.#id}-${this.active}` : nothing;
    return html`<div class="query-box">
      <input class="input mono" type="text" role="combobox" aria-label=${this.label} autocomplete="off" autocapitalize="off"
        spellcheck="false" maxlength="1000" placeholder="environment=production AND NOT status=offline" .value=${this.value}
        aria-autocomplete="list" aria-controls="${this.#id}-list" aria-expanded=${this.#options.length > 0 ? 'true' : 'false'}
        aria-activedescendant=${chosen} aria-invalid=${isFaulty ? 'true' : nothing}
        aria-describedby=${isFaulty ? `${this.#id}-fault` : nothing}
        @input=${() => this.#typed()} @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
        @focus=${() => {
          this.open = true;
          void this.#judge();
        }}
        @blur=${() => {
          this.open = false;
          this.active = -1;
        }} />
      ${this.#list()}
    </div>${this.#fault()}`;
  }
}
customElements.define('query-box', QueryBox);

/** What is written in the query box of a form that is sent, judged or not yet: the cloud judges it. */
export const queryIn = ({ currentTarget }: Event): string => {
  const box = (currentTarget as HTMLElement).querySelector('query-box');
  return box instanceof QueryBox ? box.value.trim() : '';
};
