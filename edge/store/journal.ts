/**
 * What the reconciler decided and where it stands, in `state.db`: slots, the releases they name,
 * images this agent fetched, and each step before it runs. Commits are durable when they return
 * (FULL), so after a power cut the newest decision stands. It decides nothing.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Release } from '@signalbeam/sync/core/manifest';
import { bundleVersion, releaseSchema } from '@signalbeam/sync/wire/manifest';
import { desiredSlot, sealedSecrets } from '@signalbeam/sync/wire/records';
import { digest, uuid } from '@signalbeam/sync/wire/shape';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { SlotKnown } from '../core/known.ts';
import { readDesired, type StoredDesired, writeDesired } from './desired.ts';

/** Rows of step history kept: weeks of ordinary life, a few hundred kilobytes. */
const historyRowsMax = 500;

export const journalTables = `
  CREATE TABLE slots (
    bundle_id TEXT PRIMARY KEY,
    content TEXT NOT NULL
  ) STRICT;
  CREATE TABLE releases (
    digest TEXT PRIMARY KEY,
    content TEXT NOT NULL
  ) STRICT;
  CREATE TABLE owned_images (
    source TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    fetched_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    bundle_id TEXT NOT NULL,
    step TEXT NOT NULL,
    outcome TEXT NOT NULL
  ) STRICT;
`;

/** Secrets stay as they came, sealed: no value is ever in this file. */
const slotVersion = z.strictObject({
  version: bundleVersion,
  releaseDigest: digest,
  secrets: sealedSecrets.optional(),
});
const failure = z.strictObject({ reason: z.string(), logTail: z.array(z.string()) });

const slotSchema = z.strictObject({
  bundleId: uuid,
  bundleName: z.string(),
  wanted: desiredSlot.nullable(),
  confirmed: slotVersion.nullable(),
  previous: slotVersion.nullable(),
  update: z
    .strictObject({
      target: slotVersion,
      rolloutId: uuid.nullable(),
      requestedGeneration: z.int(),
      phase: z.enum(['prepare', 'swap', 'probe', 'restore']),
      phaseStartedAt: z.number(),
      healthySince: z.number().nullable(),
      probeFailures: z.number(),
      lastProbeAt: z.number().nullable(),
      lastTrouble: z.strictObject({ container: z.string(), reason: z.string() }).nullable(),
      failure: failure.nullable(),
    })
    .nullable(),
  failed: failure
    .extend({ target: slotVersion, requestedGeneration: z.int(), rolloutId: uuid.nullable() })
    .nullable(),
});

/** Null for what a worn disk gives back. */
const parsed = <T>(schema: z.ZodType<T>, text: string): T | null => {
  try {
    const read = schema.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
};

/** What it says is not known any more: nothing is started, stopped or pruned by the rest of it. */
const damaged = (what: string): never => {
  throw new FleetError('file-damaged', `What state.db holds of ${what} is damaged.`, {
    next: 'What runs goes on. Stop the agent, move state.db* away and start it: what is wanted comes again.',
  });
};

export type JournalEntry = { at: number; bundleId: string; step: string; outcome: string };

export type Journal = {
  /** The desired state in force; its generation is the floor. */
  desired(): StoredDesired | null;
  /** Keeps it only when its generation is higher; true when it was kept. */
  keepDesired(desired: StoredDesired): void;
  slots(): SlotKnown[];
  saveSlot(slot: SlotKnown): void;
  forgetSlot(bundleId: string): void;
  releases(): Map<string, Release>;
  saveRelease(releaseDigest: string, release: Release): void;
  /** Forgets releases that no slot names. */
  keepReleases(digests: ReadonlySet<string>): void;
  ownImage(source: string, imageDigest: string, now: number): void;
  ownedImages(): { source: string; digest: string }[];
  disownImage(source: string): void;
  /** Records a step before it runs; the returned id takes its outcome. */
  begin(bundleId: string, step: string, now: number): number;
  finish(id: number, outcome: string): void;
  history(limit: number): JournalEntry[];
  /** Runs `work` as one durable commit. */
  together<T>(work: () => T): T;
};

export const openJournal = (db: Database): Journal => {
  const rows = <T>(sql: string, ...values: unknown[]) =>
    db.prepare<unknown[], T>(sql).all(...values);
  const run = (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values);
  const finishStep = db.prepare('UPDATE journal SET outcome = ? WHERE id = ?');
  const beginStep = db.prepare(
    "INSERT INTO journal (at, bundle_id, step, outcome) VALUES (?, ?, ?, 'begun')",
  );
  /** What a digest names never changes, so each release is parsed once and stays the same object. */
  let opened = new Map<string, Release>();
  const readRelease = (releaseDigest: string): Release => {
    const [row] = rows<{ content: string }>(
      'SELECT content FROM releases WHERE digest = ?',
      releaseDigest,
    );
    return parsed(releaseSchema, row?.content ?? 'null') ?? damaged(`release ${releaseDigest}`);
  };
  return {
    desired: () => readDesired(db),
    keepDesired: (desired) => writeDesired(db, desired),
    slots: () =>
      rows<{ bundleId: string; content: string }>(
        'SELECT bundle_id AS bundleId, content FROM slots ORDER BY bundle_id',
      ).map(
        ({ bundleId, content }) => parsed(slotSchema, content) ?? damaged(`bundle ${bundleId}`),
      ),
    saveSlot: (slot) => {
      run(
        'INSERT INTO slots VALUES (?, ?) ON CONFLICT (bundle_id) DO UPDATE SET content = excluded.content',
        slot.bundleId,
        JSON.stringify(slot),
      );
    },
    forgetSlot: (bundleId) => {
      run('DELETE FROM slots WHERE bundle_id = ?', bundleId);
    },
    releases: () => {
      const digests = rows<{ digest: string }>('SELECT digest FROM releases').map(
        (row) => row.digest,
      );
      opened = new Map(digests.map((each) => [each, opened.get(each) ?? readRelease(each)]));
      return new Map(opened);
    },
    saveRelease: (releaseDigest, release) => {
      run('INSERT OR REPLACE INTO releases VALUES (?, ?)', releaseDigest, JSON.stringify(release));
    },
    keepReleases: (digests) => {
      for (const row of rows<{ digest: string }>('SELECT digest FROM releases')) {
        if (!digests.has(row.digest)) run('DELETE FROM releases WHERE digest = ?', row.digest);
      }
    },
    ownImage: (source, imageDigest, now) => {
      run('INSERT OR REPLACE INTO owned_images VALUES (?, ?, ?)', source, imageDigest, now);
    },
    ownedImages: () =>
      rows<{ source: string; digest: string }>('SELECT source, digest FROM owned_images'),
    disownImage: (source) => {
      run('DELETE FROM owned_images WHERE source = ?', source);
    },
    begin: (bundleId, step, now) => {
      const id = Number(beginStep.run(now, bundleId, step).lastInsertRowid);
      if (id % 100 === 0) run('DELETE FROM journal WHERE id <= ?', id - historyRowsMax);
      return id;
    },
    finish: (id, outcome) => {
      finishStep.run(outcome.slice(0, 500), id);
    },
    history: (limit) =>
      rows<{ at: number; bundle_id: string; step: string; outcome: string }>(
        'SELECT at, bundle_id, step, outcome FROM journal ORDER BY id DESC LIMIT ?',
        limit,
      ).map(({ bundle_id: bundleId, ...entry }) => ({ bundleId, ...entry })),
    together: (work) => db.transaction(work).immediate(),
  };
};
