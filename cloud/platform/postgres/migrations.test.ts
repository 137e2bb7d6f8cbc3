/**
 * Databases refuse a migration that is not what they applied, so a file that landed never changes:
 * SHA256SUMS shows in a diff when one does. Only lines for new files belong there.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrationsFolder } from './migrate.ts';

it('has every migration as it was when it landed', () => {
  const sums = readdirSync(migrationsFolder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(migrationsFolder, name));
      return `${createHash('sha256').update(text).digest('hex')}  ${name}\n`;
    });
  const recorded = readFileSync(join(migrationsFolder, 'SHA256SUMS'), 'utf8');
  expect(
    sums.join(''),
    'put a change into a new migration; record a new one by `sha256sum *.sql > SHA256SUMS` in the folder',
  ).toBe(recorded);
});
