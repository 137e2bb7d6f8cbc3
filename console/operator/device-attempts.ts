/** `<device-attempts>`: how the device proved itself and failed to, per hour; fetched when opened. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { clockOf, countedOf } from '../data/format.ts';
import type { ApiError } from '../data/request.ts';
import type { Authentication } from '../data/types.ts';
import { badge, type Mark } from '../ui/glyph.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError, refusedByRole } from './app.ts';

const methods: Record<string, string> = {
  signature: 'Signature',
  'api-key': 'API key',
  certificate: 'Certificate',
};
const words: Record<string, string> = {
  invalid: 'Not its key',
  expired: 'Expired',
  revoked: 'Revoked',
  rejected: 'Turned away',
  removed: 'Removed',
};
const markOf = (outcome: string): Mark =>
  outcome === 'accepted'
    ? { shape: 'disc', tone: 'ok', word: 'Accepted' }
    : { shape: 'cross', tone: 'bad', word: words[outcome] ?? outcome };

class DeviceAttempts extends LitElement {
  static override properties = {
    deviceId: { attribute: false },
    lines: { state: true },
    cursor: { state: true },
    error: { state: true },
  };
  app!: App;
  deviceId = '';
  lines: Authentication[] | null = null;
  cursor: string | null = null;
  error: ApiError | null = null;

  protected override createRenderRoot() {
    return this;
  }

  async #load(cursor: string | null): Promise<void> {
    this.error = null;
    try {
      const page = await this.app.api.authentications(this.deviceId, cursor);
      this.lines = [...(cursor === null ? [] : (this.lines ?? [])), ...page.authentications];
      this.cursor = page.nextCursor;
    } catch (error) {
      this.error = asError(error);
    }
  }

  #line(line: Authentication): TemplateResult {
    const from = line.ip ?? 'an unknown address';
    return html`<tr><td class="nowrap">${clockOf(line.lastAt, Date.now())}</td><td>${methods[line.method] ?? line.method}</td>
      <td>${badge(markOf(line.outcome))}</td><td>${countedOf(line.attempts, 'attempt')}<div class="muted small">last from ${from}</div></td></tr>`;
  }

  protected override render() {
    if (refusedByRole(this.app.user) !== null) return nothing;
    const { lines } = this;
    return html`<details @toggle=${(event: ToggleEvent) => {
      if (event.newState === 'open' && this.lines === null) void this.#load(null);
    }}><summary>Who showed what</summary>
      <div class="stack">${errorNotice(this.error)}
        ${
          lines === null
            ? nothing
            : lines.length === 0
              ? html`<p class="muted">Nothing in the last 30 days.</p>`
              : html`<div class="scroll" tabindex="0" role="region" aria-label="Attempts"><table><thead><tr><th scope="col">Last</th><th scope="col">By</th><th scope="col">Outcome</th><th scope="col">In that hour</th></tr></thead>
                <tbody>${lines.map((line) => this.#line(line))}</tbody></table></div>`
        }
        ${this.cursor === null ? nothing : html`<button type="button" class="button small" @click=${() => void this.#load(this.cursor)}>Older</button>`}
      </div></details>`;
  }
}
customElements.define('device-attempts', DeviceAttempts);
