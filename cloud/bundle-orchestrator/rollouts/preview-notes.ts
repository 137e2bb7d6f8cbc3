/**
 * Whom a rollout that is not made yet would not reach, or not soon, with the reason; and what of the
 * look ahead is an estimate.
 */
import { bundlesPerDeviceMax } from '@signalbeam/sync/core/limits';
import { spanWords } from '../core/forecast-words.ts';
import type { DeviceOutlook } from '../store/rollout-foresight.ts';
import type { Targeted } from '../store/rollout-targets.ts';
import { assumedWorkMs, beginOf, type Look, type Named, seenOf } from './preview-look.ts';

/** A site whose windows stay shut for longer is named. */
const soonMs = 7 * 86_400_000;
export type AttentionKind = 'not-approved' | 'full' | 'busy' | 'unreached' | 'waits' | 'no-window';
export type Attention = { kind: AttentionKind; devices: number; why: string; first: Named[] };

const noted = (
  kind: AttentionKind,
  devices: readonly Targeted[],
  why: string,
  names: number,
): Attention[] =>
  devices.length === 0
    ? []
    : [
        {
          ...{ kind, devices: devices.length, why },
          first: devices.slice(0, names).map(({ deviceId, name }) => ({ deviceId, name })),
        },
      ];

export const attentionOf = (look: Look, names: number): Attention[] => {
  const { planned, calendar } = look;
  const all = seenOf(look);
  const where = (isOne: (outlook: DeviceOutlook) => boolean) =>
    all.filter(({ outlook }) => isOne(outlook)).map(({ device }) => device);
  const beginMs = beginOf(look);
  const shut = new Map<string, boolean>();
  const isShut = ({ site }: Targeted): boolean => {
    const known = shut.get(site) ?? calendar(site, beginMs) > beginMs + soonMs;
    shut.set(site, known);
    return known;
  };
  const waiting = where(({ waits }) => waits !== null);
  const reason = all.find(({ outlook: { waits } }) => waits !== null)?.outlook.waits;
  return [
    ...noted('not-approved', planned.leftOut, 'Not approved, so left out.', names),
    ...noted(
      'full',
      where(({ isFull }) => isFull),
      `They hold ${bundlesPerDeviceMax} bundles already, and fail: no more fit.`,
      names,
    ),
    ...noted(
      'busy',
      where(({ busyWith }) => busyWith !== null),
      'Another rollout of the bundle is at work on them; they are told when it is done there.',
      names,
    ),
    ...noted(
      'unreached',
      where(({ presence }) => presence !== 'online'),
      'Not heard of now: they get it when they come back, if it is still wanted of them then.',
      names,
    ),
    ...noted('waits', waiting, `They said that they wait, the first: ${reason ?? ''}`, names),
    ...noted(
      'no-window',
      all.map(({ device }) => device).filter(isShut),
      'No window of theirs opens within 7 days of its start.',
      names,
    ),
  ];
};

export const estimatesOf = (look: Look): string[] => {
  const { target, soakMs, usualMs } = look;
  const all = seenOf(look);
  const unsaid = all.filter(({ outlook }) => !outlook.reported).length;
  const took =
    usualMs === null
      ? `no rollout of this bundle says how long a device takes: ${spanWords(soakMs + assumedWorkMs)} are assumed`
      : `a device takes ${spanWords(Math.ceil(Math.max(soakMs, usualMs) / 1_000) * 1_000)}, as half of them did in the last rollouts of the bundle`;
  return [
    `Earliest: every device answers at once and takes no longer than its soak of ${spanWords(soakMs)}. A person who advances is faster.`,
    `Likely: who is not heard of now stays silent, whoever has to approve does so at once, and ${took}.`,
    'Bytes are reckoned from what devices say that they run and had before; nothing was asked of them now.',
    ...(unsaid === 0
      ? []
      : [
          `${unsaid} of ${all.length} devices never said what they run: all of it is counted for them.`,
        ]),
    ...(target.severalPlatforms
      ? ['An image is for several platforms: all are counted, a device fetches its own only.']
      : []),
    ...(target.foreign.length === 0
      ? []
      : [
          `${target.foreign.length} of its images come from other registries: their bytes are not known here and not counted.`,
        ]),
  ];
};
