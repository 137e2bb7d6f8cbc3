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

/** Newest first, below `beforeId` when given. */
export const listLetters = async (
  sql: Sql,
  tenantId: string,
  wanted: { kind: LetterKind; beforeId: number | null; limit: number },
): Promise<Letter[]> => {
  const { rows } = await sql.query<Letter>(
    `SELECT ${columns[wanted.kind]} FROM ${tables[wanted.kind]}
      WHERE tenant_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [tenantId, wanted.beforeId, wanted.limit],
  );
  return rows;
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
