/**
 * What a round of probes means for an update: healthy so far, not yet, or once more bad. The
 * verdict needs consecutive failures after the start period, and to confirm a soak that probes saw
 * from its first moment to its last: time in which nobody looked (the agent or its engine was away,
 * the clock was set) is none of it. Pure.
 */
import type { ContainerManifest, HealthCheck } from '@signalbeam/sync/core/manifest';
import type { Update } from './known.ts';

export type Check = Omit<HealthCheck, 'probe'> & {
  name: string;
  probe: HealthCheck['probe'] | null;
};

/** Without a health check: it has to stay up for five seconds. */
const staysUp = {
  intervalMs: 1_000,
  timeoutMs: 1_000,
  retries: 3,
  startPeriodMs: 0,
  soakMs: 5_000,
  probe: null,
};

export const checkOf = (container: ContainerManifest): Check => ({
  name: container.name,
  ...(container.healthCheck ?? staysUp),
});

export const probeIntervalMs = (checks: readonly Check[]): number =>
  Math.min(...checks.map((check) => check.intervalMs), 5_000);

export const soakMs = (checks: readonly Check[]): number =>
  Math.max(...checks.map((check) => check.soakMs), 0);

export type ProbeResult =
  | { container: string; kind: 'healthy' }
  /** `final` when waiting can't help: it ended, or it keeps crashing. */
  | { container: string; kind: 'unhealthy'; reason: string; final: boolean };

/** Null for a time that has not come yet: the clock that gave it has been set back since. */
export const past = (at: number | null, now: number): number | null =>
  at !== null && at <= now ? at : null;

/** A round and the time its probes may take are ordinary; the rest is a slow engine or machine. */
const unwatchedMsMax = 30_000;

const isWatched = (update: Update, checks: readonly Check[], now: number): boolean => {
  const lastProbeAt = past(update.lastProbeAt, now);
  const roundMs = probeIntervalMs(checks) + Math.max(...checks.map((each) => each.timeoutMs), 0);
  return lastProbeAt !== null && now - lastProbeAt <= roundMs + unwatchedMsMax;
};

/** The update after one round. */
export const judgeProbes = (
  update: Update,
  checks: readonly Check[],
  results: readonly ProbeResult[],
  now: number,
): Update => {
  const bad = results.filter((result) => result.kind === 'unhealthy');
  const worst = bad.find((result) => result.final) ?? bad[0];
  if (worst === undefined) {
    return {
      ...update,
      lastProbeAt: now,
      healthySince: (isWatched(update, checks, now) ? past(update.healthySince, now) : null) ?? now,
      probeFailures: 0,
      lastTrouble: null,
    };
  }
  const check = checks.find(({ name }) => name === worst.container);
  const begunMs = now - update.phaseStartedAt;
  const starting = begunMs >= 0 && begunMs < (check?.startPeriodMs ?? 0);
  const failures = worst.final
    ? Number.MAX_SAFE_INTEGER
    : starting
      ? 0
      : Math.min(update.probeFailures + 1, Number.MAX_SAFE_INTEGER);
  return {
    ...update,
    lastProbeAt: now,
    healthySince: null,
    probeFailures: failures,
    lastTrouble: { container: worst.container, reason: worst.reason },
  };
};
