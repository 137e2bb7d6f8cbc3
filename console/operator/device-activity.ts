/** `<device-activity>`: what people and tokens did to a device, newest first, and who it was. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { html, LitElement, type TemplateResult } from 'lit';
import type { ApiError } from '../data/request.ts';
import type { Activity, Device } from '../data/types.ts';
import { age } from '../ui/age.ts';
import { glyph } from '../ui/glyph.ts';
import { errorNotice } from '../ui/notice.ts';
import { type App, asError } from './app.ts';

const words: Record<string, string> = {
  'device.register': 'registered',
  'device.approve': 'approved',
  'device.reject': 'rejected',
  'device.rename': 'renamed',
  'device.annotate': 'metadata changed',
  'device.move': 'moved to another site',
  'device.tag': 'tags changed',
  'device.join': 'put into a group',
  'device.leave': 'taken out of a group',
  'device.replace': 'took the place of other hardware',
  'device.decommission': 'decommissioned',
  'device.delete': 'removed',
  'device.wipe': 'said that it is wiped',
  'device.logs-open': 'a log was opened',
  'device.logs-close': 'a log was closed',
  'bundle.assign': 'bundle assigned',
  'bundle.withdraw': 'bundle withdrawn',
  'api-key.create': 'API key made',
  'api-key.revoke': 'API key revoked',
  'certificate.issue': 'certificate issued',
  'certificate.revoke': 'certificate revoked',
};

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** What changed, short: tags that came and went, the new name, the group. */
const detailOf = ({ action, before, after }: Activity): string => {
  const [was, is] = [fields(before), fields(after)];
  if (action === 'device.tag') {
    const [old, now] = [was['tags'] as string[], is['tags'] as string[]];
    const came = now.filter((tag) => !old.includes(tag)).map((tag) => `+${tag}`);
    const gone = old.filter((tag) => !now.includes(tag)).map((tag) => `−${tag}`);
    return [...came, ...gone].join(' ');
  }
  return String(
    is['name'] ?? is['site'] ?? is['groupName'] ?? was['groupName'] ?? is['container'] ?? '',
  );
};

class DeviceActivity extends LitElement {
  static override properties = {
    device: { attribute: false },
    lines: { state: true },
    error: { state: true },
  };
  app!: App;
  device!: Device;
  lines: Activity[] | null = null;
  error: ApiError | null = null;
  #known: Device | null = null;

  protected override createRenderRoot() {
    return this;
  }

  protected override willUpdate(): void {
    const same =
      this.#known !== null &&
      JSON.stringify(facts(this.#known)) === JSON.stringify(facts(this.device));
    this.#known = this.device;
    if (!same) void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.lines = await this.app.api.activity(this.device.id);
      this.error = null;
    } catch (error) {
      this.error = asError(error);
    }
  }

  #line(line: Activity): TemplateResult {
    const who = line.actor.startsWith('device:') ? 'the device itself' : nameOfActor(line.actor);
    return html`<li><span class="tone-idle">${glyph('ring')}</span><div><b class="strong">${words[line.action] ?? line.action}</b> <span class="mono small">${detailOf(line)}</span>
      <div class="muted small">by ${who}</div></div><span class="muted small nowrap">${age(line.at)}</span></li>`;
  }

  protected override render() {
    return html`<section class="card" aria-labelledby="activity-title"><header><h2 id="activity-title">Activity</h2></header>
      ${errorNotice(this.error)}
      <ul class="timeline" style="margin:0;padding:0;list-style:none">${(this.lines ?? []).map((line) => this.#line(line))}</ul></section>`;
  }
}
customElements.define('device-activity', DeviceActivity);

/** What a person can change: presence moves all the time and is no reason to ask again. */
const facts = ({ id, name, site, registrationStatus, tags, metadata }: Device) => [
  ...[id, name, site, registrationStatus, tags, metadata],
];
