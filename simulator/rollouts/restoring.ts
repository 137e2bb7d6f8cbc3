/** The states that rollouts ask of devices: what is wanted of one now, and giving back what it had. */
import type { Slot } from '@signalbeam/sync/core/manifest';
import type { Cloud, KeptRow, Rollout } from './tables.ts';

export const rowOf = ({ rows, id }: Rollout, deviceId: string): KeptRow => {
  const row = rows.find((each) => each.deviceId === deviceId);
  if (row === undefined) throw new Error(`rollout ${id} has no row of ${deviceId}`);
  return row;
};

/** The newest state of a device, and the generation that a change of it makes. */
export const targetOf = ({ director, tables }: Cloud, deviceId: string) => {
  const { generation = 0, slots = [] } = director.wanted.get(deviceId) ?? {};
  const reported = tables.reports.get(deviceId)?.generation ?? 0;
  return { slots, generation: Math.max(generation, reported) + 1 };
};

export const store = (
  { director, tables }: Cloud,
  deviceId: string,
  generation: number,
  slots: Slot[],
) => {
  director.assign(deviceId, generation, slots);
  tables.unpublished.add(deviceId);
};

/** The slot that was found comes back; false where somebody wanted something else since. */
export const restore = (cloud: Cloud, rollout: Rollout, row: KeptRow): number | null => {
  const { slots, generation } = targetOf(cloud, row.deviceId);
  const of = { id: rollout.id, bundleId: rollout.release.bundleId };
  const change = cloud.decide.withRestoredSlot(slots, of, row.previousSlot);
  if (change.kind !== 'changed') return null;
  store(cloud, row.deviceId, generation, change.slots);
  return generation;
};
