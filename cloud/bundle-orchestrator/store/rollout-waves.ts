/**
 * The waves of rollouts in Postgres. How many devices of a wave are in which state is kept by the
 * statement that moves them (a trigger), so that a look at a rollout of a hundred thousand devices
 * reads one row per wave.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { emptyProgress, type Progress, type RowStatus } from '../core/rollout.ts';
import type { SeenUnreached } from '../core/unreached.ts';
import { type Gate, openGate, type WaveSize, type WaveWish } from '../core/wave.ts';
import type { Evidence } from '../core/wave-evidence.ts';
import type { WaveState } from '../core/wave-plan.ts';

export type StoredWave = WaveState & {
  size: WaveSize;
  passedAt: string | null;
  passedBy: string | null;
  /** Up to which place of the seeded order it reaches. */
  lastPlace: number;
  /** Of its devices, those that joined when it was passed already. */
  late: number;
  /** Of its planned devices, those that failed and are to try again, but are not next to be told yet. */
  toRetry: number;
  /** How many were not heard of when that was last asked. */
  seenUnreached: SeenUnreached | null;
};

export type NewWave = WaveWish & { lastPlace: number };

export const insertWaves = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
  waves: readonly NewWave[],
): Promise<void> => {
  await sql.query(
    `INSERT INTO bundle_orchestrator.rollout_waves (tenant_id, rollout_id, wave, name, size, gate, last_place)
     SELECT $1, $2, * FROM unnest($3::int[], $4::text[], $5::jsonb[], $6::jsonb[], $7::bigint[])`,
    [
      rollout.tenantId,
      rollout.rolloutId,
      waves.map((_, wave) => wave),
      waves.map(({ name }) => name),
      waves.map(({ size }) => JSON.stringify(size)),
      waves.map(({ gate }) => JSON.stringify(gate)),
      waves.map(({ lastPlace }) => lastPlace),
    ],
  );
};

type Row = {
  rollout_id: string;
  wave: number;
  name: string;
  size: WaveSize;
  gate: Gate;
  state: WaveState['state'];
  opened_at: Date | null;
  good_since: Date | null;
  timed_from: Date | null;
  passed_at: Date | null;
  passed_by: string | null;
  approvals: string[];
  accepted_failed: number;
  last_place: number;
  late: number;
  to_retry: number;
  unreached: number | null;
  unreached_at: Date | null;
  evidence: Evidence | null;
} & Record<
  | 'planned'
  | 'pending'
  | 'in_progress'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'rolling_back'
  | 'rolled_back',
  number
>;

/** Who failed and is to try again is planned, also before its row says so. */
const countsOf = (row: Row, toRetry: number): Progress => {
  const parts = {
    planned: row.planned + toRetry,
    pending: row.pending,
    inProgress: row.in_progress,
    succeeded: row.succeeded,
    failed: row.failed - toRetry,
    cancelled: row.cancelled,
    rollingBack: row.rolling_back,
    rolledBack: row.rolled_back,
  };
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { ...emptyProgress, ...parts, total };
};

const unasked = {
  healthScoreMin: openGate.healthScoreMin,
  alertFreeFrom: openGate.alertFreeFrom,
  timeoutMs: openGate.timeoutMs,
};

const seenOf = ({ unreached, unreached_at }: Row): SeenUnreached | null =>
  unreached === null || unreached_at === null
    ? null
    : { devices: unreached, atMs: unreached_at.getTime() };

const waveOf = (row: Row): StoredWave => {
  const toRetry = Math.min(row.to_retry, row.failed);
  return {
    wave: row.wave,
    name: row.name,
    size: row.size,
    // Older gates lack what was not asked for then.
    gate: { ...unasked, ...row.gate },
    state: row.state,
    openedAtMs: row.opened_at?.getTime() ?? null,
    goodSinceMs: row.good_since?.getTime() ?? null,
    timedFromMs: row.timed_from?.getTime() ?? null,
    passedAt: row.passed_at?.toISOString() ?? null,
    passedBy: row.passed_by,
    lastPlace: row.last_place,
    late: row.late,
    approvals: row.approvals,
    acceptedFailed: Math.max(0, row.accepted_failed - toRetry),
    toRetry,
    seenUnreached: seenOf(row),
    counts: countsOf(row, toRetry),
    evidence: row.evidence,
  };
};

export type Unreached = { rollout_id: string; wave: number; status: RowStatus; count: number };
/** `waitedFor`: of each rollout, how many devices it waits for. */
export type CountUnreached = (
  sql: Sql,
  tenantId: string,
  waitedFor: ReadonlyMap<string, number>,
) => Promise<Unreached[]>;

/**
 * How many of those that a wave waits for are not heard of, by what they would be counted as. Wave by
 * wave: in the first minute of a large rollout Postgres knows nothing of its rows, and would read them all.
 */
export const countUnreached: CountUnreached = async (sql, tenantId, waitedFor) => {
  const { rows } = await sql.query<Unreached>(
    `SELECT wave.rollout_id, wave.wave, turn.status, silent.count
       FROM bundle_orchestrator.rollout_waves wave
      CROSS JOIN LATERAL (VALUES ('pending', wave.pending), ('in-progress', wave.in_progress),
                                 ('rolling-back', wave.rolling_back)) AS turn (status, devices)
      CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM bundle_orchestrator.rollout_devices member
         WHERE member.tenant_id = $1 AND member.rollout_id = wave.rollout_id
           AND member.status = turn.status AND member.wave = wave.wave
           AND member.status IN ('pending', 'in-progress', 'rolling-back')
           AND NOT EXISTS (
             SELECT 1 FROM telemetry.public_presence presence
              WHERE presence.tenant_id = $1 AND presence.device_id = member.device_id
                AND presence.presence = 'online')) silent
      WHERE wave.tenant_id = $1 AND wave.rollout_id = ANY ($2)
        AND turn.devices > 0 AND silent.count > 0`,
    [tenantId, [...waitedFor.keys()]],
  );
  return rows;
};

const shownAs = { pending: 'pending', 'in-progress': 'inProgress' } as const;

/** At most those who are in that state by now: they may have been counted a moment ago. */
const apart = (counts: Progress, status: RowStatus, count: number): Progress => {
  const state = status === 'pending' || status === 'in-progress' ? shownAs[status] : 'rollingBack';
  const some = Math.min(count, counts[state]);
  return { ...counts, [state]: counts[state] - some, unreached: counts.unreached + some };
};

const waitedForIn = (rows: readonly Row[]): Map<string, number> => {
  const waitedFor = new Map<string, number>();
  for (const { rollout_id, pending, in_progress, rolling_back } of rows) {
    const devices = (waitedFor.get(rollout_id) ?? 0) + pending + in_progress + rolling_back;
    if (devices > 0) waitedFor.set(rollout_id, devices);
  }
  return waitedFor;
};

/**
 * The waves of each rollout in their order. `unreached: 'apart'` asks for everybody's presence, which
 * costs a look at each device that is waited for, and a way of counting asks by that; otherwise those
 * count as what they were told.
 */
export const wavesOf = async (
  sql: Sql,
  tenantId: string,
  rolloutIds: readonly string[],
  unreached: 'apart' | 'among' | CountUnreached,
): Promise<Map<string, StoredWave[]>> => {
  const { rows } = await sql.query<Row>(
    `SELECT rollout_id, wave, name, size, gate, state, opened_at, good_since, timed_from, passed_at, passed_by,
            approvals, accepted_failed, last_place, late, to_retry, unreached, unreached_at, planned, pending, in_progress, succeeded, failed, cancelled, rolling_back,
            rolled_back, evidence
       FROM bundle_orchestrator.rollout_waves
      WHERE tenant_id = $1 AND rollout_id = ANY ($2) ORDER BY rollout_id, wave`,
    [tenantId, rolloutIds],
  );
  const count = unreached === 'apart' ? countUnreached : unreached;
  const waitedFor = waitedForIn(rows);
  const silent =
    count === 'among' || waitedFor.size === 0 ? [] : await count(sql, tenantId, waitedFor);
  const found = new Map<string, StoredWave[]>();
  for (const row of rows) {
    const wave = waveOf(row);
    const counts = silent
      .filter((one) => one.rollout_id === row.rollout_id && one.wave === row.wave)
      .reduce((sum, { status, count }) => apart(sum, status, count), wave.counts);
    found.set(row.rollout_id, [...(found.get(row.rollout_id) ?? []), { ...wave, counts }]);
  }
  return found;
};

type WaveAt = { tenantId: string; rolloutId: string; wave: number };

export const openWave = async (sql: Sql, at: WaveAt, nowMs: number): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET state = 'open', opened_at = $4
      WHERE tenant_id = $1 AND rollout_id = $2 AND wave = $3 AND state = 'waiting'`,
    [at.tenantId, at.rolloutId, at.wave, new Date(nowMs)],
  );
};

export const setGoodSince = async (sql: Sql, at: WaveAt, sinceMs: number | null): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET good_since = $4
      WHERE tenant_id = $1 AND rollout_id = $2 AND wave = $3`,
    [at.tenantId, at.rolloutId, at.wave, sinceMs === null ? null : new Date(sinceMs)],
  );
};

/** `by`: who let it pass although its gate was not good; null when it was. */
export const passWave = async (
  sql: Sql,
  at: WaveAt,
  nowMs: number,
  by: string | null,
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET state = 'passed', passed_at = $4, passed_by = $5
      WHERE tenant_id = $1 AND rollout_id = $2 AND wave = $3 AND state = 'open'`,
    [at.tenantId, at.rolloutId, at.wave, new Date(nowMs), by],
  );
};

/** Once per person. */
export const approveWave = async (sql: Sql, at: WaveAt, by: string): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET approvals = approvals || $4::text
      WHERE tenant_id = $1 AND rollout_id = $2 AND wave = $3 AND NOT ($4 = ANY (approvals))`,
    [at.tenantId, at.rolloutId, at.wave, by],
  );
};

/** The failures so far are not held against its waves again. */
export const acceptFailures = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET accepted_failed = failed
      WHERE tenant_id = $1 AND rollout_id = $2 AND accepted_failed <> failed`,
    [rollout.tenantId, rollout.rolloutId],
  );
};

/** A person lets it go on: a wave at work has its time anew. */
export const timeAnew = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; nowMs: number },
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves SET timed_from = $3
      WHERE tenant_id = $1 AND rollout_id = $2 AND state = 'open'`,
    [rollout.tenantId, rollout.rolloutId, new Date(rollout.nowMs)],
  );
};

/** For the looks of the next while. */
export const keepUnreached = async (
  sql: Sql,
  rollout: { tenantId: string; rolloutId: string; nowMs: number },
  waves: readonly { wave: number; devices: number }[],
): Promise<void> => {
  await sql.query(
    `UPDATE bundle_orchestrator.rollout_waves present
        SET unreached = seen.devices, unreached_at = $3
       FROM unnest($4::int[], $5::bigint[]) AS seen (wave, devices)
      WHERE present.tenant_id = $1 AND present.rollout_id = $2 AND present.wave = seen.wave`,
    [
      rollout.tenantId,
      rollout.rolloutId,
      new Date(rollout.nowMs),
      waves.map(({ wave }) => wave),
      waves.map(({ devices }) => devices),
    ],
  );
};
