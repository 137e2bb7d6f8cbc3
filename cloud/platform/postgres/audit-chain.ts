/**
 * Makes tampering with the audit log show. Each line gets the next position of its tenant and a hash
 * over the hash before it and all that the line says, keyed by what is not in the database: who
 * changes, removes or swaps lines there cannot mend the chain. Lines are chained in the background,
 * a second or so after their change, so that no change waits for another; before that, and for the
 * end of the chain cut off whole, only a head noted elsewhere tells. Not a lock: it shows, it does
 * not prevent.
 */
import { createHmac } from 'node:crypto';
import type { Kek } from '../keys/kek.ts';
import type { Pool, Sql } from './pool.ts';
import { transaction } from './transaction.ts';

/** Memory of one step, and how long it holds its locks. */
const batchMax = 1_000;
const lockKey = 0x73626163;

type Line = {
  id: number;
  tenant_id: string;
  at: string;
  actor: string;
  action: string;
  target: string;
  before: string | null;
  after: string | null;
  ip: string | null;
  request_id: string | null;
};

// As text: what Postgres prints is what is hashed, so no detour through numbers or dates of ours.
const lineColumns = `a.id, a.tenant_id, a.actor, a.action, a.target, a.before::text, a.after::text,
  a.ip, a.request_id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS at`;

const hashOf = (key: Buffer, previous: Uint8Array, position: number, line: Line): Buffer => {
  const { id, tenant_id, at, actor, action, target, before, after, ip, request_id } = line;
  const said = [position, id, tenant_id, at, actor, action, target, before, after, ip, request_id];
  return createHmac('sha256', key).update(previous).update(JSON.stringify(said)).digest();
};

export const chainKey = (kek: Kek): Buffer => kek.derive('signalbeam audit chain 1');

export type ChainHead = { position: number; hash: Buffer };
const start: ChainHead = { position: 0, hash: Buffer.alloc(32) };

const headsOf = async (sql: Sql, tenantIds: readonly string[]): Promise<Map<string, ChainHead>> => {
  const { rows } = await sql.query<ChainHead & { tenant_id: string }>(
    `SELECT t.id AS tenant_id, head.position, head.hash
       FROM unnest($1::uuid[]) AS t (id)
      CROSS JOIN LATERAL (
        SELECT position, hash FROM platform.audit_chain c
         WHERE c.tenant_id = t.id ORDER BY position DESC LIMIT 1) head`,
    [tenantIds],
  );
  return new Map(rows.map(({ tenant_id, position, hash }) => [tenant_id, { position, hash }]));
};

/** Chains lines that wait, of all tenants; returns how many. One replica at a time. */
const chainBatch = (pool: Pool, key: Buffer): Promise<number> =>
  transaction(pool, async (sql) => {
    const lock = await sql.query<{ held: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS held',
      [lockKey],
    );
    if (lock.rows[0]?.held !== true) return 0;
    const { rows } = await sql.query<Line>(
      `SELECT ${lineColumns}
         FROM (SELECT entry_id FROM platform.audit_unchained ORDER BY entry_id LIMIT $1) w
         JOIN platform.audit_log a ON a.id = w.entry_id
        ORDER BY a.id`,
      [batchMax],
    );
    if (rows.length === 0) return 0;
    const heads = await headsOf(sql, [...new Set(rows.map((row) => row.tenant_id))]);
    const links = rows.map((line) => {
      const previous = heads.get(line.tenant_id) ?? start;
      const position = previous.position + 1;
      const hash = hashOf(key, previous.hash, position, line);
      heads.set(line.tenant_id, { position, hash });
      return { tenantId: line.tenant_id, position, id: line.id, hash };
    });
    await sql.query(
      `INSERT INTO platform.audit_chain (tenant_id, position, entry_id, hash)
       SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[])`,
      [
        links.map(({ tenantId }) => tenantId),
        links.map(({ position }) => position),
        links.map(({ id }) => id),
        links.map(({ hash }) => hash),
      ],
    );
    await sql.query('DELETE FROM platform.audit_unchained WHERE entry_id = ANY ($1)', [
      links.map(({ id }) => id),
    ]);
    return links.length;
  });

export const chainAudit = async (pool: Pool, key: Buffer): Promise<number> => {
  for (let total = 0; ; ) {
    const count = await chainBatch(pool, key);
    total += count;
    if (count < batchMax) return total;
  }
};

export type ChainFault = {
  kind: /** The line is not what was chained, or not in this place. */
    | 'changed'
    /** A line that was chained is gone. */
    | 'removed'
    /** A link of the chain itself is gone. */
    | 'unlinked'
    /** A line that no change wrote: in the log, and neither chained nor waiting. */
    | 'inserted';
  position: number | null;
  entryId: number | null;
};

export type ChainCheck = {
  checked: number;
  faults: ChainFault[];
  /** Where to go on; null at the end of the chain. */
  next: number | null;
  /** The last link; to be noted elsewhere and given as `known` another time. */
  head: { position: number; hash: string } | null;
};

type Link = { position: number; entry_id: number; hash: Buffer } & (
  | Line
  | { [column in keyof Line]: null }
);

const isThere = (link: Link): link is Link & Line => link.id !== null;

const readLinks = async (sql: Sql, tenantId: string, from: number, limit: number) => {
  const { rows } = await sql.query<Link>(
    `SELECT c.position, c.entry_id, c.hash, ${lineColumns}
       FROM platform.audit_chain c
       LEFT JOIN platform.audit_log a ON a.id = c.entry_id AND a.tenant_id = c.tenant_id
      WHERE c.tenant_id = $1 AND c.position >= $2 ORDER BY c.position LIMIT $3`,
    [tenantId, from, limit],
  );
  return rows;
};

/** Lines between two of the chain that are in no chain; their ids have no gap to hide in. */
const readInserted = async (
  sql: Sql,
  tenantId: string,
  between: { after: number; upTo: number | null },
): Promise<number[]> => {
  const { rows } = await sql.query<{ id: number }>(
    `SELECT a.id FROM platform.audit_log a
      WHERE a.tenant_id = $1 AND a.id > $2 AND ($3::bigint IS NULL OR a.id <= $3)
        AND NOT EXISTS (SELECT 1 FROM platform.audit_chain c WHERE c.entry_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM platform.audit_unchained w WHERE w.entry_id = a.id)
      ORDER BY a.id LIMIT 100`,
    [tenantId, between.after, between.upTo],
  );
  return rows.map(({ id }) => id);
};

const judge = (key: Buffer, before: ChainHead, links: readonly Link[]): ChainFault[] => {
  let previous = before;
  return links.flatMap((link) => {
    const faults: ChainFault[] = [];
    const { position, entry_id: entryId, hash } = link;
    for (let gone = previous.position + 1; gone < position && faults.length < 100; gone += 1) {
      faults.push({ kind: 'unlinked', position: gone, entryId: null });
    }
    const cut = faults.length > 0;
    if (!isThere(link)) faults.push({ kind: 'removed', position, entryId });
    // Behind a missing link nothing can be said of the next line: its hash covers what is gone.
    else if (!cut && !hashOf(key, previous.hash, position, link).equals(hash)) {
      faults.push({ kind: 'changed', position, entryId });
    }
    previous = { position, hash };
    return faults;
  });
};

/** Checks a stretch of a tenant's chain, in a transaction that sees its rows. */
export const checkChain = async (
  sql: Sql,
  key: Buffer,
  asked: { tenantId: string; from: number; limit: number },
): Promise<ChainCheck> => {
  const { tenantId, from, limit } = asked;
  const [before] = from > 1 ? await readLinks(sql, tenantId, from - 1, 1) : [];
  const links = await readLinks(sql, tenantId, from, limit + 1);
  const stretch = links.slice(0, limit);
  const isLast = links.length <= limit;
  const previous =
    before?.position === from - 1 ? before : from === 1 ? start : { ...start, position: from - 1 };
  const faults = judge(key, previous, stretch);
  const upTo = isLast ? null : (stretch.at(-1)?.entry_id ?? null);
  const after = from === 1 ? 0 : (before?.entry_id ?? 0);
  const inserted = await readInserted(sql, tenantId, { after, upTo });
  const head = (await headsOf(sql, [tenantId])).get(tenantId);
  return {
    checked: stretch.length,
    faults: [
      ...faults,
      ...inserted.map((entryId): ChainFault => ({ kind: 'inserted', position: null, entryId })),
    ],
    next: isLast ? null : (stretch.at(-1)?.position ?? 0) + 1,
    head: head === undefined ? null : { position: head.position, hash: head.hash.toString('hex') },
  };
};

/** Whether a head that was noted elsewhere is still in the chain, at its place. */
export const holdsHead = async (
  sql: Sql,
  tenantId: string,
  known: { position: number; hash: string },
): Promise<boolean> => {
  const [link] = await readLinks(sql, tenantId, known.position, 1);
  return link?.position === known.position && link.hash.toString('hex') === known.hash;
};
