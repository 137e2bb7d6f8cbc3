/** The three-way theme switch; where there is no room, one button that steps through the three. */
import { html, LitElement } from 'lit';
import { type IconName, icon } from './icons.ts';
import { applyTheme, readTheme, type Theme, themes } from './theme.ts';

const looks: Record<Theme, [IconName, string]> = {
  system: ['monitor', 'As the system'],
  light: ['sun', 'Light'],
  dark: ['moon', 'Dark'],
};

class ThemeSwitch extends LitElement {
  theme: Theme = readTheme();

  protected override createRenderRoot() {
    return this;
  }

  #choose(theme: Theme): void {
    this.theme = theme;
    applyTheme(theme);
    this.requestUpdate();
  }

  protected override render() {
    const next = themes[(themes.indexOf(this.theme) + 1) % themes.length] ?? 'system';
    return html`<button type="button" class="button quiet square theme-step" title="Colour theme: ${looks[this.theme][1]}"
        aria-label="Colour theme: ${looks[this.theme][1]}. Change to: ${looks[next][1]}"
        @click=${() => this.#choose(next)}>${icon(looks[this.theme][0])}</button>
      <div class="segmented" role="group" aria-label="Colour theme">
      ${themes.map(
        (theme) => html`<button type="button" aria-pressed=${this.theme === theme}
          title=${looks[theme][1]} @click=${() => this.#choose(theme)}>
          ${icon(looks[theme][0])}<span class="visually-hidden">${looks[theme][1]}</span>
        </button>`,
      )}
    </div>`;
  }
}
customElements.define('theme-switch', ThemeSwitch);
