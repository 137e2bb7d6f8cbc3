/** The journal over a real SQLite file in memory: what it keeps of releases, and what it makes of damaged rows. */
import type { Release } from '@signalbeam/sync/core/manifest';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { containerManifest, release as released } from '../core/world.fixture.ts';
import { journalTables, openJournal } from './journal.ts';

const release = (version: string): Release => released(version, [containerManifest('web', 'web')]);
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const openDatabase = () => {
  const db = new Database(':memory:');
  db.exec(journalTables);
  return { db, journal: openJournal(db) };
};
const openFresh = () => openDatabase().journal;

/** With SIGNALBEAM_FULL=1 many. */
const numRuns = process.env['SIGNALBEAM_FULL'] === '1' ? 5_000 : 150;

test('a release is parsed once and stays the same object', () => {
  const journal = openFresh();
  journal.saveRelease(digest('a'), release('1.0.0'));
  const first = journal.releases().get(digest('a'));
  journal.saveRelease(digest('b'), release('1.1.0'));
  expect(journal.releases().get(digest('a'))).toBe(first);
  expect([...journal.releases().keys()]).toEqual([digest('a'), digest('b')]);
});

test('a release that no slot names any more is forgotten, and may come again', () => {
  const journal = openFresh();
  journal.saveRelease(digest('a'), release('1.0.0'));
  journal.releases();
  journal.keepReleases(new Set());
  expect(journal.releases().size).toBe(0);
  journal.saveRelease(digest('a'), release('1.0.0'));
  expect(journal.releases().get(digest('a'))?.version).toBe('1.0.0');
});

test('a release whose commit was undone is not there', () => {
  const journal = openFresh();
  const undone = () =>
    journal.together(() => {
      journal.saveRelease(digest('a'), release('1.0.0'));
      journal.releases();
      throw new Error('the disk is full');
    });
  expect(undone).toThrow('the disk is full');
  expect(journal.releases().size).toBe(0);
});

const damage = (
  content: string,
  put: (mutant: Uint8Array) => void,
  read: () => unknown,
): number => {
  let refused = 0;
  fc.assert(
    fc.property(mutantsOf([Buffer.from(content)]), (mutant) => {
      put(mutant);
      try {
        read();
      } catch (cause) {
        expect(cause).toMatchObject({ code: 'file-damaged' });
        refused += 1;
      }
    }),
    { numRuns },
  );
  return refused;
};

// SQLite holds any bytes as text: what a worn flash gives back, too.
test('a damaged release is refused by its code, and an agent goes on', () => {
  const { db, journal } = openDatabase();
  journal.saveRelease(digest('a'), release('1.0.0'));
  const update = db.prepare('UPDATE releases SET content = CAST(? AS TEXT)');
  const refused = damage(
    JSON.stringify(release('1.0.0')),
    (mutant) => update.run(Buffer.from(mutant)),
    () => expect(openJournal(db).releases().size).toBe(1),
  );
  expect(refused).toBeGreaterThan(0);
});

test('a damaged slot is refused by its code, and an agent goes on', () => {
  const { db, journal } = openDatabase();
  const bundleId = '00000000-0000-4000-8000-0000000000b1';
  const confirmed = { version: '1.0.0', releaseDigest: digest('a') };
  const slot = { bundleId, bundleName: 'web', wanted: null, confirmed, previous: null };
  journal.saveSlot({ ...slot, update: null, failed: null });
  const content = db.prepare('SELECT content FROM slots').pluck().get() as string;
  const update = db.prepare('UPDATE slots SET content = CAST(? AS TEXT)');
  const refused = damage(
    content,
    (mutant) => update.run(Buffer.from(mutant)),
    () => expect(journal.slots()).toHaveLength(1),
  );
  expect(refused).toBeGreaterThan(0);
});
