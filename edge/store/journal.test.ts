/** The journal over a real SQLite file in memory: what it keeps of releases. */
import type { Release } from '@signalbeam/sync/core/manifest';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { containerManifest, release as released } from '../core/world.fixture.ts';
import { journalTables, openJournal } from './journal.ts';

const release = (version: string): Release => released(version, [containerManifest('web', 'web')]);
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const openFresh = () => {
  const db = new Database(':memory:');
  db.exec(journalTables);
  return openJournal(db);
};

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
