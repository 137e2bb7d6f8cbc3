/**
 * A rollout as the API shows it: its record, its waves, counts, and the planners' sentence.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { addProgress, emptyProgress, type Progress } from '../core/rollout.ts';
import { sayWaiting } from '../core/rollout-words.ts';
import type { Gate, WaveSize } from '../core/wave.ts';
import { planWaves, type WaveWait } from '../core/wave-plan.ts';
import { type Meeting, meetingsOf } from '../store/rollout-meetings.ts';
import {
  findRollout,
  firstOpenRows,
  type OpenRow,
  type RolloutRecord,
} from '../store/rollout-views.ts';
import { type CountUnreached, type StoredWave, wavesOf } from '../store/rollout-waves.ts';
import { namesOf } from '../store/wave-evidence.ts';

export type WaveView = {
  name: string;
  size: WaveSize;
  gate: Gate;
  state: 'waiting' | 'open' | 'passed';
  openedAt: string | null;
  /** Since when its gate has been good. */
  goodSince: string | null;
  passedAt: string | null;
  passedBy: string | null;
  late: number;
  approvals: string[];
  progress: Progress;
  /** What was seen of its devices, where its gate asks for it. */
  evidence: { well: number; unwell: number; alerts: number } | null;
};

export type RolloutView = Omit<RolloutRecord, 'paceWaits' | 'approvalByAnother'> & {
  progress: Progress;
  waiting: string;
  /** Whose approval it waits for; null while it does not. */
  awaitsApproval: 'any-person' | 'another-person' | null;
  /** Older ones of the bundle that were under way on its devices, and newer ones that are told there since. */
  overtakes: Meeting[];
  overtakenBy: Meeting[];
  waves: WaveView[];
};

const isoOf = (atMs: number | null): string | null =>
  atMs === null ? null : new Date(atMs).toISOString();

const waveView = (wave: StoredWave): WaveView => ({
  name: wave.name,
  size: wave.size,
  gate: wave.gate,
  state: wave.state,
  openedAt: isoOf(wave.openedAtMs),
  goodSince: isoOf(wave.goodSinceMs),
  passedAt: wave.passedAt,
  passedBy: wave.passedBy,
  late: wave.late,
  approvals: [...wave.approvals],
  progress: wave.counts,
  evidence:
    wave.evidence === null
      ? null
      : { well: wave.evidence.well, unwell: wave.evidence.unwell, alerts: wave.evidence.alerts },
});

type Names = Awaited<ReturnType<typeof namesOf>>;

/** Who or what keeps the gate shut that it waits for. */
const lackingOf = (wait: WaveWait, names: Names): string[] => {
  const evidence = 'wave' in wait ? wait.wave.evidence : null;
  if (evidence === null) return [];
  if (wait.kind === 'alerts') return evidence.alertIds.flatMap((id) => names.alerts.get(id) ?? []);
  if (wait.kind !== 'health') return [];
  return evidence.lacking.flatMap(({ deviceId, score }) => {
    const name = names.devices.get(deviceId);
    if (name === undefined) return [];
    return [score === null ? `${name} has none since it confirmed` : `${name} has ${score}`];
  });
};

/** What is said of a wave names its devices, not stragglers of others. */
const isAbout = ({ wave }: OpenRow, wait: WaveWait): boolean =>
  wait.kind !== 'devices' || wait.wave.wave === wave;

/** Seven statements at most, whatever the number of rollouts and devices. */
export const viewRollouts = async (
  sql: Sql,
  tenantId: string,
  rollouts: readonly RolloutRecord[],
  nowMs: number,
  unreached: 'apart' | CountUnreached = 'apart',
): Promise<RolloutView[]> => {
  if (rollouts.length === 0) return [];
  const ids = rollouts.map(({ id }) => id);
  const waves = await wavesOf(sql, tenantId, ids, unreached);
  const rows = await firstOpenRows(sql, tenantId, ids);
  const evidence = [...waves.values()].flat().flatMap((wave) => wave.evidence ?? []);
  const names = await namesOf(sql, tenantId, evidence);
  const meetings = await meetingsOf(sql, tenantId, ids);
  return rollouts.map(({ paceWaits, approvalByAnother, ...rollout }) => {
    const own = waves.get(rollout.id) ?? [];
    const progress = own.reduce((sum, { counts }) => addProgress(sum, counts), emptyProgress);
    const startAtMs = rollout.startsAt === null ? null : Date.parse(rollout.startsAt);
    // Steps that have become possible are for the loop to run, not for a look.
    const { waiting: wait } = planWaves(
      { rollout: { ...rollout, approvalByAnother, startAtMs }, waves: own },
      nowMs,
    );
    const open = (rows.get(rollout.id) ?? []).filter((row) => isAbout(row, wait));
    const lacking = lackingOf(wait, names);
    const toRetry = own.reduce((sum, wave) => sum + wave.toRetry, 0);
    const known = { rollout, waves: own, wait, paceWaits, lacking, rows: open, progress, toRetry };
    return {
      ...rollout,
      progress,
      waiting: sayWaiting(known, nowMs),
      awaitsApproval:
        wait.kind === 'approval' ? (wait.byAnother ? 'another-person' : 'any-person') : null,
      overtakes: meetings.get(rollout.id)?.overtakes ?? [],
      overtakenBy: meetings.get(rollout.id)?.overtakenBy ?? [],
      waves: own.map(waveView),
    };
  });
};

export const viewRollout = async (
  sql: Sql,
  tenantId: string,
  id: string,
  nowMs: number,
  unreached: 'apart' | CountUnreached = 'apart',
): Promise<RolloutView | null> => {
  const rollout = await findRollout(sql, tenantId, id);
  if (rollout === null) return null;
  return (await viewRollouts(sql, tenantId, [rollout], nowMs, unreached))[0] ?? null;
};
