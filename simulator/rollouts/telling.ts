/**
 * One transaction of `rollouts/tell`: the next batch of devices get the version, or what they had
 * before. Batches are small, so that a process may die between two of them.
 */
import {
  closedSites,
  isPaced,
  lookAgainMs,
  noteTold,
  type Pace,
  type PaceKnown,
  planWaits,
} from '@signalbeam/bundle-orchestrator/core/pace';
import type { RowStatus } from '@signalbeam/bundle-orchestrator/core/rollout';
import { slotOf, withSlot } from '@signalbeam/bundle-orchestrator/core/slots';
import { waveOfJoiner } from '@signalbeam/bundle-orchestrator/core/wave';
import { momentsOf, openingsOf } from '@signalbeam/bundle-orchestrator/rollouts/windows';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { advance, moveRows, setTellDue } from './advance.ts';
import { restore, rowOf, store, targetOf } from './restoring.ts';
import {
  atWorkOf,
  type Cloud,
  candidatesOf,
  holdOneActive,
  type KeptRow,
  newerThan,
  type Rollout,
  rowsIn,
  tellable,
  untoldOf,
} from './tables.ts';
import { nextDue, timeOutSome } from './time-out.ts';

const toldAtOnceMax = 3;

/** Going back waits for no window and no rate. */
const paceOf = ({ pace, status }: Rollout): Pace =>
  status === 'rolling-back' ? { ...pace, windows: [], devicesPerHourMax: null } : pace;

const look = (cloud: Cloud, rollout: Rollout): PaceKnown => ({
  pace: paceOf(rollout),
  openings: openingsOf(paceOf(rollout).windows, cloud.now()),
  atWork: atWorkOf(cloud, rollout),
  toldLately: rollout.toldLately,
});

/** Empty when nobody is to be told now. */
const nextToTell = (cloud: Cloud, rollout: Rollout): string[] => {
  const known = look(cloud, rollout);
  const free = cloud.decide.freePlaces(known, untoldOf(cloud, rollout), cloud.now());
  if (free.length === 0) return [];
  const candidates = candidatesOf(cloud, rollout);
  return cloud.decide.planTelling(known, candidates, cloud.now()).slice(0, toldAtOnceMax);
};

const failedOf = (
  { tables }: Cloud,
  deviceId: string,
  slot: Slot | null,
): { previousSlot: Slot | null } | undefined =>
  tables.rollouts
    .get(slot?.rolloutId ?? '')
    ?.rows.find(
      (row) => row.deviceId === deviceId && (row.status === 'failed' || row.status === 'planned'),
    );

const tellSome = (cloud: Cloud, rollout: Rollout): string[] => {
  const paced = isPaced(rollout.pace);
  const ids = paced
    ? nextToTell(cloud, rollout)
    : tellable(cloud, rollout)
        .slice(0, toldAtOnceMax)
        .map(({ deviceId }) => deviceId);
  if (paced && ids.length > 0)
    rollout.toldLately = noteTold(rollout.toldLately, ids.length, cloud.now());
  tellThese(cloud, rollout, ids);
  return ids;
};

const tellThese = (cloud: Cloud, rollout: Rollout, ids: readonly string[]): void => {
  const windows = momentsOf(rollout.pace.windows, 'plant-7', cloud.now());
  const wanted = {
    ...{ ...rollout.release, rolloutId: rollout.id },
    ...(windows === undefined ? {} : { windows }),
  };
  const newer = newerThan(cloud, rollout);
  for (const deviceId of ids) {
    const row = rowOf(rollout, deviceId);
    const { slots, generation } = targetOf(cloud, deviceId);
    const there = slotOf(slots, rollout.release.bundleId);
    if (cloud.decide.overtakerOf(there, rollout.id, newer) !== null) {
      row.status = 'cancelled';
      continue;
    }
    const change = withSlot(slots, wanted, generation);
    if (change.kind !== 'changed') throw new Error('no more bundles fit on a device');
    // Told once more, it still goes back to what it had before the first time; and where another
    // one failed, also if it is to try again, to what that one found, which runs.
    const failed = failedOf(cloud, deviceId, there);
    if (there?.rolloutId !== rollout.id)
      row.previousSlot = failed === undefined ? there : failed.previousSlot;
    const { deviceTimeoutMs } = rollout.pace;
    const dueAtMs = deviceTimeoutMs === null ? null : cloud.now() + deviceTimeoutMs;
    Object.assign(row, { status: 'pending', requestedGeneration: generation, dueAtMs });
    row.givenBackGeneration = null;
    cloud.watch.told(rollout, row);
    store(cloud, deviceId, generation, change.slots);
  }
};

const goingBack: readonly RowStatus[] = ['pending', 'in-progress', 'succeeded'];

/** Those at work keep the place that they have; who confirmed waits for one. */
const nextToGoBack = (cloud: Cloud, rollout: Rollout): string[] => {
  const paced = isPaced(rollout.pace);
  const rows = rowsIn(rollout, paced ? goingBack.slice(0, 2) : goingBack).slice(0, toldAtOnceMax);
  if (rows.length > 0 || !paced) return rows.map(({ deviceId }) => deviceId);
  return nextToTell(cloud, rollout);
};

/** Newer rows go back to what was there before the one that is withdrawn. */
const skipWithdrawn = ({ tables }: Cloud, { id }: Rollout, own: KeptRow): void => {
  for (const { rows } of tables.rollouts.values())
    for (const row of rows)
      if (row.deviceId === own.deviceId && row.previousSlot?.rolloutId === id)
        row.previousSlot = own.previousSlot;
};

/** One rollout is at work on a device: a newer one that asked it to go back to this one's is done there. */
const overtake = (cloud: Cloud, rollout: Rollout, deviceId: string): void => {
  for (const other of cloud.tables.rollouts.values()) {
    const row = other.rows.find((each) => each.deviceId === deviceId);
    if (other.id === rollout.id || row?.status !== 'rolling-back') continue;
    row.status = 'cancelled';
    other.wavesDueAtMs = cloud.now();
  }
};

const tellToGoBack = (cloud: Cloud, rollout: Rollout): string[] => {
  const ids = nextToGoBack(cloud, rollout);
  for (const deviceId of ids) {
    const row = rowOf(rollout, deviceId);
    skipWithdrawn(cloud, rollout, row);
    const generation = restore(cloud, rollout, row);
    if (generation === null) moveRows(rollout, [{ deviceId, to: 'cancelled' }], goingBack);
    else {
      overtake(cloud, rollout, deviceId);
      Object.assign(row, {
        ...{ status: 'rolling-back', requestedGeneration: generation, dueAtMs: null },
      });
    }
  }
  return ids;
};

const giveBack = (
  cloud: Cloud,
  rollout: Rollout,
  from: readonly RowStatus[],
  to: 'cancelled' | 'planned',
): string[] => {
  const rows = rowsIn(rollout, from).slice(0, toldAtOnceMax);
  for (const row of rows)
    row.givenBackGeneration = restore(cloud, rollout, row) ?? row.givenBackGeneration;
  const ids = rows.map(({ deviceId }) => deviceId);
  moveRows(
    rollout,
    ids.map((deviceId) => ({ deviceId, to })),
    from,
  );
  return ids;
};

const giveBackSome = (cloud: Cloud, rollout: Rollout): string[] =>
  rollout.givingBack === 'unfinished'
    ? giveBack(cloud, rollout, ['pending', 'in-progress'], 'cancelled')
    : giveBack(cloud, rollout, ['pending'], 'planned');

const asksForIt = (cloud: Cloud, { id }: Rollout, { deviceId }: KeptRow): boolean =>
  targetOf(cloud, deviceId).slots.some(({ rolloutId }) => rolloutId === id);

/** Those that failed, and whose state still asks for what failed there. */
const failedWithIt = (cloud: Cloud, rollout: Rollout): KeptRow[] =>
  rowsIn(rollout, ['failed']).filter((row) => asksForIt(cloud, rollout, row));

/** Those that were told before, and are to be told again. */
const retriedOf = (rollout: Rollout): KeptRow[] =>
  rowsIn(rollout, ['planned']).filter(({ requestedGeneration }) => requestedGeneration > 0);

/** What it gets back is not what runs there: that was withdrawn since. */
const takesOver = ({ tables }: Cloud, { release }: Rollout, row: KeptRow): boolean => {
  const said = tables.reports
    .get(row.deviceId)
    ?.slots.find(({ bundleId }) => bundleId === release.bundleId);
  return said === undefined || said.runningVersion !== (row.previousSlot?.version ?? null);
};

/** Where something takes over, nobody else of the redundancy group may be at work. */
const mayGiveBack = (cloud: Cloud, rollout: Rollout, rows: readonly KeptRow[]): KeptRow[] => {
  const tag = rollout.pace.redundancyTag;
  const busy = new Set(atWorkOf(cloud, rollout).flatMap(({ member }) => member ?? []));
  return rows.filter((row) => {
    if (tag === null || !asksForIt(cloud, rollout, row) || !takesOver(cloud, rollout, row))
      return true;
    const member = cloud.memberOf(row.deviceId, tag);
    const isFree = !busy.has(member);
    busy.add(member);
    return cloud.decide.mayGiveBack(isFree);
  });
};

const failedToGiveBack = (cloud: Cloud, rollout: Rollout): KeptRow[] =>
  mayGiveBack(cloud, rollout, failedWithIt(cloud, rollout));
/** Whose state no longer asks for it holds nobody up. */
const retriedToGiveBack = (cloud: Cloud, rollout: Rollout): KeptRow[] =>
  mayGiveBack(cloud, rollout, retriedOf(rollout));

/** They run what they had, most of them; their state is to ask for that as well. */
const giveBackFailed = (cloud: Cloud, rollout: Rollout): string[] => {
  const rows = failedToGiveBack(cloud, rollout).slice(0, toldAtOnceMax);
  for (const row of rows) {
    const isAtWork = takesOver(cloud, rollout, row);
    const generation = restore(cloud, rollout, row);
    if (isAtWork) row.givenBackGeneration = generation ?? row.givenBackGeneration;
  }
  return rows.map(({ deviceId }) => deviceId);
};

/** Who was told and has not begun when its window is over is told again in the next one. */
const takeBackLate = (cloud: Cloud, rollout: Rollout): string[] => {
  if (rollout.pace.windows.length === 0) return [];
  const isShut = closedSites(look(cloud, rollout), cloud.now()).length > 0;
  return isShut ? giveBack(cloud, rollout, ['pending'], 'planned') : [];
};

/**
 * One that failed and was to try again was told before: its state still asks for the version, and it waits
 * for its redundancy group as one that stays failed does.
 */
const cancelUntold = (cloud: Cloud, rollout: Rollout): string[] => {
  const untold = rowsIn(rollout, ['planned']).filter(cloud.decide.wasNeverTold);
  const rows = (untold.length > 0 ? untold : retriedToGiveBack(cloud, rollout)).slice(
    0,
    toldAtOnceMax,
  );
  if (untold.length === 0)
    for (const row of rows)
      row.givenBackGeneration = restore(cloud, rollout, row) ?? row.givenBackGeneration;
  const ids = rows.map(({ deviceId }) => deviceId);
  for (const row of rows) row.status = 'cancelled';
  return ids;
};

/** The next of those that are to try again: told in their turn. */
export const retrySome = ({ rows }: Rollout): string[] => {
  const next = rows.filter(({ isToRetry }) => isToRetry === true).slice(0, toldAtOnceMax);
  for (const row of next) Object.assign(row, { status: 'planned', isToRetry: false });
  return next.map(({ deviceId }) => deviceId);
};

type Take = (cloud: Cloud, rollout: Rollout) => string[];

const takesOf = ({ status, givingBack }: Rollout): { take: Take; frees: boolean }[] => {
  if (givingBack === 'unfinished')
    return [
      { take: cancelUntold, frees: true },
      { take: giveBackSome, frees: true },
      { take: giveBackFailed, frees: false },
    ];
  if (givingBack === 'not-begun') return [{ take: giveBackSome, frees: true }];
  if (status === 'in-progress')
    return [
      { take: takeBackLate, frees: true },
      { take: (cloud, of) => timeOutSome(cloud, of, toldAtOnceMax), frees: true },
      { take: (_cloud, of) => retrySome(of), frees: false },
      { take: tellSome, frees: false },
    ];
  const failed = givingBack === 'failed' ? [{ take: giveBackFailed, frees: false }] : [];
  if (status !== 'rolling-back') return failed;
  return [...failed, { take: cancelUntold, frees: true }, { take: tellToGoBack, frees: false }];
};

type Left = 'some' | 'blocked' | 'none';

/** Of those that are not to be told, or not again. */
const leftToCancel = (cloud: Cloud, rollout: Rollout): Left => {
  const planned = rowsIn(rollout, ['planned']);
  if (planned.length === 0) return 'none';
  const isUntold = planned.some(({ requestedGeneration }) => requestedGeneration === 0);
  return isUntold || retriedToGiveBack(cloud, rollout).length > 0 ? 'some' : 'blocked';
};

const leftToGoBack = (cloud: Cloud, rollout: Rollout): Left => {
  const held: RowStatus[] = isPaced(paceOf(rollout)) ? [] : ['succeeded'];
  const isTold = rowsIn(rollout, ['pending', 'in-progress', ...held]).length > 0;
  return isTold ? 'some' : leftToCancel(cloud, rollout);
};

const toldOf = {
  'not-begun': ['pending'],
  unfinished: ['pending', 'in-progress'],
  failed: [],
} as const;

const leftToGiveBack = (cloud: Cloud, rollout: Rollout, which: keyof typeof toldOf): Left => {
  if (rowsIn(rollout, toldOf[which]).length > 0) return 'some';
  if (which === 'not-begun') return 'none';
  const planned = which === 'unfinished' ? leftToCancel(cloud, rollout) : 'none';
  if (planned === 'some' || failedToGiveBack(cloud, rollout).length > 0) return 'some';
  return failedWithIt(cloud, rollout).length > 0 ? 'blocked' : planned;
};

const outlookOf = (cloud: Cloud, rollout: Rollout): number | null => {
  const nowMs = cloud.now();
  const { status } = rollout;
  if (status !== 'in-progress' && status !== 'rolling-back') return null;
  if (status === 'in-progress' && rollout.rows.some(({ isToRetry }) => isToRetry === true))
    return nowMs;
  if (isPaced(paceOf(rollout)))
    return planWaits(look(cloud, rollout), untoldOf(cloud, rollout), nowMs).dueAtMs;
  return status === 'in-progress' && tellable(cloud, rollout).length > 0 ? nowMs : null;
};

/** Keeps when to look again at whom it could tell. */
export const keepOutlook = (cloud: Cloud, rollout: Rollout): void => {
  const nowMs = cloud.now();
  const { givingBack, status } = rollout;
  const left = givingBack === null ? 'none' : leftToGiveBack(cloud, rollout, givingBack);
  if (left === 'none') rollout.givingBack = null;
  const going = rollout.status === 'rolling-back' ? leftToGoBack(cloud, rollout) : 'none';
  if (left === 'some' || going === 'some') {
    rollout.tellDueAtMs = nowMs;
    return;
  }
  const due = status === 'in-progress' ? nextDue(cloud, rollout) : null;
  const told = outlookOf(cloud, rollout);
  const dueAtMs = told === null || due === null ? (told ?? due) : Math.min(told, due);
  const againAtMs = nowMs + lookAgainMs;
  const isBlocked = left === 'blocked' || going === 'blocked';
  rollout.tellDueAtMs = isBlocked ? Math.min(dueAtMs ?? againAtMs, againAtMs) : dueAtMs;
};

/** One batch of what it has to do now, and which devices others may tell now; null for nothing. */
export const tellStep = (cloud: Cloud, rollout: Rollout): { freed: string[] } | null => {
  for (const { take, frees } of takesOf(rollout)) {
    const ids = take(cloud, rollout);
    if (ids.length === 0) continue;
    holdOneActive(cloud, ids);
    advance(cloud, rollout, 'none');
    keepOutlook(cloud, rollout);
    return { freed: frees ? ids : [] };
  }
  // Those that are left may all wait for others: looked at again later, not at every turn.
  if (rollout.givingBack !== null || rollout.status === 'rolling-back') keepOutlook(cloud, rollout);
  return null;
};

/** A device became one of its target: the transaction of `rollouts/join`. False: it takes nobody in. */
export const join = (cloud: Cloud, rollout: Rollout, deviceId: string): boolean => {
  const { status, waves, rows, release } = rollout;
  const takes = rollout.lateJoiners && (status === 'in-progress' || status === 'paused');
  if (!takes || rows.some((row) => row.deviceId === deviceId)) return false;
  const joiner = { deviceId, site: 'plant-7', tags: [] };
  const wave = waveOfJoiner(joiner, waves, `${release.bundleId} ${release.version}`);
  rows.push({
    ...{ deviceId, wave, status: 'planned' },
    ...{ requestedGeneration: 0, previousSlot: null, givenBackGeneration: null },
  });
  advance(cloud, rollout, 'none');
  cloud.decide.atJoin(() => {
    const isNext = tellable(cloud, rollout).some((row) => row.deviceId === deviceId);
    if (isNext && rollout.status === 'in-progress') tellThese(cloud, rollout, [deviceId]);
  });
  setTellDue(rollout, cloud.now());
  return true;
};
