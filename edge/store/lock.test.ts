/** One agent per state folder, and who is refused learns why. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('is held by one at a time, and writes nothing', () => {
  const first = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'already-running' }));
  expect(readdirSync(folder)).toEqual(['agent.lock']);
  expect(statSync(join(folder, 'agent.lock')).size).toBe(0);
  first.release();
  lockFolder(folder).release();
});

test('that can’t be taken is not said to be somebody else’s', () => {
  const path = join(folder, 'agent.lock');
  const refused = expect.objectContaining({
    code: 'store-unusable',
    message: expect.stringContaining(path),
  });
  writeFileSync(path, 'no database at all'.repeat(100));
  expect(() => lockFolder(folder)).toThrow(refused);
  rmSync(path);
  mkdirSync(path);
  expect(() => lockFolder(folder)).toThrow(refused);
});
