/**
 * Takes devices into rollouts that they became a target of after those were made: approved, tagged,
 * moved or put into a group since. Each joins the wave that would have taken it; into one that was
 * passed already it comes *late*: it is told at once and counted apart. Doing it twice does it once.
 */
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { everySite, systemAuthor, withTenant } from '@signalbeam/platform/postgres/tenant';
import { waveOfJoiner } from '../core/wave.ts';
import { retrying } from '../desired/change.ts';
import type { Workshop } from '../desired/workshop.ts';
import { insertJoiners, rolloutsToJoin, withoutMembers } from '../store/rollout-joiners.ts';
import { setTellDue } from '../store/rollout-pace.ts';
import { findTargeted, type Targeted } from '../store/rollout-targets.ts';
import { type StoredWave, wavesOf } from '../store/rollout-waves.ts';
import { type LockedRollout, lockRollout } from '../store/rollouts.ts';
import { advanceRollout } from './advance.ts';
import { announceRollout } from './announce.ts';
import { asksForTags, devicesPerRolloutMax, seedOf } from './plan.ts';
import { tellRollout } from './tell.ts';

type At = { tenantId: string; rolloutId: string; nowMs: number };

const takesJoiners = ({ lateJoiners, status }: LockedRollout): boolean =>
  lateJoiners && ['scheduled', 'in-progress', 'paused'].includes(status);

/** Who is its target now and is not in it, as far as the one who made it may reach. */
const joinersOf = async (
  sql: Sql,
  at: At,
  rollout: LockedRollout,
  waves: readonly StoredWave[],
  among: readonly string[] | null,
): Promise<Targeted[]> => {
  const { target, sites } = rollout;
  if (target === null) return [];
  const withTags = asksForTags(waves, rollout.pace);
  const wanted = { withTags, among, nowMs: at.nowMs };
  const found = await findTargeted(sql, at.tenantId, target, wanted);
  const mine = found.devices.filter(
    ({ approved, site }) => approved && (sites === null || sites.includes(site)),
  );
  const absent = await withoutMembers(
    sql,
    at,
    mine.map(({ deviceId }) => deviceId),
  );
  const room = devicesPerRolloutMax - waves.reduce((sum, { counts }) => sum + counts.total, 0);
  return mine.filter(({ deviceId }) => absent.has(deviceId)).slice(0, Math.max(0, room));
};

const join = async (sql: Sql, at: At, among: readonly string[] | null): Promise<boolean> => {
  const rollout = await lockRollout(sql, at.tenantId, at.rolloutId);
  if (rollout === null || !takesJoiners(rollout)) return false;
  const waves = (await wavesOf(sql, at.tenantId, [at.rolloutId], 'among')).get(at.rolloutId) ?? [];
  const joiners = await joinersOf(sql, at, rollout, waves, among);
  if (joiners.length === 0) return false;
  const seed = seedOf(rollout);
  const rows = joiners.map((joiner) => {
    const wave = waveOfJoiner(joiner, waves, seed);
    // A rollout without gates has no wave to be late for.
    const late = waves.length > 1 && waves[wave]?.state === 'passed';
    return { deviceId: joiner.deviceId, name: joiner.name, wave, late };
  });
  await insertJoiners(sql, { ...at, bundleId: rollout.bundleId }, rows);
  await writeAudit(sql, {
    ...systemAuthor(at.tenantId),
    action: 'rollout.join',
    target: `rollout:${at.rolloutId}`,
    after: { devices: rows.length, late: rows.filter(({ late }) => late).length },
  });
  await announceRollout(sql, at, ['progressed'], []);
  await advanceRollout(sql, at, 'none');
  await setTellDue(sql, at);
  return true;
};

/** `among`: these devices only; null: whoever there is. */
export const takeJoiners = async (
  workshop: Workshop,
  where: { tenantId: string; rolloutId: string },
  among: readonly string[] | null,
): Promise<void> => {
  const author = systemAuthor(where.tenantId);
  const joined = await retrying(workshop.pool, author, (sql) =>
    join(sql, { ...where, nowMs: workshop.now() }, among),
  );
  if (joined) await tellRollout(workshop, where);
};

/** A device is not what it was: it may have become the target of some. */
export const joinRollouts = async (
  workshop: Workshop,
  tenantId: string,
  deviceId: string,
): Promise<void> => {
  const rollouts = await withTenant(workshop.pool, everySite(tenantId), (sql) =>
    rolloutsToJoin(sql, tenantId, deviceId),
  );
  for (const rolloutId of rollouts) {
    await takeJoiners(workshop, { tenantId, rolloutId }, [deviceId]);
  }
};
