/** Failed devices by cause: how many, and the last words of one of them. */
import { html, nothing, type TemplateResult } from 'lit';
import type { RolloutFailure } from '../data/rollout-types.ts';
import { failureDetail } from './software.ts';

const item = (
  { cause, devices, newest }: RolloutFailure,
  linkOf: (deviceId: string) => string,
): TemplateResult => html`<li class="wave stack">
    <div class="row"><b class="grow">${cause === '' ? 'No reason was given' : cause}</b><span class="tone-bad">${devices === 1 ? '1 device' : `${devices} devices`}</span></div>
    <span class="muted small">As on <a href=${linkOf(newest.deviceId)}>${newest.name}</a>:</span>
    ${failureDetail(newest.reason, newest.logTail)}
  </li>`;

/** Nothing while nobody failed. */
export const rolloutFailures = (
  failures: readonly RolloutFailure[],
  linkOf: (deviceId: string) => string,
): TemplateResult | typeof nothing =>
  failures.length === 0
    ? nothing
    : html`<section class="card stack padded" aria-labelledby="failures-title"><h2 id="failures-title">Failures by cause</h2>
        <ol class="waves">${failures.map((failure) => item(failure, linkOf))}</ol></section>`;
