/** The fields that say how fast a new rollout goes. Empty ones ask for nothing. */
import { html, type TemplateResult } from 'lit';
import { type PaceChoice, retryAfterMinutes } from '../data/rollout-pace.ts';

const textOf = (event: Event): string => (event.target as HTMLInputElement).value;

/** Null for what is empty or no number. */
const countOf = (event: Event): number | null => {
  const value = Math.round(Number(textOf(event)));
  return Number.isFinite(value) && value > 0 ? value : null;
};

export const paceFields = (
  pace: PaceChoice,
  change: (more: Partial<PaceChoice>) => void,
): TemplateResult => html`<fieldset class="card padded stack"><legend class="visually-hidden">How fast</legend><h2>How fast</h2>
  <div class="grid-2">
    <div class="field"><label for="start-at">Begin at <span class="muted small">(by your clock; empty: at once)</span></label>
      <input class="input" id="start-at" type="datetime-local" .value=${pace.startAt} @change=${(event: Event) => change({ startAt: textOf(event) })} /></div>
    <div class="field"><label for="window">Only when this window opens <span class="muted small">(cron, such as 0 2 * * SAT; empty: at any time)</span></label>
      <input class="input" id="window" maxlength="100" autocomplete="off" .value=${pace.cron} @change=${(event: Event) => change({ cron: textOf(event) })} /></div>
    <div class="field"><label for="time-zone">Time zone of the window</label>
      <input class="input" id="time-zone" maxlength="64" autocomplete="off" .value=${pace.timeZone} @change=${(event: Event) => change({ timeZone: textOf(event) })} /></div>
    <div class="field"><label for="window-minutes">Open for, in minutes</label>
      <input class="input" id="window-minutes" type="number" min="1" max="10080" .value=${String(pace.minutes)} @change=${(event: Event) => change({ minutes: countOf(event) ?? 60 })} /></div>
    <div class="field"><label for="per-hour">Devices told in an hour, at most</label>
      <input class="input" id="per-hour" type="number" min="1" max="100000" .value=${String(pace.devicesPerHourMax ?? '')} @change=${(event: Event) => change({ devicesPerHourMax: countOf(event) })} /></div>
    <div class="field"><label for="per-site">At work at one site, at most</label>
      <input class="input" id="per-site" type="number" min="1" max="10000" .value=${String(pace.perSiteMax ?? '')} @change=${(event: Event) => change({ perSiteMax: countOf(event) })} /></div>
    <div class="field"><label for="redundancy">Tag of devices that stand in for one another</label>
      <input class="input" id="redundancy" maxlength="63" autocomplete="off" .value=${pace.redundancyTag} @change=${(event: Event) => change({ redundancyTag: textOf(event) })} /></div>
    <div class="field"><label for="device-timeout">Minutes that a device may take <span class="muted small">(empty: any time; it fails, and gets back what it had)</span></label>
      <input class="input" id="device-timeout" type="number" min="1" max="43200" .value=${String(pace.deviceTimeoutMinutes ?? '')} @change=${(event: Event) => change({ deviceTimeoutMinutes: countOf(event) })} /></div>
    <div class="field"><label for="retries">How often one that failed tries again <span class="muted small">(${retryAfterMinutes} min later, then twice as long each time)</span></label>
      <input class="input" id="retries" type="number" min="0" max="10" .value=${String(pace.retriesMax ?? '')} @change=${(event: Event) => change({ retriesMax: countOf(event) })} /></div>
    <div class="field"><label for="ignore-windows">Emergency: why it waits for no site’s windows <span class="muted small">(empty: it waits)</span></label>
      <input class="input" id="ignore-windows" maxlength="500" autocomplete="off" .value=${pace.ignoreSiteWindows} @change=${(event: Event) => change({ ignoreSiteWindows: textOf(event) })} /></div>
  </div></fieldset>`;
