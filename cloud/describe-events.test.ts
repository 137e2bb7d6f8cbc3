/** docs/events.md is what the catalogue says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '@signalbeam/platform/events/catalogue';
import { expect, it } from 'vitest';
import { withEvents } from './describe-events.ts';

it('is made of the code: `./signalbeam generate` writes it', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/events.md'), 'utf8');
  expect(page).toBe(withEvents(page));
  for (const type of eventTypes()) expect(page).toContain(`\`${type}\``);
  expect(() => withEvents('')).toThrow('no place');
});
