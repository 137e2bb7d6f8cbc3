import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stateMigrations } from './migrations.ts';
import { assertDurable, openStore, reserveRoom } from './open.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (check = true) =>
  openStore({
    path: join(folder, 'state.db'),
    migrations: stateMigrations,
    pageBytes: 4_096,
    check,
    now: () => 0,
  });

test('FULL holds after a reopen, where the library alone would give NORMAL', () => {
  open().database.close();
  const plain = new Database(join(folder, 'state.db'));
  expect(plain.pragma('synchronous', { simple: true })).toBe(1);
  expect(() => assertDurable(plain)).toThrow('not durable');
  plain.close();
  const { database, setAside } = open();
  expect(setAside).toBeNull();
  expect(() => assertDurable(database)).not.toThrow();
  database.close();
});

test('a whole log is as long as it gets before the first commit, and no part of the database', () => {
  const { database } = openStore({
    path: join(folder, 'queue.db'),
    migrations: [{ name: '0001-notes', sql: 'CREATE TABLE notes (x INTEGER) STRICT' }],
    pageBytes: 1_024,
    exclusive: true,
    wholeLog: true,
    check: false,
    now: () => 0,
  });
  const log = () => statSync(join(folder, 'queue.db-wal')).size;
  const before = log();
  expect(before).toBeGreaterThan(400 * 1_024);
  const insert = database.prepare('INSERT INTO notes VALUES (?)');
  for (let x = 0; x < 1_000; x += 1) insert.run(x);
  expect(log()).toBe(before);
  expect(() => assertDurable(database)).not.toThrow();
  database.close();
  const again = new Database(join(folder, 'queue.db'));
  expect(again.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(again.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(1_000);
  expect(again.prepare("SELECT name FROM sqlite_schema WHERE name = 'padding'").all()).toEqual([]);
  again.close();
});

test('migrations run once, in order, also when new ones are appended', () => {
  open().database.close();
  const more = [
    ...stateMigrations,
    { name: '9999-more', sql: 'CREATE TABLE more (x INTEGER) STRICT' },
  ];
  const again = openStore({
    path: join(folder, 'state.db'),
    migrations: more,
    pageBytes: 4_096,
    check: true,
    now: () => 0,
  });
  expect(again.database.prepare('SELECT name FROM migrations ORDER BY name').pluck().all()).toEqual(
    more.map(({ name }) => name),
  );
  again.database.close();
});

test.each([
  ['not a database at all', (path: string) => writeFileSync(path, 'x'.repeat(8_192))],
  [
    'pages overwritten',
    (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4_096 * 2, 4_096 * 6);
      writeFileSync(path, bytes);
    },
  ],
])('a damaged file (%s) is set aside and made anew', (_, damage) => {
  const first = open();
  first.database.pragma('wal_checkpoint(TRUNCATE)');
  first.database.close();
  damage(join(folder, 'state.db'));
  const { database, setAside } = open();
  expect(setAside).toContain('state.db.damaged-');
  expect(readdirSync(folder).filter((name) => name.includes('damaged'))).not.toEqual([]);
  expect(database.prepare('SELECT count(*) FROM lanes').pluck().get()).toBe(0);
  database.close();
});

// Inventory §7.13
test('a folder that can not be used is an error that says what to do', () => {
  const path = join(folder, 'none', 'state.db');
  expect(() =>
    openStore({ path, migrations: [], pageBytes: 4_096, check: false, now: () => 0 }),
  ).toThrow(/can't use its database/);
});

test('room is set aside again where a power cut left it taken', () => {
  const { database } = open();
  // As far as the first half of it got.
  database.exec('CREATE TABLE reserve (bytes BLOB); INSERT INTO reserve VALUES (zeroblob(9000))');
  reserveRoom(database);
  reserveRoom(database);
  const left = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'reserve'").all();
  expect(left).toEqual([]);
  database.close();
});
