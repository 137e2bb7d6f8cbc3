/**
 * An emergency that is found half-way: a rollout at work no longer waits for the maintenance windows that
 * stand at sites, for a reason that is shown with it; and back again. Its own windows hold all the same.
 * Who was told and has not begun is told again without the window it was told with, and who has it here and
 * waits is named none any more (../desired/name-windows.ts); when it waits for
 * windows again, it is taken back where one is shut, as at the end of any.
 */
import { refusal } from '@signalbeam/platform/http/problem';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { isOver } from '../core/rollout.ts';
import { retrying } from '../desired/change.ts';
import type { Acting, Workshop } from '../desired/workshop.ts';
import { pendingAt, setTellDue, siteWindowsOf } from '../store/rollout-pace.ts';
import { moveRows, type StoredMove } from '../store/rollout-rows.ts';
import { findRollout } from '../store/rollout-views.ts';
import { setWindowsIgnored } from '../store/rollouts.ts';
import { nameAnew } from '../store/windows-due.ts';
import { announceRollout } from './announce.ts';
import { keepOutlook } from './pace.ts';
import { seen } from './start.ts';
import { held } from './steer.ts';
import { answering, tellRollout } from './tell.ts';
import type { RolloutView } from './view.ts';

/** More are not told at once by anybody; whoever is beyond keeps the window that it was told with. */
const toldAgainMax = 10_000;

/**
 * They are as if not told, though their devices are asked for the version already: telling asks anew. Until
 * then they may begin, so that they keep their places in redundancy groups.
 */
const untell = async (
  sql: Sql,
  where: { tenantId: string; rolloutId: string; nowMs: number },
): Promise<void> => {
  const { tenantId, rolloutId, nowMs } = where;
  const standing = await siteWindowsOf(sql, tenantId, null);
  const pending = await pendingAt(sql, where, [...standing.keys()], toldAgainMax);
  const moves = pending.map(({ deviceId, requestedGeneration }): StoredMove => {
    const givenBack = requestedGeneration;
    return { deviceId, to: 'planned', reason: null, logTail: [], givenBack };
  });
  await moveRows(sql, { tenantId, rolloutId, atMs: nowMs }, moves, ['pending']);
};

/** False when it was so before: nothing happens again. */
const change = async (
  sql: Sql,
  acting: Acting,
  at: { rolloutId: string; nowMs: number },
  reason: string | null,
): Promise<boolean> => {
  const { tenantId, actor, ip } = acting;
  const rollout = await held(sql, tenantId, at.rolloutId);
  if (isOver(rollout.status) || rollout.status === 'rolling-back') {
    throw refusal('wrong-state', `It waits for no window any more (${rollout.status}).`);
  }
  const before = (await findRollout(sql, tenantId, at.rolloutId))?.windowsIgnored ?? null;
  await writeAudit(sql, {
    ...{ tenantId, actor, ip, target: `rollout:${at.rolloutId}` },
    action: reason === null ? 'rollout.heed-site-windows' : 'rollout.ignore-site-windows',
    before: { windowsIgnored: before },
    after: { windowsIgnored: reason },
  });
  if (before === reason) return false;
  const where = { tenantId, ...at };
  await setWindowsIgnored(sql, where, reason === null ? null : { reason, by: actor });
  if (reason !== null && before === null && rollout.status === 'in-progress')
    await untell(sql, where);
  if (reason !== null && before === null) await nameAnew(sql, where);
  await announceRollout(sql, where, ['progressed'], []);
  await keepOutlook(sql, where, await held(sql, tenantId, at.rolloutId));
  // Those told in a window that is shut again are found by telling, whatever the outlook is.
  if (rollout.status === 'in-progress') await setTellDue(sql, where);
  return true;
};

/** `reason` null: it waits for them again. */
export const setSiteWindowsIgnored = async (
  workshop: Workshop,
  acting: Acting,
  rolloutId: string,
  reason: string | null,
): Promise<RolloutView> => {
  const at = { rolloutId, nowMs: workshop.now() };
  const isChanged = await retrying(workshop.pool, acting, (sql) => change(sql, acting, at, reason));
  const where = { tenantId: acting.tenantId, rolloutId };
  if (isChanged) await tellRollout(workshop, where, answering);
  return seen(workshop, acting, rolloutId);
};
