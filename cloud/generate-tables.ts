/** Writes the tables of states into docs/rollouts.md; a test holds what is committed to what is made. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from '@signalbeam/bundle-orchestrator/core/rollout-tables';

const file = join(import.meta.dirname, '../docs/rollouts.md');
const before = readFileSync(file, 'utf8');
const after = withTables(before);
if (after !== before) writeFileSync(file, after);
