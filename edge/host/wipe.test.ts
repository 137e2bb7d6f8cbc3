/** What is left behind when the wiping stops in the middle, and that it goes on from there. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Farewell, farewellFile, readFarewell } from '../store/farewell.ts';
import { ensureIdentity } from '../store/identity.ts';
import { wipeDevice } from './wipe.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wipe-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const farewell: Farewell = {
  version: 1,
  step: 'wiping',
  removal: 'decommissioned',
  wipe: 'data',
  cloudUrl: 'http://127.0.0.1:9',
  deviceId: '1c3b0a52-33a7-4d1e-8f0e-6f9f2f6a9f10',
  name: 'sensor',
  site: 'plant-7',
  at: 0,
  images: [],
};

const wipe = (ask: () => Promise<never>): Promise<boolean> =>
  wipeDevice(
    {
      folder,
      detect: { prefer: 'docker' },
      ask: () => ask,
      now: () => 0,
      log: () => undefined,
      signal: new AbortController().signal,
    },
    farewell,
  );

const silent = (): Promise<never> => Promise.reject(new Error('nobody answers'));

test('the keys are gone before it is said that they are', async () => {
  ensureIdentity(folder);
  writeFileSync(join(folder, 'state.db'), 'rows');
  const stopped = wipe(() => {
    // Whatever is written from now on fails, as it does when the power goes.
    mkdirSync(join(folder, `${farewellFile}.new`));
    return silent();
  });
  await expect(stopped).rejects.toThrow();
  expect(readdirSync(folder).filter((name) => name !== `${farewellFile}.new`)).toEqual([
    farewellFile,
  ]);
  expect(readFarewell(folder)?.step).toBe('wiping');
  rmSync(join(folder, `${farewellFile}.new`), { recursive: true });
  expect(await wipe(silent)).toBe(true);
  expect(readFarewell(folder)?.step).toBe('wiped');
});
