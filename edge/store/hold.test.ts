/** The hold on disk, as the command line places it beside an agent that may not run. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdSentence } from '../core/hold.ts';
import { followHold } from '../host/hold.ts';
import { holdDevice } from '../host/hold-command.ts';
import { readOptions } from '../host/options.ts';
import { readHold } from './hold.ts';
import { ensureIdentity } from './identity.ts';

const now = 1_700_000_000_000;
const hourMs = 3_600_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hold-'));
  ensureIdentity(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const command = (...args: string[]) =>
  holdDevice(readOptions('hold', ['--state', folder, ...args], {}), now);

test('is placed by a command, replaced by the next, and ends by itself or when told to', () => {
  expect(command('--end')).toBe('There was no hold to end.');
  expect(command('--reason', 'fan')).toContain('until 2023-11-15 02:13 UTC: fan.');
  expect(readHold(folder, now + 4 * hourMs - 1)).toMatchObject({ by: 'command', reason: 'fan' });
  expect(readHold(folder, now + 4 * hourMs)).toBeNull();
  command('--for', '2d');
  expect(readHold(folder, now + 47 * hourMs)).toMatchObject({ reason: '' });
  expect(command('--end')).toContain('The hold is ended.');
  expect(readHold(folder, now)).toBeNull();
});

test.each(['0m', '8d', '4', 'h', '1.5h', '-1h', '99999d'])('is not placed for %s', (wrong) => {
  expect(() => command(`--for=${wrong}`)).toThrow(/--for/);
  expect(readHold(folder, now)).toBeNull();
});

test('is told once when it begins, changes and ends, and not again after a restart', () => {
  const told: string[] = [];
  let at = now;
  const follow = () =>
    followHold({
      ...{ folder, now: () => at, steady: () => at - now },
      appendEvent: ({ message }) => void told.push(message),
    });
  const hold = follow();
  expect(hold()).toBeNull();
  command('--for', '1h', '--reason', 'fan');
  expect(hold()).toMatchObject({ reason: 'fan' });
  hold();
  expect(told).toHaveLength(1);
  const restarted = follow();
  restarted();
  expect(told).toHaveLength(1);
  at = now + hourMs;
  restarted();
  expect(told.at(-1)).toBe('No technician holds this device any more.');
});

test('lasts as long as was said when the clock is set meanwhile, forward or back', () => {
  const told: string[] = [];
  let [at, steady] = [now, 0];
  const pass = (ms: number): void => {
    [at, steady] = [at + ms, steady + ms];
  };
  command('--for', '2h', '--reason', 'fan');
  const hold = followHold({
    ...{ folder, now: () => at, steady: () => steady },
    appendEvent: ({ message }) => void told.push(message),
  });
  for (const setByMs of [900 * 24 * hourMs, -300 * 24 * hourMs]) {
    pass(hourMs / 2);
    at += setByMs;
    const left = hold();
    expect(left).toMatchObject({ reason: 'fan', sinceMs: now + (at - steady - now) });
    expect(readHold(folder, at)).toEqual(left);
  }
  expect(told.at(-1)).toContain('2025-07-07 00:13 UTC: fan.');
  pass(hourMs - 1);
  expect(hold()).not.toBeNull();
  pass(1);
  expect(hold()).toBeNull();
  // One that was placed since is meant as it is said.
  at = now + hourMs;
  command('--for', '2h');
  expect(hold()).toMatchObject({ sinceMs: now });
});

test('is the agent’s to read, whoever placed it; one that is not holds all the same', () => {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, 65_534, 65_534);
  command('--reason', 'fan');
  expect(statSync(join(folder, 'hold.json')).uid).toBe(statSync(folder).uid);
  rmSync(join(folder, 'hold.json'));
  // A folder can't be read as a file by anybody, not even by root.
  mkdirSync(join(folder, 'hold.json'));
  const hold = readHold(folder, now);
  expect(hold && holdSentence(hold)).toMatch(
    /^A technician holds this device until it is ended: hold\.json .* can’t be read/,
  );
});

test('that somebody spoilt by hand holds nothing', () => {
  writeFileSync(join(folder, 'hold.json'), '{"untilMs":"soon"}');
  expect(readHold(folder, now)).toBeNull();
});
