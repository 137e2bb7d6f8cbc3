/**
 * Other rollouts of the same bundle that this one met on its devices: which newer one goes over it, and
 * which older ones it goes over. Says who wins and what becomes of the devices, and leads there.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { countedOf } from '../data/format.ts';
import type { Rollout, RolloutMeeting } from '../data/rollout-types.ts';
import { rolloutMark } from '../data/status.ts';
import { badge } from '../ui/glyph.ts';
import { notice } from '../ui/notice.ts';
import { pathTo } from './paths.ts';

const named = (how: string, { rolloutId, version, status }: RolloutMeeting): TemplateResult =>
  html`<div class="row"><b>${how} <a href=${pathTo.rollout(rolloutId)}>${version}</a></b>${badge(rolloutMark(status))}</div>`;

/** What a newer one makes of the devices here, as far as it has come. */
const takenBy = ({ version: newer, status }: RolloutMeeting, version: string): string => {
  switch (status) {
    case 'succeeded':
    case 'failed':
      return `It is over: whoever it told of ${newer} is not told of ${version} any more, and counts as cancelled here.`;
    case 'cancelled':
    case 'rolled-back':
    case 'rolling-back':
      return `It was taken back: whoever runs ${newer} all the same counts as cancelled here, the others are told of ${version} in their turn.`;
    default:
      return `Whoever it tells of ${newer} first is not told of ${version} any more: they wait here until it is done with them, and count as cancelled then.`;
  }
};

const isUnderWay = ({ status }: RolloutMeeting): boolean =>
  status === 'scheduled' || status === 'in-progress' || status === 'paused';

const overtakenBy = (one: RolloutMeeting, version: string): TemplateResult =>
  notice(
    isUnderWay(one) ? 'warn' : 'info',
    html`${named('Overtaken by', one)}<p>It was made for ${countedOf(one.devices, 'device')} of this rollout. ${takenBy(one, version)}</p>`,
  );

const overtakes = (one: RolloutMeeting, version: string): TemplateResult =>
  notice(
    'info',
    html`${named('It overtakes', one)}<p>That one had ${countedOf(one.devices, 'device')} of this rollout left to do.${
      isUnderWay(one)
        ? ` Whoever is at work with ${one.version} is told of ${version} when that is done.`
        : nothing
    }</p>`,
  );

export const rolloutMeetings = (rollout: Rollout): TemplateResult =>
  html`${rollout.overtakenBy.map((one) => overtakenBy(one, rollout.version))}
    ${rollout.overtakes.map((one) => overtakes(one, rollout.version))}`;
