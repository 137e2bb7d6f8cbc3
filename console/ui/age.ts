/**
 * `<time-age .at=…>`: how long ago, kept true by one ticker for the whole page. The exact time is
 * its tooltip and its machine-readable value.
 */
import { html, LitElement } from 'lit';
import { ageOf, fullTimeOf, millisOf, spanOf } from '../data/format.ts';
import type { Instant } from '../data/types.ts';
import { clockNow } from './clock.ts';

const showing = new Set<TimeAge>();
let ticker: ReturnType<typeof setInterval> | undefined;

class TimeAge extends LitElement {
  static override properties = { at: { attribute: false }, span: { type: Boolean } };
  at: Instant | null = null;
  /** Shows how long it lasts ("7 min") rather than how long ago. */
  span = false;

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    showing.add(this);
    ticker ??= setInterval(() => {
      for (const element of showing) element.requestUpdate();
    }, 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    showing.delete(this);
    if (showing.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
  }

  protected override render() {
    if (this.at === null) return html`<span class="muted">never</span>`;
    const now = clockNow();
    const words = this.span ? spanOf(now - millisOf(this.at)) : ageOf(this.at, now);
    return html`<time class="nowrap" datetime=${new Date(millisOf(this.at)).toISOString()} title=${fullTimeOf(this.at)}>${words}</time>`;
  }
}
customElements.define('time-age', TimeAge);

export const age = (at: Instant | null) => html`<time-age .at=${at}></time-age>`;
export const lasting = (at: Instant | null) => html`<time-age span .at=${at}></time-age>`;
