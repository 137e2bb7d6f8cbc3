/** What could not be taken: of which causes, since when, one by one; tried again or thrown away. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import { createResource } from '../data/resource.ts';
import type { DeadLetter, LetterCause, LetterKind, LettersDone } from '../data/telemetry-api.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { dialog } from '../ui/dialog.ts';
import type { Params } from '../ui/match.ts';
import { emptyState, errorNotice, loading, notice } from '../ui/notice.ts';
import { accountTabs } from './account-tabs.ts';
import { type App, asError } from './app.ts';
import { causeOf } from './dead-letter.ts';
import './dead-letter.ts';
import { pathTo } from './paths.ts';

const kindWords: Record<LetterKind, string> = {
  ingest: 'From devices',
  events: 'Events inside the cloud',
};
type Verb = 'replay' | 'discard';
type Open = { kind: 'letter'; letter: DeadLetter } | { kind: Verb; of: LetterCause };
type Verdict = { verb: Verb; cause: string; done: number; refused: LettersDone['refused'] };
type Page = { letters: DeadLetter[]; nextCursor: string | null };

const lettersText = (count: number): string => (count === 1 ? '1 letter' : `${count} letters`);

class DeadLettersPage extends LitElement {
  static override properties = {
    kind: { state: true },
    cause: { state: true },
    page: { state: true },
    open: { state: true },
    verdict: { state: true },
    error: { state: true },
    busy: { state: true },
  };
  app!: App;
  params: Params = {};
  kind: LetterKind = 'ingest';
  cause = '';
  page: Page | null = null;
  open: Open | null = null;
  verdict: Verdict | null = null;
  error: ApiError | null = null;
  busy = false;
  #asked = 0;
  #causes = createResource(this, () => this.app.api.deadLetterCauses(this.kind));

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // No live news is shown here; the line itself still says how it stands.
    this.app.stream.listen([]);
    void this.#load(null);
  }

  async #load(cursor: string | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const page = await this.app.api.deadLetters(this.kind, this.cause, cursor);
      if (asked !== this.#asked) return;
      const before = cursor === null ? [] : (this.page?.letters ?? []);
      this.page = { ...page, letters: [...before, ...page.letters] };
      this.error = null;
    } catch (error) {
      if (asked === this.#asked) this.error = asError(error);
    }
  }

  #choose(kind: LetterKind, cause: string): void {
    const isOther = kind !== this.kind;
    this.kind = kind;
    this.cause = cause;
    this.page = null;
    if (isOther) this.#causes.refresh();
    void this.#load(null);
  }

  #refresh(): void {
    this.open = null;
    this.#causes.refresh();
    void this.#load(null);
  }

  /** Part by part, so that it can be seen how far it is, and left at any time. */
  async #doAll(verb: Verb, cause: string): Promise<void> {
    const of = { kind: this.kind, cause };
    this.busy = true;
    this.error = null;
    try {
      let [done, cursor] = [0, null as string | null];
      const refused: LettersDone['refused'] = [];
      do {
        const part = await this.app.api.lettersOfCause(verb, of, cursor);
        done += part.done;
        refused.push(...part.refused);
        this.verdict = { verb, cause, done, refused };
        cursor = part.nextCursor;
      } while (cursor !== null && this.isConnected);
      this.#refresh();
    } catch (error) {
      this.error = asError(error);
    }
    this.busy = false;
  }

  #verdict(): TemplateResult | typeof nothing {
    if (this.verdict === null) return nothing;
    const { verb, cause, done, refused } = this.verdict;
    const did = verb === 'replay' ? 'tried again' : 'thrown away';
    if (refused.length === 0) {
      const after = verb === 'replay' ? ' What is refused again comes back here.' : '';
      return notice(
        'ok',
        html`<p>${lettersText(done)} of <code>${cause}</code> ${did}.${after}</p>`,
      );
    }
    return notice(
      'warn',
      html`<p>${lettersText(done)} of <code>${cause}</code> ${did}; ${lettersText(refused.length)} stay: ${refused[0]?.reason}</p>`,
    );
  }

  #cause(of: LetterCause): TemplateResult {
    const { cause, letters, oldestAt, newestAt } = of;
    const act = (kind: Verb, label: string, look: string) =>
      actionButton({
        ...{ label, look },
        run: () => {
          this.error = null;
          this.open = { kind, of };
        },
      });
    return html`<tr><td><button type="button" class="button quiet small" aria-pressed=${this.cause === cause ? 'true' : 'false'}
        @click=${() => this.#choose(this.kind, this.cause === cause ? '' : cause)}><code>${cause}</code></button></td>
      <td><strong>${letters}</strong></td>
      <td class="wide muted small">newest ${age(newestAt)}, oldest ${age(oldestAt)}</td>
      <td class="wide"><div class="row">${act('replay', 'Try all again', 'small')}${act('discard', 'Throw all away', 'small danger')}</div></td></tr>`;
  }

  #causesCard(): TemplateResult | typeof nothing {
    const { value } = this.#causes;
    if (value === undefined || value.causes.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="causes-title"><header><h2 id="causes-title">Causes</h2></header>
      <div class="scroll"><table class="fold"><thead><tr><th scope="col">Cause</th><th scope="col">Letters</th><th scope="col">When</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${value.causes.map((each) => this.#cause(each))}</tbody></table></div>
      ${value.isCut ? html`<p class="padded muted small">Of the newest 10,000; there are more.</p>` : nothing}</section>`;
  }

  #row(letter: DeadLetter): TemplateResult {
    return html`<tr><td class="muted small nowrap">${age(letter.at)}</td>
      <td><code>${causeOf(letter)}</code></td>
      <td class="wide breaks">${letter.reason}</td>
      <td class="end"><button type="button" class="button small" aria-label=${`Look at ${letter.id}`} @click=${() => {
        this.error = null;
        this.open = { kind: 'letter', letter };
      }}>Look</button></td></tr>`;
  }

  #list({ letters, nextCursor }: Page): TemplateResult {
    if (letters.length === 0) {
      return emptyState(
        'check',
        'Everything could be taken',
        this.kind === 'ingest'
          ? html`<p>What a device sends and the cloud can’t take (an unknown device, a wrong signature, a row of another
              version) is kept here with its reason, instead of being lost. When the cause is mended, it is tried again.</p>`
          : html`<p>An event that a part of the cloud could not deal with after many attempts is kept here with the reason.
              When the cause is mended, it is told once more; hearers bear repeats.</p>`,
      );
    }
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">Arrived</th><th scope="col">Cause</th><th scope="col">Reason</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${letters.map((letter) => this.#row(letter))}</tbody></table></div>
      ${nextCursor === null ? nothing : html`<div class="padded"><button type="button" class="button" @click=${() => void this.#load(nextCursor)}>Older</button></div>`}`;
  }

  #all(verb: Verb, { cause, letters }: LetterCause): TemplateResult {
    const run = (event: SubmitEvent): void => {
      event.preventDefault();
      void this.#doAll(verb, cause);
    };
    const [words, button] =
      verb === 'replay'
        ? [
            'are tried again in the order in which they came. What is still refused stays or comes back; nothing is stored twice.',
            'Try all again',
          ]
        : [
            'are thrown away and can’t be brought back. The audit log says who did it.',
            'Throw all away',
          ];
    return html`<form class="stack" @submit=${run}>${errorNotice(this.error)}
      <p>${lettersText(letters)} of <code>${cause}</code> ${words}</p>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.#refresh()}>Cancel</button>
        <button type="submit" class="button ${verb === 'replay' ? 'primary' : 'danger solid'}" aria-busy=${this.busy ? 'true' : nothing} ?disabled=${this.busy}>${button}</button></div></form>`;
  }

  #body(open: Open): TemplateResult {
    if (open.kind !== 'letter') return this.#all(open.kind, open.of);
    return html`<dead-letter .app=${this.app} .letter=${open.letter} .onDone=${() => this.#refresh()}></dead-letter>`;
  }

  #label(open: Open | null): string {
    if (open === null || open.kind === 'letter') return `Letter ${open?.letter.id ?? ''}`;
    return open.kind === 'replay' ? 'Try all of them again?' : 'Throw all of them away?';
  }

  protected override render() {
    const { open, page } = this;
    return html`<div class="page"><div class="page-head"><div><h1>Dead letters</h1>
        <p class="lead">What could not be taken, and why. Nothing here is lost until you throw it away or its <a href=${pathTo.retention()}>time</a> is over.</p></div></div>
      ${accountTabs(this.app.user, 'letters')}
      <div class="segmented" role="group" aria-label="Which letters">${(
        ['ingest', 'events'] as const
      ).map(
        (kind) =>
          html`<button type="button" aria-pressed=${this.kind === kind ? 'true' : 'false'} @click=${() => this.#choose(kind, '')}>${kindWords[kind]}</button>`,
      )}</div>
      <div aria-live="polite">${this.#verdict()}</div>${open === null && page !== null ? errorNotice(this.error) : nothing}
      ${this.#causesCard()}
      ${
        page === null
          ? loading(this.error, 3, () => void this.#load(null))
          : html`<section class="card" aria-label="Letters">
        ${this.cause === '' ? nothing : html`<header><h2>Of <code>${this.cause}</code></h2><button type="button" class="button small" @click=${() => this.#choose(this.kind, '')}>Show all</button></header>`}
        ${this.#list(page)}</section>`
      }
      ${dialog({
        label: this.#label(open),
        open: open !== null,
        onClose: () => this.#refresh(),
        body: () => (open === null ? html`` : this.#body(open)),
      })}</div>`;
  }
}
customElements.define('dead-letters-page', DeadLettersPage);
