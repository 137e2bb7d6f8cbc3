/** The file that makes a start on a full disk possible (full-disk.system.test.ts), after a power cut and where it can't be made. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { giveUpSpare, keepSpare } from './spare.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spare-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what a power cut left of it is taken away at the next start, and a whole one made', () => {
  writeFileSync(join(folder, 'spare.new'), Buffer.alloc(1_000));
  giveUpSpare(folder);
  expect(readdirSync(folder)).toEqual([]);
  keepSpare(folder);
  expect(readdirSync(folder)).toEqual(['spare']);
  expect(statSync(join(folder, 'spare')).size).toBe(4 * 1024 * 1024);
});

test('an agent goes on where it can’t be made', () => {
  mkdirSync(join(folder, 'spare.new', 'in the way'), { recursive: true });
  keepSpare(folder);
  expect(existsSync(join(folder, 'spare'))).toBe(false);
  keepSpare(join(folder, 'gone'));
});
