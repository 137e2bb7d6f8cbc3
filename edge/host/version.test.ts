import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentVersion } from './version.ts';

test('the agent says the version of its package', () => {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  expect(text).toContain(`"version": "${agentVersion}"`);
});
