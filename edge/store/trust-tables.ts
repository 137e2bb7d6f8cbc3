/**
 * What the device believes, on disk: the facts as one document and the newest bytes of each record.
 * A second copy of the facts is a file beside the database, so that a database that is damaged or
 * restored from an old copy does not take the anti-rollback floors with it: the higher floors count.
 */
import { join } from 'node:path';
import { FleetError } from '@signalbeam/sync/core/errors';
import { type RecordName, recordNameOf } from '@signalbeam/sync/core/records';
import type { Trust } from '@signalbeam/sync/core/trust';
import { mergeTrust } from '@signalbeam/sync/core/trust-merge';
import { parseJson, siteName, uuid } from '@signalbeam/sync/wire/shape';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { readJsonFile, writeJsonFile } from './files.ts';

export const trustTables = `
  CREATE TABLE trust (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    facts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE records (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    received_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** A carried record is one that this program does not act on: verified, and kept for the others. */
export const carriedRecords = 'ALTER TABLE records ADD COLUMN carried INTEGER NOT NULL DEFAULT 0';

/** Each root that was believed, so that others can walk from theirs to the newest. */
export const rootChain = `
  CREATE TABLE roots (
    version  INTEGER PRIMARY KEY,
    envelope BLOB NOT NULL
  ) STRICT;
  INSERT INTO roots SELECT version, envelope FROM records WHERE name = 'tenant/root' AND carried = 0;
`;
/** Members, floors of 2,000 records and revocations: 300 KB at the most. */
const factsBytesMax = 1024 * 1024;
/** Far more than a tenant makes in a decade; the newest stay. */
export const rootsHeldMax = 64;

const name = z.string().transform((text, context): RecordName => {
  const found = recordNameOf(text);
  if (found !== null) return found;
  context.addIssue({ code: 'custom', message: 'no record is called so' });
  return z.NEVER;
});
const key = z.strictObject({ keyId: z.string(), publicKey: z.string() });
const version = z.int().min(0);
const mapOf = <K, V>(of: z.ZodType<K>, value: z.ZodType<V>) =>
  z.array(z.tuple([of, value])).transform((list): ReadonlyMap<K, V> => new Map(list as [K, V][]));
const entries = <V>(value: z.ZodType<V>) => mapOf(name, value);
const byText = <V>(value: z.ZodType<V>) => mapOf(z.string(), value);
const ofRoles = <V extends z.ZodType>(value: V) =>
  z.strictObject({ release: value, director: value, ingest: value, membership: value });
const said = z.strictObject({ atMs: z.number(), keyIds: z.array(z.string()) }).optional();

const factsSchema = z.strictObject({
  /** Counts commits: of two copies of one timeline the higher one is the newer. */
  serial: z.int().min(0),
  site: siteName,
  tenantId: uuid,
  root: z.strictObject({
    version,
    threshold: z.int().min(1),
    keys: z.array(key),
    expiresAtMs: z.number().nullable(),
  }),
  keyset: z
    .strictObject({ version, roles: ofRoles(z.array(key)), thresholds: ofRoles(z.int().min(1)) })
    .nullable(),
  snapshot: z.strictObject({ expiresAtMs: z.number(), versions: entries(version) }).nullable(),
  floors: entries(z.strictObject({ version, digest: z.string(), keyIds: z.array(z.string()) })),
  time: z.strictObject({
    builtAtMs: z.number(),
    said: z.strictObject({
      root: said,
      release: said,
      director: said,
      ingest: said,
      membership: said,
    }),
  }),
  members: byText(z.string()),
  siteKeyGeneration: version,
  revoked: z.array(z.string()).transform((list) => new Set(list)),
  grants: byText(
    z.strictObject({
      site: siteName,
      key,
      may: z.array(z.string()),
      expiresAtMs: z.number(),
      revoked: z.boolean(),
    }),
  ),
});

export type StoredTrust = { serial: number; site: string; trust: Trust };

const plain = (_key: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : value;

const textOf = ({ serial, site, trust }: StoredTrust): string =>
  JSON.stringify({ serial, site, ...trust }, plain);

const storedOf = ({ serial, site, ...facts }: z.infer<typeof factsSchema>): StoredTrust => {
  const said = Object.fromEntries(
    Object.entries(facts.time.said).filter(([, each]) => each !== undefined),
  );
  return { serial, site, trust: { ...facts, time: { ...facts.time, said } } };
};

const fileIn = (folder: string): string => join(folder, 'trust.json');

/** What the store of trust keeps its facts in, and their second copy. */
export type TrustTables = {
  /** What the two copies believe together; null when there is none. */
  read(): StoredTrust | null;
  /** All that `work` writes, or nothing of it. */
  together(work: () => void): void;
  write(stored: StoredTrust): void;
  /** The second copy, after the commit; throws when it can't be written. */
  copy(stored: StoredTrust): void;
  record(of: RecordName): HeldRecord | null;
  writeRecord(record: HeldRecord, at: number): void;
  versions(): ReadonlyMap<RecordName, number>;
  root(version: number): Uint8Array | null;
  writeRoot(version: number, envelope: Uint8Array): void;
  count(): number;
  dropCarried(): void;
  dropSiteRecords(): void;
};

export const openTrustTables = (db: Database, folder: string): TrustTables => ({
  read: () => readTrust(db, folder),
  together: (work) => db.transaction(work)(),
  write: (stored) => writeTrust(db, stored),
  copy: (stored) => copyTrust(folder, stored),
  record: (of) => readRecord(db, of),
  writeRecord: (record, at) => writeRecord(db, record, at),
  versions: () => recordVersions(db),
  root: (version) => readRoot(db, version),
  writeRoot: (version, envelope) => writeRoot(db, version, envelope),
  count: () => countRecords(db),
  dropCarried: () => dropCarried(db),
  dropSiteRecords: () => dropSiteRecords(db),
});

/**
 * What both copies together believe; null when there is none. One that is damaged is passed over for
 * the other; when none can be read, the device does not go on as if it had believed nothing.
 */
export const readTrust = (db: Database, folder: string): StoredTrust | null => {
  const row = db.prepare<[], { facts: string }>('SELECT facts FROM trust').get();
  const read = row === undefined ? null : parseJson(row.facts, factsSchema, factsBytesMax);
  const kept = read?.kind === 'parsed' ? storedOf(read.value) : null;
  let copy: StoredTrust | null = null;
  try {
    copy = readTrustCopy(folder);
  } catch (cause) {
    if (kept === null) throw cause;
  }
  if (read?.kind === 'refused' && copy === null) throw damagedFacts(read.reason);
  return joinCopies(kept, copy);
};

/**
 * Commits are counted on each timeline by itself, so of a disk and a database that were restored to
 * different days the higher count may be of the older facts: they are joined by what was signed. Of
 * two sites or tenants there is nothing to join; the later one counts.
 */
export const joinCopies = (
  kept: StoredTrust | null,
  copy: StoredTrust | null,
): StoredTrust | null => {
  if (kept === null || copy === null) return kept ?? copy;
  const [later, other] = copy.serial > kept.serial ? [copy, kept] : [kept, copy];
  if (later.site !== other.site || later.trust.tenantId !== other.trust.tenantId) return later;
  return { ...later, trust: mergeTrust(later.trust, other.trust) };
};

/** The copy beside the database: the same facts, one commit behind at most. */
export const readTrustCopy = (folder: string): StoredTrust | null => {
  const facts = readJsonFile(fileIn(folder), factsSchema);
  return facts === null ? null : storedOf(facts);
};

const damagedFacts = (reason: string): FleetError =>
  new FleetError(
    'file-damaged',
    `What this device trusts is damaged, in its database and beside it: ${reason}. The agent did not start.`,
    {
      next: 'Restore the state folder from a backup, or move it away and register the device again.',
    },
  );

const writeTrust = (db: Database, stored: StoredTrust): void => {
  db.prepare(
    'INSERT INTO trust VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET facts = excluded.facts',
  ).run(textOf(stored));
};

/** After the commit: the copy may be one behind, never ahead of what was committed. */
const copyTrust = (folder: string, stored: StoredTrust): void =>
  writeJsonFile(fileIn(folder), JSON.parse(textOf(stored)));

export type HeldRecord = {
  name: RecordName;
  version: number;
  envelope: Uint8Array;
  carried: boolean;
};

const writeRecord = (db: Database, record: HeldRecord, at: number): void => {
  db.prepare(
    `INSERT INTO records (name, version, envelope, received_at, carried) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version, envelope = excluded.envelope,
       received_at = excluded.received_at, carried = excluded.carried`,
  ).run(record.name, record.version, Buffer.from(record.envelope), at, record.carried ? 1 : 0);
};

const readRecord = (db: Database, of: RecordName): HeldRecord | null => {
  const row = db
    .prepare<[string], { version: number; envelope: Buffer; carried: number }>(
      'SELECT version, envelope, carried FROM records WHERE name = ?',
    )
    .get(of);
  return row === undefined ? null : { ...row, name: of, carried: row.carried === 1 };
};

const readRoot = (db: Database, version: number): Uint8Array | null =>
  db
    .prepare<[number], Buffer>('SELECT envelope FROM roots WHERE version = ?')
    .pluck()
    .get(version) ?? null;

const writeRoot = (db: Database, version: number, envelope: Uint8Array): void => {
  db.prepare('INSERT OR REPLACE INTO roots VALUES (?, ?)').run(version, Buffer.from(envelope));
  db.prepare('DELETE FROM roots WHERE version <= ?').run(version - rootsHeldMax);
};

/** Keys changed: what was carried may be signed by one that was withdrawn. It comes again. */
const dropCarried = (db: Database): void => {
  db.prepare('DELETE FROM records WHERE carried = 1').run();
};

const recordVersions = (db: Database): Map<RecordName, number> => {
  const rows = db
    .prepare<[], { name: string; version: number }>('SELECT name, version FROM records')
    .all();
  const named = rows.map((row) => [recordNameOf(row.name), row.version] as const);
  return new Map(named.filter((entry): entry is [RecordName, number] => entry[0] !== null));
};

const countRecords = (db: Database): number =>
  db.prepare<[], number>('SELECT count(*) FROM records').pluck().get() ?? 0;

/** Records of the site that was left: its members' business no longer concerns this device. */
const dropSiteRecords = (db: Database): void => {
  db.prepare(
    `DELETE FROM records WHERE name NOT LIKE 'tenant/%' AND name NOT LIKE 'device/%'`,
  ).run();
};
