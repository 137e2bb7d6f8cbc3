/**
 * The next windows for slots whose named ones are over, or of others that are asked for, as the rollout that
 * put them there has them now.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { withoutWindows } from '../core/slots.ts';
import { isOverAt } from '../core/windows-over.ts';
import { momentsOf } from '../rollouts/windows.ts';
import type { Target } from '../store/desired.ts';
import { siteWindowsOf } from '../store/rollout-pace.ts';
import { windowRulesOf } from '../store/windows-due.ts';

/** Such a slot gets others, or none where its rollout waits for none any more. */
export type NextWindows = (target: Target, slot: Slot) => Slot;

export const nextWindows = async (
  sql: Sql,
  tenantId: string,
  targets: readonly Target[],
  nowMs: number,
  isOver = isOverAt(nowMs),
): Promise<NextWindows> => {
  const over = targets.flatMap(({ slots }) => slots.filter(isOver));
  if (over.length === 0) return (_, slot) => slot;
  const ids = [...new Set(over.flatMap(({ rolloutId }) => rolloutId ?? []))];
  const rules = await windowRulesOf(sql, tenantId, ids);
  const sites = [...new Set(targets.map(({ site }) => site))];
  const standing = await siteWindowsOf(sql, tenantId, sites);
  return ({ site }, slot) => {
    if (!isOver(slot)) return slot;
    const of = rules.get(slot.rolloutId ?? '');
    const windows =
      of && momentsOf(of.windows, site, nowMs, of.waitsForSites ? standing : undefined);
    return windows === undefined ? withoutWindows(slot) : { ...slot, windows };
  };
};
