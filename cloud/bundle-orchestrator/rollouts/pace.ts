/**
 * The pace of one rollout as it stands: whom it could tell now, whom it takes back because their
 * window is over, and what the others wait for. Deciding is ../core/pace.ts. The rollout is locked.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import {
  closedSites,
  freePlaces,
  isPaced,
  lookAgainMs,
  type Pace,
  type PaceKnown,
  type PaceOutlook,
  planTelling,
  planWaits,
} from '../core/pace.ts';
import { givenBackTo } from '../core/verbs.ts';
import { nextDue, retriedLater } from '../store/rollout-due.ts';
import { type FailedWithIt, failedWithIt, retriedWithIt } from '../store/rollout-failed.ts';
import {
  atWorkOf,
  candidatesOf,
  type Direction,
  holdGroups,
  type PacedAt,
  pendingAt,
  setOutlook,
  siteWindowsOf,
  untoldOf,
} from '../store/rollout-pace.ts';
import { isAnyUntold } from '../store/rollout-rows.ts';
import { type OpenStatus, openRowsOf, rowsToTell } from '../store/rollout-turns.ts';
import { wavesOf } from '../store/rollout-waves.ts';
import { type GivingBack, type LockedRollout, setGivingBack } from '../store/rollouts.ts';
import { openingsOf } from './windows.ts';

type At = { tenantId: string; nowMs: number };

/** Going back waits for no window and no rate: a version that turned out bad is the greater harm. */
const paceOf = ({ pace, status }: LockedRollout): Pace =>
  status === 'rolling-back' ? { ...pace, windows: [], devicesPerHourMax: null } : pace;

/** Whether somebody may have to wait who could be told. */
export const isHeld = (rollout: LockedRollout): boolean =>
  isPaced(paceOf(rollout)) || (rollout.status !== 'rolling-back' && rollout.waitsForSites);

const directionOf = ({ status }: LockedRollout): Direction =>
  status === 'rolling-back' ? 'back' : 'forward';

const look = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
): Promise<{ known: PaceKnown; where: PacedAt }> => {
  const pace = paceOf(rollout);
  const { redundancyTag } = pace;
  if (redundancyTag !== null) await holdGroups(sql, at.tenantId);
  const { id, bundleId, toldLately } = rollout;
  const { tenantId, nowMs } = at;
  const where = { tenantId, rolloutId: id, bundleId, redundancyTag, nowMs };
  const atWork = await atWorkOf(sql, where);
  const waits = rollout.waitsForSites && rollout.status !== 'rolling-back';
  const standing = waits ? await siteWindowsOf(sql, at.tenantId, null) : undefined;
  const openings = openingsOf(pace.windows, at.nowMs, standing);
  return { known: { pace, openings, atWork, toldLately }, where };
};

/** The next to be told, in their order; to go back when it does. Empty when nobody is for now. */
export const nextToTell = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  limit: number,
): Promise<string[]> => {
  const direction = directionOf(rollout);
  const { known, where } = await look(sql, at, rollout);
  const places = freePlaces(known, await untoldOf(sql, where, direction), at.nowMs);
  if (places.length === 0) return [];
  const candidates = await candidatesOf(sql, where, direction, places, limit);
  return planTelling(known, candidates, at.nowMs);
};

/** Those who were told, have not begun, and whose window is over. */
export const nextToTakeBack = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  limit: number,
): Promise<string[]> => {
  const isShutAtTimes = rollout.pace.windows.length > 0 || rollout.waitsForSites;
  if (rollout.status !== 'in-progress' || !isShutAtTimes) return [];
  const { known, where } = await look(sql, at, rollout);
  const sites = closedSites(known, at.nowMs);
  if (sites.length === 0) return [];
  return (await pendingAt(sql, where, sites, limit)).map(({ deviceId }) => deviceId);
};

/** Those in these states have yet to get back what they had, or not to be told at all. */
export const givenBack = (which: GivingBack): readonly OpenStatus[] =>
  Object.keys(givenBackTo[which]) as OpenStatus[];

/**
 * Devices on which it failed and that may be given back what they had, now: of those that stay failed, or of
 * those that were to try again. Most of them run that. Where it was withdrawn since, something takes over
 * there, and that waits until nobody else of its redundancy group is at work.
 */
const mayGiveBack =
  (find: typeof failedWithIt) =>
  async (sql: Sql, at: At, rollout: LockedRollout, limit: number): Promise<FailedWithIt[]> => {
    const where = { tenantId: at.tenantId, rolloutId: rollout.id };
    const tag = rollout.pace.redundancyTag;
    const busy = tag === null ? [] : (await look(sql, at, rollout)).known.atWork;
    const members = [...new Set(busy.flatMap(({ member }) => member ?? []))];
    const rows = await find(sql, where, { tag, busy: members }, limit);
    const taken = new Set<string>();
    return rows.filter(({ takesOver, member }) => {
      if (!takesOver || member === null) return true;
      const isFree = !taken.has(member);
      taken.add(member);
      return isFree;
    });
  };

export const failedToGiveBack = mayGiveBack(failedWithIt);
export const retriedToGiveBack = mayGiveBack(retriedWithIt);

/** `blocked`: all that is left waits for others of a redundancy group. */
type Left = 'some' | 'blocked' | 'none';

/** Of those that are not to be told, or not again. */
const leftToCancel = async (sql: Sql, at: At, rollout: LockedRollout): Promise<Left> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  if ((await openRowsOf(sql, where, ['planned'], 1)).length === 0) return 'none';
  if (await isAnyUntold(sql, where)) return 'some';
  return (await retriedToGiveBack(sql, at, rollout, 1)).length > 0 ? 'some' : 'blocked';
};

const leftToGiveBack = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  which: GivingBack,
): Promise<Left> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  const open = givenBack(which);
  const told = open.filter((status) => status !== 'planned');
  if (told.length > 0 && (await openRowsOf(sql, where, told, 1)).length > 0) return 'some';
  if (which === 'not-begun') return 'none';
  const planned = open.includes('planned') ? await leftToCancel(sql, at, rollout) : 'none';
  if (planned === 'some') return 'some';
  if ((await failedToGiveBack(sql, at, rollout, 1)).length > 0) return 'some';
  const anybody = await failedWithIt(sql, where, { tag: null, busy: [] }, 1);
  return anybody.length > 0 ? 'blocked' : planned;
};

/** Of those that are told whatever the pace; where none holds them, who confirmed is one of them. */
const leftToGoBack = async (sql: Sql, at: At, rollout: LockedRollout): Promise<Left> => {
  const waves = (await wavesOf(sql, at.tenantId, [rollout.id], 'among')).get(rollout.id) ?? [];
  const isTold = waves.some(({ counts: { pending, inProgress, succeeded } }) => {
    const confirmed = isHeld(rollout) ? 0 : succeeded;
    return pending + inProgress + confirmed > 0;
  });
  return isTold ? 'some' : leftToCancel(sql, at, rollout);
};

/** Of those that it tells or asks to go back. */
const outlookOf = async (sql: Sql, at: At, rollout: LockedRollout): Promise<PaceOutlook> => {
  const { tenantId, nowMs } = at;
  const where = { tenantId, rolloutId: rollout.id, bundleId: rollout.bundleId, nowMs };
  const goesOn = rollout.status === 'in-progress' || rollout.status === 'rolling-back';
  if (!goesOn) return { waits: [], dueAtMs: null };
  if (rollout.status === 'in-progress' && rollout.retryAskedAt !== null)
    return { waits: [], dueAtMs: at.nowMs };
  if (isHeld(rollout)) {
    const { known, where: paced } = await look(sql, at, rollout);
    const untold = await untoldOf(sql, paced, directionOf(rollout));
    return planWaits(known, untold, at.nowMs);
  }
  const isLeft = rollout.status === 'in-progress' && (await rowsToTell(sql, where, 1)).length > 0;
  return { waits: [], dueAtMs: isLeft ? at.nowMs : null };
};

const sooner = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** With whose time is over, and who tries again, by itself. */
const outlookInTime = async (sql: Sql, at: At, rollout: LockedRollout): Promise<PaceOutlook> => {
  const outlook = await outlookOf(sql, at, rollout);
  const { deviceTimeoutMs, retriesMax } = rollout.pace;
  const isTimed = deviceTimeoutMs !== null || retriesMax > 0;
  if (rollout.status !== 'in-progress' || !isTimed) return outlook;
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  const dueAtMs = sooner(outlook.dueAtMs, await nextDue(sql, where, at.nowMs));
  if (retriesMax === 0) return { ...outlook, dueAtMs };
  const { devices, firstAtMs } = await retriedLater(sql, where, at.nowMs);
  if (firstAtMs === null) return { ...outlook, dueAtMs };
  return { dueAtMs, waits: [...outlook.waits, { kind: 'retry', devices, firstAtMs }] };
};

/** Keeps what the rollout's devices wait for, and when to look again. */
export const keepOutlook = async (sql: Sql, at: At, rollout: LockedRollout): Promise<void> => {
  const where = { tenantId: at.tenantId, rolloutId: rollout.id };
  const { givingBack } = rollout;
  const left = givingBack === null ? 'none' : await leftToGiveBack(sql, at, rollout, givingBack);
  if (left === 'some') return setOutlook(sql, where, { waits: [], dueAtMs: at.nowMs });
  if (left === 'none' && givingBack !== null) await setGivingBack(sql, where, null);
  const isGoing = rollout.status === 'rolling-back';
  const going = isGoing ? await leftToGoBack(sql, at, rollout) : 'none';
  if (going === 'some') return setOutlook(sql, where, { waits: [], dueAtMs: at.nowMs });
  const { waits, dueAtMs } = await outlookInTime(sql, at, rollout);
  const isBlocked = left === 'blocked' || going === 'blocked';
  const againAtMs = isBlocked ? at.nowMs + lookAgainMs : Number.POSITIVE_INFINITY;
  const soonestMs = Math.min(dueAtMs ?? Number.POSITIVE_INFINITY, againAtMs);
  await setOutlook(sql, where, { waits, dueAtMs: Number.isFinite(soonestMs) ? soonestMs : null });
};
