/**
 * What a rollout would do, before it is made: its devices split into waves. The same for a look ahead
 * and for the real thing, so what was shown is what happens, as long as the fleet stays the same.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Pace } from '../core/pace.ts';
import {
  type FailureAction,
  openGate,
  splitIntoWaves,
  type WaveWish,
  wavesFaults,
} from '../core/wave.ts';
import { findTargeted, type RolloutTarget, type Targeted } from '../store/rollout-targets.ts';

import { windowFault } from './windows.ts';

export type RolloutWish = {
  bundleId: string;
  version: string;
  target: RolloutTarget;
  /** Empty: everybody at once. */
  waves: readonly WaveWish[];
  onFailure: FailureAction;
  startAt: string | null;
  pace: Pace;
  allowDeprecated: boolean;
};

export const devicesPerRolloutMax = 100_000;

export type PlannedWave = { wish: WaveWish; devices: Targeted[] };

const namedUpTo = 10;
export const list = (names: readonly string[]): string =>
  names.length <= namedUpTo
    ? names.join(', ')
    : `${names.slice(0, namedUpTo).join(', ')} and ${names.length - namedUpTo} more`;

const refuseMissing = (deviceIds: readonly string[], found: readonly Targeted[]): void => {
  const known = new Set(found.map(({ deviceId }) => deviceId));
  const missing = deviceIds.filter((id) => !known.has(id));
  if (missing.length === 0) return;
  throw refusal('not-found', `There is no such device: ${list(missing)}.`, {
    errors: missing.slice(0, namedUpTo).map((id) => ({
      path: `deviceIds[${deviceIds.indexOf(id)}]`,
      message: 'is not a device of yours',
    })),
  });
};

/** Named devices must all be approved; of a site, a group or a tag, those that are not are left out. */
const approvedOf = (target: RolloutTarget, found: readonly Targeted[]): Targeted[] => {
  const waiting = found.filter(({ approved }) => !approved).map(({ name }) => name);
  if (target.kind === 'devices' && waiting.length > 0) {
    throw refusal('wrong-state', `Not approved: ${list(waiting)}. Nothing was started.`, {
      next: 'Approve these devices or leave them out.',
    });
  }
  const approved = found.filter((device) => device.approved);
  if (approved.length === 0) {
    throw refusal('wrong-state', 'No approved device is there to roll out to.', {
      next: 'Choose other devices, or approve those that wait.',
    });
  }
  if (approved.length > devicesPerRolloutMax) {
    throw refusal(
      'conflict',
      `${approved.length} devices are more than the ${devicesPerRolloutMax} of one rollout.`,
      { next: 'Roll out to sites or groups one after the other.' },
    );
  }
  return approved;
};

const refuseWaves = (waves: readonly WaveWish[]): void => {
  const faults = wavesFaults(waves);
  if (faults.length === 0) return;
  throw refusal('invalid-request', 'These waves can’t be rolled out. Nothing was started.', {
    errors: faults.map(({ wave, message }) => ({ path: `waves[${wave}]`, message })),
  });
};

const everybody: WaveWish = { name: 'all', size: { kind: 'rest' }, gate: openGate };

const refuseWindows = ({ windows }: Pace, nowMs: number): void => {
  const errors = windows.flatMap((window, index) => {
    const fault = windowFault(window, nowMs);
    if (fault === null) return [];
    return [{ path: `pace.windows[${index}].${fault.field}`, message: fault.message }];
  });
  if (errors.length === 0) return;
  throw refusal('invalid-request', 'These windows never open. Nothing was started.', { errors });
};

const refuseGroups = ({ redundancyTag }: Pace, devices: readonly Targeted[]): void => {
  if (redundancyTag === null) return;
  const isThere = devices.some(({ tags }) =>
    tags.some((tag) => tag.startsWith(`${redundancyTag}=`)),
  );
  if (isThere) return;
  throw refusal('wrong-state', `None of these devices has a tag ${redundancyTag}=…`, {
    next: 'Name the tag whose value they share with those that stand in for them.',
  });
};

/** `seed`: the bundle and its version, so that the same wish gives the same waves. */
export const planRollout = async (
  sql: Sql,
  tenantId: string,
  wish: RolloutWish,
  nowMs: number,
): Promise<PlannedWave[]> => {
  const waves = wish.waves.length === 0 ? [everybody] : wish.waves;
  refuseWaves(waves);
  refuseWindows(wish.pace, nowMs);
  const withTags =
    waves.some(({ size }) => size.kind === 'tag') || wish.pace.redundancyTag !== null;
  const found = await findTargeted(sql, tenantId, wish.target, withTags);
  if (wish.target.kind === 'devices') refuseMissing(wish.target.deviceIds, found);
  const devices = approvedOf(wish.target, found);
  refuseGroups(wish.pace, devices);
  const byId = new Map(devices.map((device) => [device.deviceId, device]));
  const split = splitIntoWaves(devices, waves, `${wish.bundleId} ${wish.version}`);
  return waves.map((one, index) => ({
    wish: one,
    devices: (split[index] ?? []).flatMap((id) => byId.get(id) ?? []),
  }));
};
