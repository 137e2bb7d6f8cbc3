/** The kernel's files of power supplies, as laptops, gateways with a buffer battery and plain ones have them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readBattery } from './battery.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'power-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const supply = (name: string, files: Record<string, string | number>): void => {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(folder, name, file), `${text}\n`);
  }
};

it('says nothing where there is no battery of the device itself', async () => {
  expect(await readBattery(join(folder, 'absent'))).toBeNull();
  supply('AC', { type: 'Mains', online: 1 });
  supply('mouse', { type: 'Battery', scope: 'Device', capacity: 4, status: 'Discharging' });
  supply('broken', { type: 'Battery', status: 'Unknown' });
  expect(await readBattery(folder)).toBeNull();
});

it('goes by the adapter, and by the battery itself where no adapter tells', async () => {
  supply('BAT0', { type: 'Battery', capacity: 19, status: 'Not charging' });
  expect(await readBattery(folder)).toEqual({ batteryPercent: 19, onBattery: false });
  supply('BAT0', { status: 'Discharging' });
  expect(await readBattery(folder)).toEqual({ batteryPercent: 19, onBattery: true });
  supply('AC', { type: 'Mains', online: 1 });
  expect(await readBattery(folder)).toEqual({ batteryPercent: 19, onBattery: false });
  supply('AC', { online: 0 });
  supply('BAT1', { type: 'Battery', capacity: 80, status: 'Full' });
  expect(await readBattery(folder)).toEqual({ batteryPercent: 50, onBattery: true });
});
