/** One dead letter: what refused it and what is in it, as far as that may be seen; and what can be done. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { fullTimeOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { DeadLetter, WholeDeadLetter } from '../data/telemetry-api.ts';
import { actionButton } from '../ui/action.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError } from './app.ts';
import { pathTo } from './paths.ts';

export const causeOf = ({ kind, code, consumer }: DeadLetter): string =>
  kind === 'events' ? (consumer ?? code) : code;

class DeadLetterView extends LitElement {
  static override properties = {
    letter: { attribute: false },
    whole: { state: true },
    error: { state: true },
    busy: { state: true },
  };
  app!: App;
  letter!: DeadLetter;
  /** It is not on the list any more, or nobody wants to look at it. */
  onDone!: () => void;
  whole: WholeDeadLetter | null = null;
  error: ApiError | null = null;
  busy = false;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  async #load(): Promise<void> {
    this.error = null;
    try {
      this.whole = await this.app.api.deadLetter(this.letter.id);
    } catch (error) {
      this.error = asError(error);
    }
  }

  async #do(work: () => Promise<string>): Promise<void> {
    this.busy = true;
    this.error = null;
    try {
      notify('ok', await work());
      this.onDone();
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  #replay(): Promise<void> {
    return this.#do(async () => {
      const { outcome } = await this.app.api.replayLetter(this.letter.id);
      return outcome === 'stored'
        ? 'It is stored where it belongs.'
        : 'It is sent again; what is refused again comes back here.';
    });
  }

  #discard(): Promise<void> {
    return this.#do(async () => {
      await this.app.api.discardLetter(this.letter.id);
      return 'It is thrown away.';
    });
  }

  #content({ letter, content }: WholeDeadLetter): TemplateResult {
    return content === null
      ? html`<p class="muted">${letter.bytes} bytes, signed and packed by the device: not shown.</p>`
      : html`<pre class="log" tabindex="0" aria-label="Content">${content}</pre><p class="muted small">What is named like a secret is cut out.</p>`;
  }

  protected override render() {
    const { letter, whole, busy } = this;
    const from =
      letter.deviceId === null
        ? letter.consumer
        : html`<a href=${pathTo.device(letter.deviceId)}>the device</a>`;
    return html`<div class="stack">
      <dl class="facts"><dt>Arrived</dt><dd>${fullTimeOf(letter.at)}</dd>
        <dt>Refused because</dt><dd class="breaks">${letter.reason} <code>${letter.code}</code></dd>
        ${from === null ? nothing : html`<dt>${letter.kind === 'events' ? 'Given up by' : 'Sent by'}</dt><dd>${from}${letter.deliveries === null ? nothing : ` after ${letter.deliveries} attempts`}</dd>`}
        ${letter.lane === null ? nothing : html`<dt>Row</dt><dd>${letter.seq} of ${letter.lane}</dd>`}
        <dt>Subject</dt><dd class="mono breaks small">${letter.subject}</dd></dl>
      ${whole === null ? loading(this.error, 2, () => void this.#load()) : html`${errorNotice(this.error)}${this.#content(whole)}`}
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.onDone()}>Close</button>
        ${actionButton({ label: 'Throw away', look: 'danger', busy, run: () => void this.#discard() })}
        ${actionButton({ label: 'Try again', look: 'primary', busy, run: () => void this.#replay() })}</div></div>`;
  }
}
customElements.define('dead-letter', DeadLetterView);
