/**
 * Notes how devices authenticate: successes and refusals, counted per device, hour, kind of
 * credential and outcome, and written every few seconds in one statement. A hostile flood makes
 * counts larger, never the table or this memory: what does not fit is counted as dropped. A process
 * that dies takes the last few seconds with it. Only attempts that name a device are noted; others
 * are in the metric.
 *
 *   device_manager.device_authentications (tenant_id, device_id, hour, method, outcome, …)
 *   device_manager.api_keys (last_used_at)
 */
import type { Logger } from '../logging/log.ts';
import type { Pool } from '../postgres/pool.ts';
import { transaction } from '../postgres/transaction.ts';

export type Method = 'signature' | 'api-key' | 'certificate';
export type Outcome =
  | 'accepted'
  | 'invalid'
  | 'expired'
  | 'revoked'
  /** Proven, and turned away by a person, or gone. */
  | 'rejected'
  | 'removed';

export type Attempt = {
  tenantId: string;
  deviceId: string;
  method: Method;
  outcome: Outcome;
  /** The API key that was shown and fits. */
  apiKeyId?: string;
  ip: string | null;
  userAgent: string | null;
};
export type NoteAttempt = (attempt: Attempt) => void;

type Counted = Attempt & { hourMs: number; attempts: number; firstAtMs: number; lastAtMs: number };

const hourMs = 3_600_000;
const flushIntervalMs = 5_000;
/** Some 300 bytes each. */
const countedMax = 20_000;
const userAgentLengthMax = 200;

/** Pure bookkeeping: counts, and gives up what it counted. */
export const createAttemptCounts = (max = countedMax) => {
  let counts = new Map<string, Counted>();
  let used = new Map<string, number>();
  let dropped = 0;
  return {
    note: (attempt: Attempt, nowMs: number): void => {
      const hour = Math.floor(nowMs / hourMs) * hourMs;
      const key = [attempt.deviceId, hour, attempt.method, attempt.outcome].join(' ');
      const { apiKeyId, ip } = attempt;
      if (apiKeyId !== undefined && (used.has(apiKeyId) || used.size < max)) {
        used.set(apiKeyId, nowMs);
      }
      const userAgent = attempt.userAgent?.slice(0, userAgentLengthMax) ?? null;
      const known = counts.get(key);
      if (known !== undefined) {
        Object.assign(known, { ip, userAgent, lastAtMs: nowMs });
        known.attempts += 1;
      } else if (counts.size < max) {
        const at = { hourMs: hour, attempts: 1, firstAtMs: nowMs, lastAtMs: nowMs };
        counts.set(key, { ...attempt, userAgent, ...at });
      } else dropped += 1;
    },
    take: () => {
      const taken = { counts: [...counts.values()], used: [...used], dropped };
      counts = new Map();
      used = new Map();
      dropped = 0;
      return taken;
    },
  };
};

type Taken = ReturnType<ReturnType<typeof createAttemptCounts>['take']>;

/** In the order of the key, so that two replicas that write the same rows do not wait in a circle. */
const write = (pool: Pool, { counts, used }: Taken): Promise<void> =>
  transaction(pool, async (sql) => {
    if (counts.length > 0) {
      await sql.query(
        `INSERT INTO device_manager.device_authentications AS present
           (tenant_id, device_id, hour, method, outcome, attempts, first_at, last_at, ip, user_agent)
         SELECT n.* FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[],
                                $6::bigint[], $7::timestamptz[], $8::timestamptz[], $9::text[],
                                $10::text[])
             AS n (tenant_id, device_id, hour, method, outcome, attempts, first_at, last_at, ip,
                   user_agent)
          ORDER BY device_id, hour, method, outcome
         ON CONFLICT (device_id, hour, method, outcome) DO UPDATE SET
           attempts = present.attempts + excluded.attempts,
           first_at = least(present.first_at, excluded.first_at),
           last_at = greatest(present.last_at, excluded.last_at),
           ip = excluded.ip, user_agent = excluded.user_agent`,
        [
          counts.map(({ tenantId }) => tenantId),
          counts.map(({ deviceId }) => deviceId),
          counts.map(({ hourMs: hour }) => new Date(hour)),
          counts.map(({ method }) => method),
          counts.map(({ outcome }) => outcome),
          counts.map(({ attempts }) => attempts),
          counts.map(({ firstAtMs }) => new Date(firstAtMs)),
          counts.map(({ lastAtMs }) => new Date(lastAtMs)),
          counts.map(({ ip }) => ip),
          counts.map(({ userAgent }) => userAgent),
        ],
      );
    }
    if (used.length > 0) {
      await sql.query(
        `UPDATE device_manager.api_keys k SET last_used_at = n.at
           FROM (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at)
                  ORDER BY id) n
          WHERE k.id = n.id AND (k.last_used_at IS NULL OR k.last_used_at < n.at)`,
        [used.map(([id]) => id), used.map(([, atMs]) => new Date(atMs))],
      );
    }
  });

export type AttemptLog = {
  note: NoteAttempt;
  /** Writes what was counted so far. */
  flush: () => Promise<void>;
  stop: () => Promise<void>;
};

/** Over a pool with the role `sb_system`. */
export const startAttemptLog = (parts: {
  pool: Pool;
  log: Logger;
  now: () => number;
}): AttemptLog => {
  const counts = createAttemptCounts();
  let writing: Promise<void> = Promise.resolve();
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      const taken = counts.take();
      if (taken.dropped > 0) {
        parts.log.warn({ dropped: taken.dropped }, 'more attempts than can be noted');
      }
      if (taken.counts.length + taken.used.length === 0) return;
      await write(parts.pool, taken).catch((error) => {
        parts.log.warn({ error }, 'attempts of devices could not be noted');
      });
    });
    return writing;
  };
  const timer = setInterval(() => void flush(), flushIntervalMs);
  timer.unref();
  return {
    note: (attempt) => counts.note(attempt, parts.now()),
    flush,
    stop: async () => {
      clearInterval(timer);
      await flush();
    },
  };
};
