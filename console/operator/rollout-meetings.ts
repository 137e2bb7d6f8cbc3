/**
 * Other rollouts of the same bundle that this one met on its devices: which newer one goes over it, and
 * which older ones it goes over. Says who wins, and leads there.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { countedOf } from '../data/format.ts';
import type { Rollout, RolloutMeeting } from '../data/rollout-types.ts';
import { rolloutMark } from '../data/status.ts';
import { badge } from '../ui/glyph.ts';
import { notice } from '../ui/notice.ts';
import { pathTo } from './paths.ts';

const link = ({ rolloutId, version, status }: RolloutMeeting): TemplateResult =>
  html`<a href=${pathTo.rollout(rolloutId)}>${version}</a> ${badge(rolloutMark(status))}`;

export const rolloutMeetings = ({ version, overtakes, overtakenBy }: Rollout): TemplateResult =>
  html`${overtakenBy.map((one) =>
    notice(
      'warn',
      html`<p>Overtaken by ${link(one)} It was made for ${countedOf(one.devices, 'device')} of this rollout. Whoever is told of
        ${one.version} first is not told of ${version} any more, and is counted here as cancelled.</p>`,
    ),
  )}${
    overtakes.length === 0
      ? nothing
      : html`<ul class="plain small muted">${overtakes.map(
          (one) =>
            html`<li>It overtakes ${link(one)} That one had ${countedOf(one.devices, 'device')} of this rollout left to do.</li>`,
        )}</ul>`
  }`;
