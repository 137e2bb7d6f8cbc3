/**
 * What a rollout would do, before it is made: its devices split into waves. The same for a look ahead
 * and for the real thing, so what was shown is what happens, as long as the fleet stays the same.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { windowFault } from '@signalbeam/platform/schedule/windows';
import type { Pace } from '../core/pace.ts';
import {
  emptyFaults,
  expandWaves,
  type FailureAction,
  lastPlaceOf,
  openGate,
  splitIntoWaves,
  type WavesFault,
  type WaveWish,
  wavesFaults,
} from '../core/wave.ts';
import { refuseUnknownSecrets } from '../secrets/check.ts';
import { siteWindowsOf } from '../store/rollout-pace.ts';
import {
  emptySites,
  findTargeted,
  type RolloutTarget,
  type Targeted,
} from '../store/rollout-targets.ts';
import { type SiteWindows, siteOpening } from './windows.ts';

export type RolloutWish = {
  bundleId: string;
  version: string;
  target: RolloutTarget;
  /** Empty: everybody at once. */
  waves: readonly WaveWish[];
  onFailure: FailureAction;
  startAt: string | null;
  pace: Pace;
  /** Why it does not wait for the windows that stand at sites: an emergency. */
  ignoreSiteWindows: string | null;
  allowDeprecated: boolean;
  /** Whether who becomes one of its target later gets it, too; left out: where its group comes and goes. */
  lateJoiners: boolean | null;
};

export const devicesPerRolloutMax = 100_000;

export type PlannedWave = { wish: WaveWish; devices: Targeted[]; lastPlace: number };
export type PlannedRollout = {
  waves: PlannedWave[];
  lateJoiners: boolean;
  /** Of its target, but not approved. */
  leftOut: Targeted[];
  /** The windows that stand at its sites, as far as it waits for them. */
  standing: SiteWindows;
};

/** With those that each site is given. */
const wavesMax = 200;

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

const refuseWaves = (faults: readonly WavesFault[]): void => {
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

/** A site without a window is told at any time: one that was mistyped would leave its devices without. */
const refuseUnknownSites = async (sql: Sql, tenantId: string, { windows }: Pace): Promise<void> => {
  const named = [...new Set(windows.flatMap(({ sites }) => sites ?? []))];
  if (named.length === 0) return;
  const unknown = new Set(await emptySites(sql, tenantId, named));
  const errors = windows.flatMap(({ sites }, index) => {
    const none = (sites ?? []).filter((site) => unknown.has(site));
    const path = `pace.windows[${index}].sites`;
    return none.length === 0 ? [] : [{ path, message: `no device is at ${list(none)}` }];
  });
  if (errors.length === 0) return;
  const names = list([...unknown]);
  throw refusal(
    'invalid-request',
    `These windows name sites that no device is at: ${names}. Nothing was started.`,
    { errors },
  );
};

/** A rollout's windows narrow those of sites; what is left of a site must open some day. */
const refuseApart = ({ pace }: RolloutWish, standing: SiteWindows, nowMs: number): void => {
  const apart = [...standing].filter(
    ([site, theirs]) => siteOpening(theirs, pace.windows, site, nowMs) === null,
  );
  if (apart.length === 0) return;
  const names = list(apart.map(([site]) => site));
  throw refusal(
    'invalid-request',
    `The maintenance windows of ${names} are never open within these. Nothing was started.`,
    { errors: [{ path: 'pace.windows', message: `never meet those of ${names}` }] },
  );
};

const standingAt = async (
  sql: Sql,
  tenantId: string,
  wish: RolloutWish,
  devices: readonly Targeted[],
): Promise<SiteWindows> => {
  if (wish.ignoreSiteWindows !== null) return new Map();
  return siteWindowsOf(sql, tenantId, [...new Set(devices.map(({ site }) => site))]);
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

/** The bundle and its version, so that the same wish gives the same waves. */
export const seedOf = ({ bundleId, version }: Pick<RolloutWish, 'bundleId' | 'version'>): string =>
  `${bundleId} ${version}`;

export const asksForTags = (waves: readonly Pick<WaveWish, 'size'>[], pace: Pace): boolean =>
  waves.some(({ size }) => size.kind === 'tag') || pace.redundancyTag !== null;

const refuseTooMany = (waves: readonly WaveWish[]): void => {
  if (waves.length <= wavesMax) return;
  throw refusal(
    'conflict',
    `These are ${waves.length} waves; one rollout has at most ${wavesMax}.`,
    {
      next: 'Roll out to some of the sites first, or by percent.',
    },
  );
};

const refuseJoiners = ({ target, lateJoiners }: RolloutWish): void => {
  if (target.kind !== 'devices' || lateJoiners !== true) return;
  throw refusal('invalid-request', 'Nobody can join devices that are named one by one.', {
    errors: [{ path: 'lateJoiners', message: 'is for a group, a site, a tag or all' }],
  });
};

export const planRollout = async (
  sql: Sql,
  tenantId: string,
  wish: RolloutWish,
  nowMs: number,
): Promise<PlannedRollout> => {
  const wished = wish.waves.length === 0 ? [everybody] : wish.waves;
  refuseWaves(wavesFaults(wished));
  refuseWindows(wish.pace, nowMs);
  refuseJoiners(wish);
  const withTags = asksForTags(wished, wish.pace);
  const found = await findTargeted(sql, tenantId, wish.target, { withTags, among: null, nowMs });
  if (wish.target.kind === 'devices') refuseMissing(wish.target.deviceIds, found.devices);
  const devices = approvedOf(wish.target, found.devices);
  refuseGroups(wish.pace, devices);
  await refuseUnknownSites(sql, tenantId, wish.pace);
  refuseWaves(emptyFaults(wished, devices));
  const ids = devices.map(({ deviceId }) => deviceId);
  await refuseUnknownSecrets(sql, tenantId, wish, ids);
  const standing = await standingAt(sql, tenantId, wish, devices);
  refuseApart(wish, standing, nowMs);
  const waves = expandWaves(wished, devices);
  refuseTooMany(waves);
  const seed = seedOf(wish);
  const split = splitIntoWaves(devices, waves, seed);
  return {
    lateJoiners: wish.lateJoiners ?? found.isDynamic,
    leftOut: found.devices.filter(({ approved }) => !approved),
    standing,
    waves: waves.map((one, index) => ({
      wish: one,
      devices: split[index] ?? [],
      lastPlace: lastPlaceOf(split[index] ?? [], seed),
    })),
  };
};
