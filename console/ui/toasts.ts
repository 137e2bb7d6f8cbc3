/**
 * Short confirmations of what the person just did elsewhere on the page. Errors that belong to a
 * form or a screen stay there; only those without a place come here.
 */
import { html, LitElement } from 'lit';
import { icon } from './icons.ts';

type Toast = { id: number; tone: 'ok' | 'bad'; text: string };
const shownMs = 6_000;

class ToastStack extends LitElement {
  static override properties = { toasts: { state: true } };
  toasts: Toast[] = [];
  #count = 0;

  protected override createRenderRoot() {
    return this;
  }

  say(tone: Toast['tone'], text: string): void {
    this.#count += 1;
    const toast = { id: this.#count, tone, text };
    // The same said again is said once: it would only cover more of the page.
    const others = this.toasts.filter((each) => each.text !== text || each.tone !== tone);
    this.toasts = [...others.slice(-2), toast];
    if (tone === 'ok') setTimeout(() => this.#drop(toast.id), shownMs);
  }

  #drop(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  protected override render() {
    return html`<div class="toasts" role="status" aria-live="polite">
      ${this.toasts.map(
        (toast) => html`<div class="toast ${toast.tone}">
          ${icon(toast.tone === 'ok' ? 'check' : 'circleAlert')}<span>${toast.text}</span>
          <button type="button" aria-label="Dismiss" @click=${() => this.#drop(toast.id)}>${icon('x')}</button>
        </div>`,
      )}
    </div>`;
  }
}
customElements.define('toast-stack', ToastStack);

export const notify = (tone: Toast['tone'], text: string): void => {
  const stack = document.querySelector('toast-stack');
  if (stack instanceof ToastStack) stack.say(tone, text);
};
