/**
 * A tenant's roots and key sets as signed records. The cloud makes the first root by itself, marked
 * *development*, and signs key sets while that is the root in force; afterwards they come signed
 * from outside and are judged as a device would judge them. Rows are only ever added.
 */
import type { Role } from '@signalbeam/sync/core/records';
import type { Trust } from '@signalbeam/sync/core/trust';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import type { Root } from '@signalbeam/sync/wire/record-schemas';
import { type Keyset, payloadTypes, thresholdOne } from '@signalbeam/sync/wire/records';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import type { Sql } from '../postgres/pool.ts';
import type { RoleKey } from './role-keys.ts';

export type SignedRecord<T> = { version: number; envelope: Buffer; value: T };
export type TenantRecords = { root: SignedRecord<Root>; keyset: SignedRecord<Keyset> };

/** Five years: a root is replaced by hand. */
const rootLifeMs = 5 * 365 * 86_400_000;
/** 1 was the key set of before there were records of it; devices may hold that one. */
const firstKeysetVersion = 2;

const trusted = ({ keyId, publicKey }: Signer) => ({ keyId, publicKey });

export const developmentRoot = (tenantId: string, root: Signer, nowMs: number): Root => ({
  tenantId,
  version: 1,
  issuedAt: new Date(nowMs).toISOString(),
  expiresAt: new Date(nowMs + rootLifeMs).toISOString(),
  development: true,
  threshold: 1,
  keys: [trusted(root)],
});

/** What a key set should say now: every key that is not withdrawn, newest first. */
export const wantedKeyset = (
  tenantId: string,
  keys: readonly RoleKey[],
  at: { version: number; nowMs: number; thresholds?: Keyset['thresholds'] },
): Keyset => {
  const of = (role: Role) =>
    keys
      .filter((key) => key.role === role && !key.withdrawn)
      .toSorted((left, right) => right.generation - left.generation)
      .slice(0, 8)
      .map(({ signer }) => trusted(signer));
  return {
    tenantId,
    version: at.version,
    issuedAt: new Date(at.nowMs).toISOString(),
    roles: {
      release: of('release'),
      director: of('director'),
      ingest: of('ingest'),
      membership: of('membership'),
    },
    thresholds: at.thresholds ?? thresholdOne,
  };
};

const newest = async (sql: Sql, tenantId: string, name: 'root' | 'keyset') => {
  const { rows } = await sql.query<{ version: number; envelope: Buffer }>(
    `SELECT version, envelope FROM platform.tenant_records
      WHERE tenant_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1`,
    [tenantId, name],
  );
  return rows[0] ?? null;
};

/** The roots that follow `version`, oldest first: a device that was away walks all of them. */
export const rootsAfter = async (
  sql: Sql,
  tenantId: string,
  version: number,
  limit: number,
): Promise<Buffer[]> => {
  const { rows } = await sql.query<{ envelope: Buffer }>(
    `SELECT envelope FROM platform.tenant_records
      WHERE tenant_id = $1 AND name = 'root' AND version > $2 ORDER BY version LIMIT $3`,
    [tenantId, version, limit],
  );
  return rows.map(({ envelope }) => envelope);
};

export const insertTenantRecord = async (
  sql: Sql,
  record: { tenantId: string; name: 'root' | 'keyset'; version: number; envelope: Uint8Array },
): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `INSERT INTO platform.tenant_records (tenant_id, name, version, envelope)
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [record.tenantId, record.name, record.version, Buffer.from(record.envelope)],
  );
  return rowCount === 1;
};

const damaged = (tenantId: string, reason: string): Error =>
  new Error(`the stored root or key set of ${tenantId} does not verify: ${reason}`);

/** What a device that pins the newest root believes, and the two records. Null before the first. */
export const readTenantTrust = async (
  sql: Sql,
  tenantId: string,
): Promise<{ trust: Trust; records: TenantRecords } | null> => {
  const root = await newest(sql, tenantId, 'root');
  const keyset = await newest(sql, tenantId, 'keyset');
  if (root === null || keyset === null) return null;
  const pinned = pinRoot(root.envelope, 0);
  if (pinned.kind === 'refused') throw damaged(tenantId, pinned.reason);
  const offered = offerRecord(pinned.trust, '', 'tenant/keyset', keyset.envelope);
  if (offered.kind !== 'accepted' || offered.record.kind !== 'keyset') {
    throw damaged(tenantId, offered.kind === 'refused' ? offered.reason : 'unexpected');
  }
  return {
    trust: offered.trust,
    records: {
      root: { ...root, value: pinned.root },
      keyset: { ...keyset, value: offered.record.value },
    },
  };
};

/** True while the cloud's own key is the whole root: then it signs key sets by itself. */
export const holdsRoot = ({ root }: TenantRecords, own: Signer): boolean =>
  root.value.threshold === 1 && root.value.keys.some(({ keyId }) => keyId === own.keyId);

/** Makes the first root and key set unless they exist; another replica may be first. */
export const ensureTenantRecords = async (
  sql: Sql,
  tenant: { tenantId: string; root: Signer; keys: readonly RoleKey[]; nowMs: number },
): Promise<TenantRecords> => {
  const { tenantId, root, keys, nowMs } = tenant;
  const present = await readTenantTrust(sql, tenantId);
  if (present !== null) return present.records;
  const first = sealRecord(payloadTypes.root, developmentRoot(tenantId, root, nowMs), [root]);
  await insertTenantRecord(sql, { tenantId, name: 'root', version: 1, envelope: first });
  const version = firstKeysetVersion;
  const keyset = wantedKeyset(tenantId, keys, { version, nowMs });
  const envelope = sealRecord(payloadTypes.keyset, keyset, [root]);
  await insertTenantRecord(sql, { tenantId, name: 'keyset', version, envelope });
  const made = await readTenantTrust(sql, tenantId);
  if (made === null) throw damaged(tenantId, 'it is gone');
  return made.records;
};
