/**
 * What the battery of the device has left, and whether the device lives on it; null where there is
 * none, as on most. On Linux the kernel's files say it, so a look costs some small reads; elsewhere
 * the host is asked, and where it says at first that there is no battery it is not asked again.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';

export type Power = NonNullable<ReportedBody['power']>;

const powerSupplies = '/sys/class/power_supply';
const lookEveryMs = 60_000;
/** Batteries and adapters; more than a gateway has. */
const suppliesMax = 16;

type Supply = { type: string; isOurs: boolean; percent: number; status: string; online: string };

const readSupply = async (folder: string): Promise<Supply> => {
  const read = async (name: string): Promise<string> =>
    (await readFile(join(folder, name), 'utf8').catch(() => '')).trim();
  const percent = await read('capacity');
  return {
    type: await read('type'),
    // A mouse has a battery, too, which is none of ours.
    isOurs: (await read('scope')) !== 'Device',
    percent: percent === '' ? Number.NaN : Number(percent),
    status: await read('status'),
    online: await read('online'),
  };
};

export const readBattery = async (folder = powerSupplies): Promise<Power | null> => {
  const names = await readdir(folder).catch(() => []);
  const found = names.slice(0, suppliesMax).map((name) => readSupply(join(folder, name)));
  const supplies = (await Promise.all(found)).filter(({ isOurs }) => isOurs);
  const batteries = supplies.filter(
    ({ type, percent }) => type === 'Battery' && percent >= 0 && percent <= 100,
  );
  if (batteries.length === 0) return null;
  const adapters = supplies.filter(({ type, online }) => type !== 'Battery' && online !== '');
  const sum = batteries.reduce((total, { percent }) => total + percent, 0);
  return {
    batteryPercent: Math.round(sum / batteries.length),
    onBattery:
      adapters.length > 0
        ? adapters.every(({ online }) => online === '0')
        : batteries.every(({ status }) => status === 'Discharging'),
  };
};

const askHost = async (): Promise<Power | null> => {
  const { battery } = await import('systeminformation');
  const { hasBattery, percent, acConnected } = await battery();
  if (!hasBattery || !(percent >= 0 && percent <= 100)) return null;
  return { batteryPercent: Math.round(percent), onBattery: !acConnected };
};

export type Battery = { current: () => Power | null; stop: () => void };

export const followBattery = (): Battery => {
  const isLinux = process.platform === 'linux';
  let current: Power | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    current = await (isLinux ? readBattery() : askHost()).catch(() => current);
    if (stopped || (current === null && !isLinux)) return;
    timer = setTimeout(() => void look(), lookEveryMs);
  };
  void look();
  return {
    current: () => current,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};
