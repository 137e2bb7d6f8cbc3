/**
 * Hears what becomes of rollouts and raises or resolves their alerts. Bears repeats: news that are
 * not newer than those an alert was judged by change nothing.
 */
import { type Subscription, subscribeEvents } from '@signalbeam/platform/events/subscribe';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { z } from 'zod';
import { planRollout } from '../core/alert-rollouts.ts';
import { type AlertRule, rulesInForce, rulesOf } from '../core/alert-rules.ts';
import { rolloutWords } from '../core/alert-words.ts';
import {
  type AlertRow,
  alertColumns,
  insertAlerts,
  resolveAlerts,
  tellTransition,
} from '../store/alert-rows.ts';
import { rulesOfTenant } from '../store/alert-rules.ts';
import { areSilenced } from './silenced.ts';

/** What bundle-orchestrator tells of a rollout, as far as alerts care. */
const newsSchema = z.object({
  rolloutId: z.uuid(),
  bundleName: z.string().max(200),
  version: z.string().max(100),
  status: z.string().max(40),
  progress: z.object({ failed: z.int().min(0), total: z.int().min(0) }),
});
type News = z.infer<typeof newsSchema>;

/** The newest alert of a rollout, locked; news about one rollout come one after another. */
const lockNewest = async (
  sql: Sql,
  tenantId: string,
  rolloutId: string,
): Promise<(AlertRow & { judged_at: Date | null }) | null> => {
  await sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('alert of ' || $1, 0))`, [
    rolloutId,
  ]);
  const { rows } = await sql.query<AlertRow & { judged_at: Date | null }>(
    `SELECT ${alertColumns}, judged_at FROM telemetry.alerts
      WHERE tenant_id = $1 AND rollout_id = $2 ORDER BY raised_at DESC LIMIT 1 FOR UPDATE`,
    [tenantId, rolloutId],
  );
  return rows[0] ?? null;
};

const raise = async (
  sql: Sql,
  tenantId: string,
  rule: AlertRule,
  news: News,
  times: { now: Date; judgedAt: Date },
): Promise<void> => {
  const { failed } = news.progress;
  const words = rolloutWords({ ...news, total: news.progress.total }, failed);
  const about = { tenantId, ruleId: rule.id, site: null, deviceId: null };
  const [silenced = false] = await areSilenced(sql, [about], times.now);
  const { escalateAfterSeconds: after, severity } = rule;
  const escalates = after !== null && severity !== 'critical';
  const rows = await insertAlerts(
    sql,
    [
      {
        ...about,
        ...words,
        ruleName: rule.name,
        type: 'rollout-failed',
        severity,
        deviceName: null,
        rolloutId: news.rolloutId,
        deviceCount: failed,
        silenced,
        escalatesAt: escalates ? new Date(times.now.getTime() + after * 1_000) : null,
        judgedAt: times.judgedAt,
      },
    ],
    times.now,
  );
  await tellTransition(sql, rows, 'raised', times.now);
};

/** In the caller's transaction; over a pool with the role `sb_system`. */
export const judgeRollout = async (
  sql: Sql,
  tenantId: string,
  data: unknown,
  times: { now: Date; judgedAt: Date },
): Promise<void> => {
  const news = newsSchema.parse(data);
  const newest = await lockNewest(sql, tenantId, news.rolloutId);
  if (newest?.judged_at != null && newest.judged_at >= times.judgedAt) return;
  const alert =
    newest === null
      ? null
      : {
          alertId: newest.id,
          isOpen: newest.status !== 'resolved',
          deviceCount: newest.device_count,
        };
  const standing = { status: news.status, failed: news.progress.failed };
  for (const step of planRollout(standing, alert)) {
    if (step.kind === 'resolve') await resolveAlerts(sql, [step.alertId], times.now);
    if (step.kind === 'raise') {
      const rules = rulesInForce(rulesOf(await rulesOfTenant(sql, tenantId)));
      const rule = rules.find(({ type }) => type === 'rollout-failed');
      if (rule !== undefined) await raise(sql, tenantId, rule, news, times);
    }
    if (step.kind === 'count') {
      const { title, detail } = rolloutWords(
        { ...news, total: news.progress.total },
        step.deviceCount,
      );
      await sql.query(
        `UPDATE telemetry.alerts SET device_count = $2, title = $3, detail = $4, judged_at = $5
          WHERE id = $1`,
        [step.alertId, step.deviceCount, title, detail, times.judgedAt],
      );
    }
  }
  // A retry that begins anew counts from nothing, also for an alert that somebody resolved.
  if (alert !== null && news.progress.failed === 0) {
    await sql.query('UPDATE telemetry.alerts SET device_count = 0, judged_at = $2 WHERE id = $1', [
      alert.alertId,
      times.judgedAt,
    ]);
  }
};

export const hearRollouts = (
  parts: Pick<Platform, 'cloud' | 'pools' | 'log' | 'now'>,
): Subscription =>
  subscribeEvents({
    cloud: parts.cloud,
    sql: parts.pools.system,
    log: parts.log,
    durable: 'telemetry-processor-rollout-alerts',
    subjects: ['signalbeam.bundles.rollouts.*'],
    handle: ({ tenantId, data, occurredAt }) =>
      transaction(parts.pools.system, (sql) =>
        judgeRollout(sql, tenantId, data, {
          now: new Date(parts.now()),
          judgedAt: new Date(occurredAt),
        }),
      ),
  });
