/**
 * What could not be taken, as a tenant's admins see it: frames and rows of its devices (`ingest`), and
 * events that a consumer gave up on (`events`). Read through row security; a letter ends in one
 * transaction with what is done about it and its line in the audit log.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';

export const letterKinds = ['ingest', 'events'] as const;
export type LetterKind = (typeof letterKinds)[number];
export type LetterId = { kind: LetterKind; id: number };

export const parseLetterId = (text: string): LetterId | null => {
  const [, kind, id] = /^(ingest|events)-([1-9]\d{0,15})$/.exec(text) ?? [];
  return kind === undefined ? null : { kind: kind as LetterKind, id: Number(id) };
};
export const letterIdText = ({ kind, id }: LetterId): string => `${kind}-${id}`;

export type Letter = {
  id: number;
  at: Date;
  subject: string;
  code: string;
  reason: string;
  bytes: number;
  /** Of `ingest`: of which device, and which row when it is one. */
  device_id: string | null;
  lane: string | null;
  epoch: string | null;
  seq: number | null;
  /** Of `events`: who gave up, after how many attempts. */
  consumer: string | null;
  deliveries: number | null;
};
export type WholeLetter = Letter & { payload: Buffer };

const columns: Record<LetterKind, string> = {
  ingest: `id, at, subject, code, reason, octet_length(payload) AS bytes, device_id, lane, epoch, seq,
           NULL::text AS consumer, NULL::integer AS deliveries`,
  events: `id, at, subject, 'event-given-up' AS code, left(reason, 500) AS reason,
           octet_length(payload) AS bytes, NULL::uuid AS device_id, NULL::text AS lane,
           NULL::text AS epoch, NULL::bigint AS seq, consumer, deliveries`,
};
const tables: Record<LetterKind, string> = {
  ingest: 'telemetry.dead_letters',
  events: 'platform.dead_letters',
};

/** Why it is one: what refused it, or who gave up on it. */
const causes: Record<LetterKind, string> = { ingest: 'code', events: 'consumer' };

/** Newest first, below `beforeId` when given. */
export const listLetters = async (
  sql: Sql,
  tenantId: string,
  wanted: { kind: LetterKind; cause: string | null; beforeId: number | null; limit: number },
): Promise<Letter[]> => {
  const { kind, cause, beforeId, limit } = wanted;
  const ofCause = cause === null ? '' : `AND ${causes[kind]} = $4`;
  const { rows } = await sql.query<Letter>(
    `SELECT ${columns[kind]} FROM ${tables[kind]}
      WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2) ${ofCause} ORDER BY id DESC LIMIT $3`,
    [tenantId, beforeId, limit, ...(cause === null ? [] : [cause])],
  );
  return rows;
};

export const countedMax = 10_000;
export type LettersOfCause = { cause: string; letters: number; oldestAt: Date; newestAt: Date };

/** By cause, those with most first; of the newest `countedMax`. */
export const countLetters = async (
  sql: Sql,
  tenantId: string,
  kind: LetterKind,
): Promise<LettersOfCause[]> => {
  const { rows } = await sql.query<LettersOfCause>(
    `SELECT cause, count(*)::integer AS letters, min(at) AS "oldestAt", max(at) AS "newestAt"
       FROM (SELECT ${causes[kind]} AS cause, at FROM ${tables[kind]}
              WHERE tenant_id = $1 ORDER BY id DESC LIMIT ${countedMax}) newest
      GROUP BY cause ORDER BY letters DESC, cause LIMIT 100`,
    [tenantId],
  );
  return rows;
};

type Several = { kind: LetterKind; cause: string; afterId: number; upToId: number };

/** In the order in which they came, so that what is tried again comes in that order, too. */
export const lettersOf = async (
  sql: Sql,
  tenantId: string,
  { kind, cause, afterId, upToId }: Several,
  limit: number,
): Promise<number[]> => {
  const { rows } = await sql.query<{ id: number }>(
    `SELECT id FROM ${tables[kind]}
      WHERE tenant_id = $1 AND ${causes[kind]} = $2 AND id > $3 AND id <= $4 ORDER BY id LIMIT $5`,
    [tenantId, cause, afterId, upToId, limit],
  );
  return rows.map(({ id }) => id);
};

/** The newest of a cause when somebody begins: what comes meanwhile is not meant. 0 without any. */
export const newestLetter = async (
  sql: Sql,
  tenantId: string,
  kind: LetterKind,
  cause: string,
): Promise<number> => {
  const { rows } = await sql.query<{ id: number }>(
    `SELECT id FROM ${tables[kind]} WHERE tenant_id = $1 AND ${causes[kind]} = $2
      ORDER BY id DESC LIMIT 1`,
    [tenantId, cause],
  );
  return rows[0]?.id ?? 0;
};

/** Those of them that are still there, thrown away. */
export const discardLetters = async (
  sql: Sql,
  tenantId: string,
  kind: LetterKind,
  ids: readonly number[],
): Promise<number[]> => {
  const { rows } = await sql.query<{ id: number }>(
    `DELETE FROM ${tables[kind]} WHERE tenant_id = $1 AND id = ANY($2::bigint[]) RETURNING id`,
    [tenantId, ids],
  );
  return rows.map(({ id }) => id).sort((a, b) => a - b);
};

export const readLetter = async (
  sql: Sql,
  tenantId: string,
  { kind, id }: LetterId,
): Promise<WholeLetter | null> => {
  const { rows } = await sql.query<WholeLetter>(
    `SELECT ${columns[kind]}, payload FROM ${tables[kind]} WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id],
  );
  return rows[0] ?? null;
};

/** Takes it, so that nobody else does anything about it; null when somebody did. */
export const takeLetter = async (
  sql: Sql,
  tenantId: string,
  { kind, id }: LetterId,
): Promise<WholeLetter | null> => {
  const { rows } = await sql.query<WholeLetter>(
    `DELETE FROM ${tables[kind]} WHERE tenant_id = $1 AND id = $2
     RETURNING ${columns[kind]}, payload`,
    [tenantId, id],
  );
  return rows[0] ?? null;
};
