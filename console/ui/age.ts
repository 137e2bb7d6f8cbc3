/**
 * `<time-age .at=…>`: how long ago, kept true by one ticker for the whole page. The exact time is
 * its tooltip and its machine-readable value.
 */
import { html, LitElement } from 'lit';
import { ageOf, fullTimeOf, millisOf, spanOf, untilOf } from '../data/format.ts';
import type { Instant } from '../data/types.ts';
import { clockNow } from './clock.ts';

const showing = new Set<TimeAge>();
let ticker: ReturnType<typeof setInterval> | undefined;

class TimeAge extends LitElement {
  static override properties = { at: { attribute: false }, shown: { attribute: false } };
  at: Instant | null = null;
  /** How long ago ("7 min ago"), how long it lasts ("7 min"), or how long until then ("in 7 min"). */
  shown: 'ago' | 'span' | 'until' = 'ago';

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
    const words = {
      ago: () => ageOf(this.at ?? now, now),
      span: () => spanOf(now - millisOf(this.at ?? now)),
      until: () => untilOf(this.at ?? now, now),
    }[this.shown]();
    return html`<time class="nowrap" datetime=${new Date(millisOf(this.at)).toISOString()} title=${fullTimeOf(this.at)}>${words}</time>`;
  }
}
customElements.define('time-age', TimeAge);

export const age = (at: Instant | null) => html`<time-age .at=${at}></time-age>`;
export const lasting = (at: Instant | null) =>
  html`<time-age .shown=${'span'} .at=${at}></time-age>`;
/** Of a moment to come: `in 7 min`, and `now` once it is there. */
export const until = (at: Instant | null) =>
  html`<time-age .shown=${'until'} .at=${at}></time-age>`;
