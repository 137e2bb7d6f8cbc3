/** `<device-health>`: the score of a device, its parts and why, asked for anew when the device changes. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { createResource } from '../data/resource.ts';
import type { Device, DeviceHealth } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { loading } from '../ui/notice.ts';
import type { App } from './app.ts';

const names = {
  freshness: 'Heard of',
  reconciliation: 'Runs what it should',
  resources: 'Room to spare',
  stability: 'Calm',
} as const;
const levels = { healthy: 'ok', degraded: 'warn', critical: 'bad', unknown: 'idle' } as const;

class DeviceHealthCard extends LitElement {
  static override properties = { device: { attribute: false } };
  app!: App;
  device!: Device;
  #health = createResource<DeviceHealth>(this, () => this.app.api.health(this.device.id));

  protected override createRenderRoot() {
    return this;
  }

  protected override updated(changed: PropertyValues): void {
    const before = changed.get('device') as Device | undefined;
    if (before !== undefined && before !== this.device) this.#health.refresh();
  }

  #score({ score, level, notHeardSince }: DeviceHealth): TemplateResult {
    if (score !== null) {
      return html`<p><b class=${`tone-${levels[level]}`}>${score} of 100</b> <span class="muted">${level}</span></p>`;
    }
    return html`<p class="muted">${
      notHeardSince === null
        ? 'Never heard of, so nothing is known.'
        : html`Last heard ${age(notHeardSince)}, so it has no score.`
    }</p>`;
  }

  #parts({ parts }: DeviceHealth): TemplateResult {
    return html`<dl class="health-parts">${(Object.keys(names) as (keyof typeof names)[]).map(
      (name) => {
        const { points, most, says } = parts[name];
        return html`<div><dt>${names[name]}</dt><dd class="number">${points}/${most}</dd><dd class="says">${says}</dd></div>`;
      },
    )}</dl>`;
  }

  protected override render() {
    if (this.device.registrationStatus !== 'approved') return nothing;
    const { value, error } = this.#health;
    return html`<section class="card" aria-labelledby="health-title">
      <header><h2 id="health-title">Health</h2></header>
      <div class="body">${
        value === undefined
          ? loading(error, 2, this.#health.refresh)
          : html`<div class="stack tight">${this.#score(value)} ${this.#parts(value)}</div>`
      }</div>
    </section>`;
  }
}
customElements.define('device-health', DeviceHealthCard);
