/** The devices of a rollout that is not made, each with how it stands and how much it would fetch. */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { toFetch, type Weighed, weightless } from '../core/fetch-size.ts';
import {
  type DeviceOutlook,
  versionKey,
  versionsBefore,
  weighed,
} from '../store/rollout-foresight.ts';
import type { Targeted } from '../store/rollout-targets.ts';
import type { PlannedRollout, RolloutWish } from './plan.ts';
import type { Seen, SeenWave } from './preview-look.ts';

type BytesOf = (device: Targeted, outlook: DeviceOutlook) => number;

export const bytesOf = async (
  sql: Sql,
  tenantId: string,
  { bundleId, version }: RolloutWish,
  outlooks: ReadonlySet<DeviceOutlook>,
): Promise<{ target: Weighed; bytesOf: BytesOf }> => {
  const earlier = await versionsBefore(sql, tenantId, bundleId);
  const target = versionKey(bundleId, version);
  const keys = new Set([target, ...[...outlooks].flatMap(({ running }) => running)]);
  for (const last of earlier.values()) keys.add(versionKey(bundleId, last));
  const asked = [...keys].map((key) => {
    const [id = '', ...rest] = key.split(' ');
    return { bundleId: id, version: rest.join(' ') };
  });
  const parts = await weighed(sql, tenantId, asked);
  const wanted = parts.get(target) ?? weightless;
  /** Of those that stand alike, by the version that they had before. */
  const known = new Map<DeviceOutlook, Map<string | undefined, number>>(
    [...outlooks].map((outlook) => [outlook, new Map()]),
  );
  return {
    target: wanted,
    bytesOf: ({ deviceId }, outlook) => {
      if (outlook.runs) return 0;
      const last = earlier.get(deviceId);
      const alike = known.get(outlook);
      const same = alike?.get(last);
      if (same !== undefined) return same;
      const { running } = outlook;
      const had = last === undefined ? running : [...running, versionKey(bundleId, last)];
      const { bytes } = toFetch(
        wanted,
        had.flatMap((one) => parts.get(one) ?? []),
      );
      alike?.set(last, bytes);
      return bytes;
    },
  };
};

/** Each device with how it stands. */
export const seenWavesOf = (
  { waves }: PlannedRollout,
  outlooks: readonly DeviceOutlook[],
  bytes: BytesOf,
): SeenWave[] => {
  let place = 0;
  return waves.map(({ wish, devices }) => ({
    wish,
    devices: devices.map((device): Seen => {
      const outlook = outlooks[place];
      place += 1;
      if (outlook === undefined) throw new Error('a device was asked for and not looked at');
      return { device, outlook, bytes: bytes(device, outlook) };
    }),
  }));
};
