/** What was sent on channels, what waits and what was given up, with reasons and another try. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf } from '../data/format.ts';
import {
  type Channel,
  type Delivery,
  type DeliveryFilter,
  deliveryStatuses,
} from '../data/notification-api.ts';
import type { ApiError } from '../data/request.ts';
import { actionButton } from '../ui/action.ts';
import { age } from '../ui/age.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import { errorNotice, loading } from '../ui/notice.ts';
import { notify } from '../ui/toasts.ts';
import { type App, asError, refusedByRole, tellFailure } from './app.ts';

const marks: Record<Delivery['status'], Mark> = {
  waiting: { shape: 'half', tone: 'info', word: 'Waiting' },
  delivered: { shape: 'tick', tone: 'ok', word: 'Delivered' },
  'given-up': { shape: 'cross', tone: 'bad', word: 'Given up' },
  'passed-over': { shape: 'bar', tone: 'idle', word: 'Not needed' },
};

class DeliveryLog extends LitElement {
  static override properties = {
    channels: { attribute: false },
    deliveries: { state: true },
    next: { state: true },
    error: { state: true },
  };
  app!: App;
  channels: readonly Channel[] = [];
  deliveries: Delivery[] | null = null;
  next: string | null = null;
  error: ApiError | null = null;
  #filter: DeliveryFilter = { channelId: '', status: '' };
  #asked = 0;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load(null);
  }

  async load(cursor: string | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const page = await this.app.api.deliveries(this.#filter, cursor);
      if (asked !== this.#asked) return;
      this.deliveries =
        cursor === null ? page.deliveries : [...(this.deliveries ?? []), ...page.deliveries];
      this.next = page.nextCursor;
      this.error = null;
    } catch (error) {
      if (asked === this.#asked) this.error = asError(error);
    }
  }

  async #retry(delivery: Delivery): Promise<void> {
    try {
      await this.app.api.retryDelivery(delivery.id);
      notify('ok', 'It is tried again now.');
    } catch (error) {
      tellFailure(error);
    }
    await this.load(null);
  }

  #choice(name: keyof DeliveryFilter, label: string, all: readonly (readonly [string, string])[]) {
    const change = (event: Event): void => {
      this.#filter = { ...this.#filter, [name]: (event.currentTarget as HTMLSelectElement).value };
      void this.load(null);
    };
    return html`<div class="field"><label for=${`log-${name}`}>${label}</label>
      <select class="input" id=${`log-${name}`} @change=${change}><option value="">All</option>
        ${all.map(([value, word]) => html`<option value=${value}>${word}</option>`)}</select></div>`;
  }

  #why({ reason, answer, folded, nextAttemptAt, attempts }: Delivery): TemplateResult {
    const notes = [
      ...(folded !== null && folded > 1 ? [`with ${folded - 1} others in one message`] : []),
      ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ];
    return html`<span class="breaks">${reason ?? answer ?? ''}</span>
      <div class="muted small">${notes.join(', ')} ${nextAttemptAt === null ? nothing : html`next try ${clockOf(nextAttemptAt, Date.now())}`}</div>`;
  }

  #row(delivery: Delivery): TemplateResult {
    const may = delivery.status === 'given-up' || delivery.status === 'waiting';
    return html`<tr><td><span class="strong">${delivery.title}</span><div class="muted small">${delivery.channelName}${delivery.site === null ? '' : ` · ${delivery.site}`}</div></td>
      <td>${badge(marks[delivery.status])}</td>
      <td class="muted small nowrap">${age(delivery.queuedAt)}</td>
      <td class="wide">${this.#why(delivery)}</td>
      <td>${
        may
          ? actionButton({
              label: 'Try again',
              look: 'small',
              refused: refusedByRole(this.app.user),
              hushed: true,
              run: () => void this.#retry(delivery),
            })
          : nothing
      }</td></tr>`;
  }

  #list(deliveries: readonly Delivery[]): TemplateResult {
    if (deliveries.length === 0) return html`<p class="padded muted">Nothing was sent yet.</p>`;
    return html`<div class="scroll"><table class="fold"><thead><tr><th scope="col">What</th><th scope="col">Status</th><th scope="col">When</th><th scope="col">Why</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
      <tbody>${deliveries.map((delivery) => this.#row(delivery))}</tbody></table></div>`;
  }

  protected override render() {
    const { deliveries, error } = this;
    return html`<section class="card" aria-labelledby="log-title"><header><h2 id="log-title">What was sent</h2></header>
      <div class="grid-2 padded">${this.#choice(
        'channelId',
        'Channel',
        this.channels.map(({ id, name }) => [id, name] as const),
      )}
      ${this.#choice(
        'status',
        'Status',
        deliveryStatuses.map((status) => [status, marks[status].word] as const),
      )}</div>
      ${deliveries === null ? html`<div class="padded">${loading(error, 2, () => void this.load(null))}</div>` : html`${errorNotice(error)}${this.#list(deliveries)}`}
      ${this.next === null ? nothing : html`<div class="padded"><button type="button" class="button" @click=${() => void this.load(this.next)}>Older</button></div>`}</section>`;
  }
}
customElements.define('delivery-log', DeliveryLog);
