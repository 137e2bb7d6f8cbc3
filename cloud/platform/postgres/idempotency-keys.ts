/**
 * The rows behind Idempotency-Key. One attempt at a time holds a key; one that died without a trace
 * loses it after a while, one whose change was committed never does: `committed_at` is written in
 * the transaction of the change itself, so the two can't disagree.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from '../logging/log.ts';
import type { CommitMark } from './commit-mark.ts';
import { onlyRow, type Pool, type Sql } from './pool.ts';

export type IdempotencyKey = { tenantId: string; caller: string; key: string };

/** Held on to while it is worked on; a dead process loses it after this long. */
export const heldMs = 5_000;
export const keptMs = 24 * 3600 * 1000;
const sweepMs = 10 * 60_000;

type Row = { request: Buffer; answer: Buffer | null; held_until: Date };

export type Claimed =
  | { kind: 'claimed'; claim: string }
  | { kind: 'taken'; request: Buffer; answer: Buffer | null; isHeld: boolean };

/** Takes the key, or says what is there. */
export const claimKey = async (
  system: Sql,
  of: IdempotencyKey,
  request: Buffer,
  nowMs: number,
): Promise<Claimed> => {
  const claim = randomUUID();
  const at = (ms: number): Date => new Date(nowMs + ms);
  const { rowCount } = await system.query(
    `INSERT INTO platform.idempotency_keys AS k
       (tenant_id, caller, key, claim, held_until, request, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (tenant_id, caller, key) DO UPDATE
       SET claim = EXCLUDED.claim, held_until = EXCLUDED.held_until, request = EXCLUDED.request,
           expires_at = EXCLUDED.expires_at, committed_at = NULL, answer = NULL
       WHERE k.expires_at <= $8 OR (k.committed_at IS NULL AND k.answer IS NULL AND k.held_until <= $8)`,
    [of.tenantId, of.caller, of.key, claim, at(heldMs), request, at(keptMs), at(0)],
  );
  if (rowCount === 1) return { kind: 'claimed', claim };
  const { rows } = await system.query<Row>(
    `SELECT request, answer, held_until FROM platform.idempotency_keys
      WHERE tenant_id = $1 AND caller = $2 AND key = $3`,
    [of.tenantId, of.caller, of.key],
  );
  const [row] = rows;
  // Given up between the two statements: it is free now.
  if (row === undefined) return claimKey(system, of, request, nowMs);
  const isHeld = row.held_until.getTime() > nowMs;
  return { kind: 'taken', request: row.request, answer: row.answer, isHeld };
};

const where = 'tenant_id = $1 AND caller = $2 AND key = $3 AND claim = $4';
const valuesOf = (of: IdempotencyKey, claim: string) => [of.tenantId, of.caller, of.key, claim];

/** Says that the attempt still lives. One that comes too late finds its change undone by `markUsed`. */
export const holdKey = async (
  system: Sql,
  of: IdempotencyKey,
  claim: string,
  nowMs: number,
): Promise<void> => {
  await system.query(`UPDATE platform.idempotency_keys SET held_until = $5 WHERE ${where}`, [
    ...valuesOf(of, claim),
    new Date(nowMs + heldMs),
  ]);
};

/** Says in a transaction that wrote something that the key is used up; undoes one that lost it. */
export const markUsed =
  (of: IdempotencyKey, claim: string): CommitMark =>
  async (sql) => {
    const { wrote } = onlyRow(
      await sql.query<{ wrote: boolean }>(
        'SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS wrote',
      ),
    );
    if (!wrote) return;
    const { rowCount } = await sql.query(
      `UPDATE platform.idempotency_keys SET committed_at = coalesce(committed_at, now()) WHERE ${where}`,
      valuesOf(of, claim),
    );
    if (rowCount !== 1) throw new Error('another attempt took the idempotency key over');
  };

export const keepAnswer = async (
  system: Sql,
  of: IdempotencyKey,
  claim: string,
  answer: Buffer,
): Promise<void> => {
  await system.query(`UPDATE platform.idempotency_keys SET answer = $5 WHERE ${where}`, [
    ...valuesOf(of, claim),
    answer,
  ]);
};

/** Frees a key whose request changed nothing; returns whether it was free to be freed. */
export const releaseKey = async (
  system: Sql,
  of: IdempotencyKey,
  claim: string,
): Promise<boolean> => {
  const { rowCount } = await system.query(
    `DELETE FROM platform.idempotency_keys WHERE ${where} AND committed_at IS NULL`,
    valuesOf(of, claim),
  );
  return rowCount === 1;
};

/** Deletes what expired, now and then. */
export const sweepIdempotencyKeys = (options: {
  system: Pool;
  log: Logger;
  now: () => number;
}): { sweep: () => Promise<void>; stop: () => void } => {
  const { system, log, now } = options;
  const sweep = async (): Promise<void> => {
    await system
      .query('DELETE FROM platform.idempotency_keys WHERE expires_at <= $1', [new Date(now())])
      .catch((error) => log.warn({ error }, 'old idempotency keys were not deleted'));
  };
  const timer = setInterval(() => void sweep(), sweepMs);
  return { sweep, stop: () => clearInterval(timer) };
};
