/**
 * Tells the world that a rollout changed: the domain event that live views and other services hear,
 * recorded in the transaction of the change.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { RowMove } from '../store/rollouts.ts';
import { type RolloutView, viewRollout } from './view.ts';

/** A rollout of a thousand devices would not fit into one message; readers then ask the API. */
const devicesToldMax = 50;

export const announceRollout = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; nowMs: number },
  type: 'started' | 'progressed' | 'completed' | 'cancelled' | 'retried',
  moves: readonly RowMove[],
): Promise<RolloutView> => {
  const { tenantId, rolloutId, nowMs } = rollout;
  const view = await viewRollout(sql, tenantId, rolloutId, nowMs);
  if (view === null) throw new Error(`rollout ${rolloutId} vanished`);
  const told = moves.length <= devicesToldMax ? moves : [];
  const { id: _, ...facts } = view;
  await recordEvent(sql, {
    tenantId,
    type: `rollout.${type}`,
    subject: `signalbeam.bundles.rollouts.${rolloutId}`,
    data: {
      rolloutId,
      ...facts,
      devices: told.map(({ deviceId, to, reason }) => ({ deviceId, status: to, reason })),
    },
  });
  return view;
};
