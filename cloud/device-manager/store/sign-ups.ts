/**
 * Sign-ups as rows: who asked, which mails wait, and which link made a tenant. Of no tenant yet; for
 * a role that sees all. What is counted is counted under one lock, so that a thousand who ask at once
 * are counted one by one.
 */
import { onlyRow, type Sql } from '@signalbeam/platform/postgres/pool';
import type { Asked } from '../core/sign-up.ts';

/** A proxy may say anything. */
const clientOf = (ip: string | null): string => (ip ?? 'unknown').slice(0, 64);

const lock = `SELECT pg_advisory_xact_lock(hashtextextended('sign-ups', 0))`;

export const countAsked = async (
  sql: Sql,
  who: { email: string; ip: string | null },
  since: { hour: Date; day: Date },
): Promise<Asked> => {
  await sql.query(lock);
  return onlyRow(
    await sql.query<Asked>(
      `SELECT count(*) FILTER (WHERE lower(email) = lower($1) AND created_at > $3)::integer
                AS "ofAddress",
              count(*) FILTER (WHERE ip = $2)::integer AS "ofClient",
              count(*)::integer AS "ofAll"
         FROM device_manager.sign_ups WHERE created_at > $4`,
      [who.email, clientOf(who.ip), since.hour, since.day],
    ),
  );
};

export type NewSignUp = {
  id: string;
  email: string;
  secretHash: Buffer;
  ip: string | null;
  createdAt: Date;
  expiresAt: Date;
  /** Null: it is sent none. */
  mailDueAt: Date | null;
};

export const insertSignUp = async (sql: Sql, given: NewSignUp): Promise<void> => {
  const { id, email, secretHash, ip, createdAt, expiresAt, mailDueAt } = given;
  await sql.query(
    `INSERT INTO device_manager.sign_ups
       (id, email, secret_hash, ip, created_at, expires_at, mail_due_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, email, secretHash, clientOf(ip), createdAt, expiresAt, mailDueAt],
  );
};

export type DueMail = { id: string; email: string; tries: number; isKnown: boolean };

/** The mail that is due the longest, for one replica until `until`. */
export const claimMail = async (sql: Sql, now: Date, until: Date): Promise<DueMail | null> => {
  const { rows } = await sql.query<DueMail>(
    `UPDATE device_manager.sign_ups SET mail_due_at = $2, tries = tries + 1
      WHERE id = (SELECT id FROM device_manager.sign_ups
                   WHERE mail_due_at <= $1 AND expires_at > $1
                   ORDER BY mail_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id, email, tries,
        EXISTS (SELECT 1 FROM device_manager.users u WHERE lower(u.email) = lower(sign_ups.email))
          AS "isKnown"`,
    [now, until],
  );
  return rows[0] ?? null;
};

/** Null: sent, or given up. */
export const setMailDue = async (sql: Sql, id: string, at: Date | null): Promise<void> => {
  await sql.query('UPDATE device_manager.sign_ups SET mail_due_at = $2 WHERE id = $1', [id, at]);
};

/** Takes a link: of two who come at once, one gets it. */
export const takeSignUp = async (
  sql: Sql,
  secretHash: Buffer,
  now: Date,
): Promise<{ id: string; email: string } | null> => {
  const { rows } = await sql.query<{ id: string; email: string }>(
    `UPDATE device_manager.sign_ups SET used_at = $2, mail_due_at = NULL
      WHERE secret_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING id, email`,
    [secretHash, now],
  );
  return rows[0] ?? null;
};

export const countTaken = async (sql: Sql, since: Date): Promise<number> => {
  await sql.query(lock);
  const counted = await sql.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM device_manager.sign_ups WHERE used_at > $1',
    [since],
  );
  return onlyRow(counted).count;
};

export const sweepSignUps = async (sql: Sql, before: Date): Promise<number> => {
  const { rowCount } = await sql.query(
    'DELETE FROM device_manager.sign_ups WHERE expires_at < $1 AND created_at < $1',
    [before],
  );
  return rowCount ?? 0;
};
