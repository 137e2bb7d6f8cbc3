/** `<copy-command>`: a command with a Copy button. */
import { html, LitElement } from 'lit';
import { copyText } from './clipboard.ts';

class CopyCommand extends LitElement {
  static override properties = { text: {}, label: {}, said: { state: true } };
  text = '';
  label = 'Command';
  said = '';

  protected override createRenderRoot() {
    return this;
  }

  async #copy(): Promise<void> {
    const pre = this.querySelector('pre');
    if (pre === null) return;
    this.said = await copyText(pre);
    setTimeout(() => {
      this.said = '';
    }, 4_000);
  }

  protected override render() {
    return html`<div class="command">
      <pre tabindex="0" role="group" aria-label=${this.label}>${this.text}</pre>
      <button type="button" @click=${() => void this.#copy()}>
        <span aria-live="polite">${this.said === '' ? 'Copy' : this.said}</span>
      </button>
    </div>`;
  }
}
customElements.define('copy-command', CopyCommand);

export const command = (text: string, label = 'Command') =>
  html`<copy-command .text=${text} .label=${label}></copy-command>`;
