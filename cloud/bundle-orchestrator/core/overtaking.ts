/**
 * Two rollouts of one bundle on the same devices: the one that begins later is the newer wish, and what
 * it told a device the older one does not undo. The older tells whoever is left, and counts the others
 * as cancelled. Here is who overtakes whom, and what that means in words. Pure.
 */
import type { Slot } from '@signalbeam/sync/core/manifest';

/** Another rollout of the bundle that has something left to do on the same devices. */
export type UnderWay = {
  rolloutId: string;
  version: string;
  status: 'scheduled' | 'in-progress' | 'paused' | 'rolling-back';
  /** At work there, and not told of it yet. */
  atWork: number;
  untold: number;
  /** It begins later than the one that is asked about. */
  isNewer: boolean;
};

/** The version of the newer rollout that told this device; null where none did. */
export const overtakerOf = (
  slot: Slot | null,
  ownId: string,
  newer: ReadonlyMap<string, string>,
): string | null => {
  const from = slot?.rolloutId ?? null;
  return from === null || from === ownId ? null : (newer.get(from) ?? null);
};

export const overtakenReason = (version: string): string =>
  `A newer rollout has told it of ${version} since; that is not undone.`;

const devicesOf = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

/** What becomes of the other one, were a rollout of `version` made now. */
export const underWayMeans = (other: UnderWay, version: string): string => {
  const { atWork, untold } = other;
  if (other.status === 'rolling-back') {
    return `${devicesOf(atWork + untold)} go back from ${other.version} and are told of ${version} when that is done.`;
  }
  const work =
    atWork === 0
      ? ''
      : `${devicesOf(atWork)} ${atWork === 1 ? 'is' : 'are'} at work with ${other.version} and told of ${version} when that is done. `;
  if (untold === 0) return work.trimEnd();
  if (other.isNewer) {
    return `${work}It begins later: whoever it tells of ${other.version} is not told of ${version} any more.`;
  }
  return `${work}${devicesOf(untold)} ${untold === 1 ? 'was' : 'were'} not told of ${other.version} yet: whoever is told of ${version} first is not told of ${other.version} any more, the others still are. Cancel that one if nobody is to get it.`;
};
