/**
 * Tells the world that a rollout changed: the domain event that live views and other services hear,
 * recorded in the transaction of the change. It costs the same for ten devices and for a hundred
 * thousand; whoever wants to know more asks the API.
 */
import { recordEvent } from '@signalbeam/platform/events/outbox';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { addProgress, emptyProgress, isOver } from '../core/rollout.ts';
import type { RowMove } from '../core/row-moves.ts';
import type { RolloutNews } from '../core/verbs.ts';
import { meetingsOf } from '../store/rollout-meetings.ts';
import { findRollout } from '../store/rollout-views.ts';
import { wavesOf } from '../store/rollout-waves.ts';

/** Rows of a thousand devices would not fit into one message; readers then ask the API. */
const devicesToldMax = 50;

/** What changes how it stands, which the pages of those that it met on its devices say, too. */
const tellsOthers: ReadonlySet<RolloutNews> = new Set([
  ...(['started', 'begun', 'paused', 'resumed', 'retried'] as const),
  ...(['completed', 'cancelled', 'rolled-back'] as const),
]);
/** Of more, the newest hear of it. */
const othersMax = 20;

type Where = { tenantId: string; rolloutId: string };

const recordNews = async (
  sql: Sql,
  rollout: Where,
  news: readonly RolloutNews[],
  moves: readonly RowMove[],
): Promise<void> => {
  const { tenantId, rolloutId } = rollout;
  const record = await findRollout(sql, tenantId, rolloutId);
  if (record === null) throw new Error(`rollout ${rolloutId} vanished`);
  const waves = (await wavesOf(sql, tenantId, [rolloutId], 'among')).get(rolloutId) ?? [];
  const told = moves.length <= devicesToldMax ? moves : [];
  const { id: _, pace: __, paceWaits: ___, lateJoiners: ____, ...more } = record;
  const { approvalByAnother: _____, sitesHaveWindows: ______, ...facts } = more;
  const data = {
    rolloutId,
    ...facts,
    progress: waves.reduce((sum, { counts }) => addProgress(sum, counts), emptyProgress),
    waves: waves.map(({ name, state }) => ({ name, state })),
  };
  for (const [index, type] of news.entries()) {
    // Whoever hears them all hears of each device once.
    const devices = (index === 0 ? told : []).map(({ deviceId, to, reason }) => ({
      ...{ deviceId, status: to, reason },
    }));
    const subject = `signalbeam.bundles.rollouts.${rolloutId}`;
    await recordEvent(sql, {
      ...{ tenantId, type: `rollout.${type}`, subject, data: { ...data, devices } },
    });
  }
};

export const announceRollout = async (
  sql: Sql,
  rollout: Where,
  news: readonly RolloutNews[],
  moves: readonly RowMove[],
): Promise<void> => {
  await recordNews(sql, rollout, news, moves);
  if (!news.some((one) => tellsOthers.has(one))) return;
  const { tenantId, rolloutId } = rollout;
  const met = (await meetingsOf(sql, tenantId, [rolloutId])).get(rolloutId);
  const others = [...(met?.overtakenBy ?? []), ...(met?.overtakes ?? [])];
  // Of one that is over nothing more is told.
  const atWork = others.filter(({ status }) => !isOver(status)).slice(0, othersMax);
  for (const other of atWork)
    await recordNews(sql, { tenantId, rolloutId: other.rolloutId }, ['progressed'], []);
};
