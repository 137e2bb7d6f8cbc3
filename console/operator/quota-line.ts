/** `<quota-line>`: how much is used of what the tenant's tier limits; nothing where there is no limit. */
import { html, LitElement, nothing } from 'lit';
import { createResource } from '../data/resource.ts';
import type { Quotas } from '../data/types.ts';
import type { App } from './app.ts';

const words: Record<string, string> = {
  devices: 'devices',
  sites: 'sites',
  users: 'people',
  registrationTokens: 'open tokens',
  groups: 'groups',
  bundles: 'bundles',
};

class QuotaLine extends LitElement {
  static override properties = { of: { attribute: false } };
  app!: App;
  /** Which quotas, by name. */
  of: readonly string[] = [];
  #quotas = createResource<Quotas>(this, () => this.app.api.quotas());

  protected override createRenderRoot() {
    return this;
  }

  protected override render() {
    const { value } = this.#quotas;
    const limited = (value?.quotas ?? []).filter(
      ({ what, limit }) => limit !== null && this.of.includes(what),
    );
    if (value === undefined || limited.length === 0) return nothing;
    const told = limited.map(
      ({ what, used, limit }) =>
        html`<span class=${used >= (limit ?? 0) ? 'tone-warn' : 'muted'}>${used} of ${limit} ${words[what] ?? what}</span>`,
    );
    return html`<p class="small row" role="note"><span class="muted">Tier ${value.tier}:</span> ${told}</p>`;
  }
}
customElements.define('quota-line', QuotaLine);
