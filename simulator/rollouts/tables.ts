/**
 * What bundle-orchestrator keeps of rollouts in Postgres, as tables in memory, and the looks that its
 * queries take at them. The shell over SQL (`cloud/bundle-orchestrator/rollouts`) is modelled here,
 * statement by statement; what decides is the real core.
 */
import { approvalAsked, type Requested } from '@signalbeam/bundle-orchestrator/core/approval';
import { overtakerOf } from '@signalbeam/bundle-orchestrator/core/overtaking';
import {
  type AtWork,
  type Candidate,
  freePlaces,
  type Pace,
  planTelling,
  type Told,
  type Untold,
} from '@signalbeam/bundle-orchestrator/core/pace';
import {
  countRows,
  isAwaited,
  type RolloutFacts,
  type RolloutRow,
  type RolloutStatus,
  type RowStatus,
  type SlotReport,
} from '@signalbeam/bundle-orchestrator/core/rollout';
import { isGivenBack, planRows } from '@signalbeam/bundle-orchestrator/core/row-moves';
import { type WantedSlot, withRestoredSlot } from '@signalbeam/bundle-orchestrator/core/slots';
import { planOverdue, triesAgainBy } from '@signalbeam/bundle-orchestrator/core/tries';
import type { FailureAction, Gate, WaveSize } from '@signalbeam/bundle-orchestrator/core/wave';
import { planWaves, type WaveState } from '@signalbeam/bundle-orchestrator/core/wave-plan';
import type { Slot } from '@signalbeam/sync/core/manifest';
import type { Director } from '../world/director.ts';

export type KeptWave = Omit<WaveState, 'counts' | 'approvals'> & {
  size: WaveSize;
  /** Up to which place of the seeded order it reaches, for who joins later. */
  lastPlace: number;
  approvals: string[];
  /** Who let it pass although its gate was not good. */
  passedBy: string | null;
};

export type KeptRow = {
  deviceId: string;
  wave: number;
  status: RowStatus;
  requestedGeneration: number;
  previousSlot: Slot | null;
  /** Asked under this generation to have what it had before, and not done yet as far as is known. */
  givenBackGeneration: number | null;
  /** It failed and is to try again, which its status does not say yet. */
  isToRetry?: boolean;
  /** How often it was told again by itself. */
  retryCount?: number;
  /** Until when it is to have finished, or from when on it may be told again. */
  dueAtMs?: number | null;
  /** It took too long at some time. */
  tookTooLong?: boolean;
};

export type Rollout = {
  id: string;
  release: Omit<WantedSlot, 'rolloutId'>;
  status: RolloutStatus;
  requestedBy: string;
  approvalByAnother: boolean;
  onFailure: FailureAction;
  pace: Pace;
  toldLately: readonly Told[];
  givingBack: 'unfinished' | 'not-begun' | 'failed' | null;
  lateJoiners: boolean;
  lookedAtMs: number;
  wavesDueAtMs: number | null;
  tellDueAtMs: number | null;
  waves: KeptWave[];
  rows: KeptRow[];
};

/** The versions of those that were made after it, by their ids: the tables keep them in that order. */
export const newerThan = ({ tables }: Cloud, { id }: Rollout): Map<string, string> => {
  const all = [...tables.rollouts.values()];
  const place = all.findIndex((each) => each.id === id);
  return new Map(all.slice(place + 1).map((each) => [each.id, each.release.version]));
};

/** The newest report of a device, as far as bundles are concerned. */
export type KeptReport = {
  epoch: string;
  seq: number;
  receivedAtMs: number;
  generation: number;
  slots: readonly (SlotReport & { bundleId: string; runningVersion: string | null })[];
};

export type Tables = {
  rollouts: Map<string, Rollout>;
  reports: Map<string, KeptReport>;
  /** Devices whose newest state is not in the bucket yet. */
  unpublished: Set<string>;
};

export type RolloutWatch = {
  /** Its waves are about to be judged. */
  looked(rollout: Rollout): void;
  opened(rollout: Rollout, wave: KeptWave): void;
  told(rollout: Rollout, row: KeptRow): void;
  /** By itself, because of this wave. */
  stopped(rollout: Rollout, wave: number): void;
  /** It is said to have taken too long. */
  tookTooLong(rollout: Rollout, row: KeptRow): void;
};

/** Whether this person's word counts, as `rollouts/steer` asks. */
const mayAgree = (rollout: Requested, gate: Pick<Gate, 'approval'>, actor: string): boolean =>
  approvalAsked(gate, rollout) !== 'another-person' || actor !== rollout.requestedBy;

/** What is lost when its process dies: nothing, since all is in the tables. */
const atDeath = (_rollout: Rollout): void => undefined;

/** Which rows a retry tells again. */
const retried = (rollout: Rollout): KeptRow[] => rowsIn(rollout, ['failed']);

/** What is done for a late joiner beside putting it in: nothing, since it is told in its turn. */
const atJoin = (_tellNow: () => void): void => undefined;

/** Whether its state asks for nothing of the rollout, so that there is nothing to give back. */
const wasNeverTold = ({ requestedGeneration }: KeptRow): boolean => requestedGeneration === 0;

/** Whether who failed gets back what takes over there: when nobody else of its group is at work. */
const mayGiveBack = (isGroupFree: boolean): boolean => isGroupFree;

/** The decisions under test; planted bugs replace them. */
export const decisions = {
  ...{ planWaves, planRows, planTelling, freePlaces, withRestoredSlot, mayAgree },
  ...{ atDeath, atJoin, retried, overtakerOf, mayGiveBack, wasNeverTold },
  ...{ planOverdue, triesAgainBy },
};
export type Decisions = typeof decisions;

export type Cloud = {
  decide: Decisions;
  tables: Tables;
  director: Director;
  now: () => number;
  presenceOf: (deviceId: string) => RolloutRow['presence'];
  memberOf: (deviceId: string, tag: string) => string;
  watch: RolloutWatch;
};

export const factsOf = ({ id, release, status }: Rollout): RolloutFacts => ({
  ...{ id, status, bundleId: release.bundleId },
  ...{ bundleName: release.bundleName, version: release.version },
});

export const seenRow = (
  { tables, presenceOf }: Cloud,
  rollout: Rollout,
  row: KeptRow,
): RolloutRow => {
  const known = tables.reports.get(row.deviceId);
  const { bundleId } = rollout.release;
  return {
    ...row,
    ...{ retryCount: row.retryCount ?? 0, dueAtMs: row.dueAtMs ?? null },
    name: row.deviceId,
    device: 'present',
    presence: presenceOf(row.deviceId),
    lastSeenAtMs: null,
    reportedGeneration: known?.generation ?? 0,
    report: known?.slots.find((slot) => slot.bundleId === bundleId) ?? null,
  };
};

/** `among`: who is not heard of counts as what it was told, which is all that most gates ask for. */
export const wavesOf = (
  cloud: Cloud,
  { rows, waves }: Rollout,
  unreached: 'apart' | 'among',
): WaveState[] =>
  waves.map((wave) => ({
    ...wave,
    counts: countRows(
      rows
        .filter((row) => row.wave === wave.wave)
        .map(({ deviceId, status, isToRetry }) => ({
          status: isToRetry === true ? ('planned' as const) : status,
          presence: unreached === 'apart' ? cloud.presenceOf(deviceId) : 'online',
        })),
    ),
  }));

export const rowsIn = ({ rows }: Rollout, statuses: readonly RowStatus[]): KeptRow[] =>
  rows.filter(({ status }) => statuses.includes(status));

/** Devices on which a rollout of this bundle is at work. */
export const activeOn = ({ tables }: Cloud, bundleId: string): Set<string> => {
  const busy = new Set<string>();
  for (const { release, rows } of tables.rollouts.values()) {
    if (release.bundleId !== bundleId) continue;
    for (const { deviceId, status } of rows) if (isAwaited(status)) busy.add(deviceId);
  }
  return busy;
};

/** What the index `rollout_devices_one_active` refuses. */
export const holdOneActive = ({ tables }: Cloud, deviceIds: readonly string[]): void => {
  const active = [...tables.rollouts.values()].flatMap(({ release, rows }) =>
    rows
      .filter(({ deviceId, status }) => deviceIds.includes(deviceId) && isAwaited(status))
      .map(({ deviceId }) => `${release.bundleId} ${deviceId}`),
  );
  if (new Set(active).size < active.length)
    throw new Error('two rollouts of a bundle are at work on one device');
};

/** In opened waves, and nothing else of the bundle is at work on the device. */
export const tellable = (cloud: Cloud, rollout: Rollout): KeptRow[] => {
  const busy = activeOn(cloud, rollout.release.bundleId);
  return rollout.rows
    .filter(
      ({ status, wave, deviceId, dueAtMs }) =>
        status === 'planned' &&
        (dueAtMs ?? 0) <= cloud.now() &&
        rollout.waves[wave]?.state !== 'waiting' &&
        !busy.has(deviceId),
    )
    .sort((one, other) => one.wave - other.wave || (one.deviceId < other.deviceId ? -1 : 1));
};

const placeOf = (cloud: Cloud, { pace }: Rollout, deviceId: string) => ({
  site: 'plant-7',
  member: pace.redundancyTag === null ? null : cloud.memberOf(deviceId, pace.redundancyTag),
});

export const atWorkOf = (cloud: Cloud, rollout: Rollout): AtWork[] =>
  [...cloud.tables.rollouts.values()].flatMap((each) => {
    const isOwn = each.id === rollout.id;
    const isTagged = rollout.pace.redundancyTag !== null;
    return each.rows.flatMap(({ deviceId, status, givenBackGeneration }): AtWork[] => {
      const place = { ...placeOf(cloud, rollout, deviceId), count: 1 };
      if (isAwaited(status) && (isOwn || isTagged))
        return [{ ...place, isOwn, isPending: isOwn && status === 'pending' }];
      return givenBackGeneration !== null && isTagged
        ? [{ ...place, isOwn: false, isPending: false }]
        : [];
    });
  });

/** A report says that devices are done with what they were given back. */
export const forgetGivenBack = (cloud: Cloud, deviceId: string): void => {
  for (const rollout of cloud.tables.rollouts.values())
    for (const row of rollout.rows)
      if (
        row.deviceId === deviceId &&
        row.givenBackGeneration !== null &&
        isGivenBack(row.givenBackGeneration, seenRow(cloud, rollout, row))
      )
        row.givenBackGeneration = null;
};

/** To be told next, or of a rollout that goes back those that confirmed; the reached come first. */
export const candidatesOf = (cloud: Cloud, rollout: Rollout): Candidate[] => {
  const rows =
    rollout.status === 'rolling-back' ? rowsIn(rollout, ['succeeded']) : tellable(cloud, rollout);
  const silent = ({ deviceId }: KeptRow): number =>
    cloud.presenceOf(deviceId) === 'online' ? 0 : 1;
  return rows
    .toSorted((one, other) => one.wave - other.wave || silent(one) - silent(other))
    .map(({ deviceId }) => ({ deviceId, ...placeOf(cloud, rollout, deviceId) }));
};

export const untoldOf = (cloud: Cloud, rollout: Rollout): Untold[] =>
  candidatesOf(cloud, rollout).map(({ site, member }) => ({ site, member, count: 1 }));
