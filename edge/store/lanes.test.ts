/** The stores of lanes over SQLite. */
import Database from 'better-sqlite3';
import { describe } from 'vitest';
import { withFreshRows } from './fresh-lane.ts';
import { laneStoreSuite } from './lanes.suite.ts';
import { openLanes } from './lanes.ts';
import { queueMigrations, stateMigrations } from './migrations.ts';

describe('rows in their table', () => {
  laneStoreSuite(() => {
    const database = new Database(':memory:');
    for (const { sql } of stateMigrations) database.exec(sql);
    return {
      store: openLanes(database, ['events', 'metrics']),
      together: (work) => database.transaction(work)(),
      reopen: () => openLanes(database, ['events']),
    };
  });
});

describe('the newest rows in slots', () => {
  laneStoreSuite(() => {
    const database = new Database(':memory:');
    for (const { sql } of queueMigrations) database.exec(sql);
    const open = () =>
      withFreshRows(openLanes(database, ['events', 'metrics']), database, 'events');
    return { store: open(), together: (work) => database.transaction(work)(), reopen: open };
  });
});
