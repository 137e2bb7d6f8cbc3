/** Writes the tables of states and of domain events into docs; tests hold what is committed to what is made. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from '@signalbeam/bundle-orchestrator/core/rollout-tables';
import { withEvents } from './describe-events.ts';

const rewrite = (name: string, make: (page: string) => string): void => {
  const file = join(import.meta.dirname, '../docs', name);
  const before = readFileSync(file, 'utf8');
  const after = make(before);
  if (after !== before) writeFileSync(file, after);
};

rewrite('rollouts.md', withTables);
rewrite('events.md', withEvents);
