/**
 * `<copy-command>`: a command with a Copy button. On plain http there is no clipboard, so then it
 * selects the text and says which keys finish the job.
 */
import { html, LitElement } from 'lit';

class CopyCommand extends LitElement {
  static override properties = { text: {}, label: {}, said: { state: true } };
  text = '';
  label = 'Command';
  said = '';

  protected override createRenderRoot() {
    return this;
  }

  #select(): void {
    const pre = this.querySelector('pre');
    const selection = getSelection();
    if (pre === null || selection === null) return;
    selection.selectAllChildren(pre);
  }

  async #copy(): Promise<void> {
    this.#select();
    try {
      await navigator.clipboard.writeText(this.text);
      this.said = 'Copied';
    } catch {
      this.said = /Mac|iPhone|iPad/.test(navigator.userAgent) ? 'Press ⌘C' : 'Press Ctrl+C';
    }
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
