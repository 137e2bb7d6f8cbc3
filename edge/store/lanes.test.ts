/** The store of lanes over SQLite. */
import Database from 'better-sqlite3';
import { laneStoreSuite } from './lanes.suite.ts';
import { openLanes } from './lanes.ts';
import { stateMigrations } from './migrations.ts';

laneStoreSuite(() => {
  const database = new Database(':memory:');
  for (const { sql } of stateMigrations) database.exec(sql);
  return {
    store: openLanes(database, ['events', 'metrics']),
    together: (work) => database.transaction(work)(),
    reopen: () => openLanes(database, ['events']),
  };
});
