/**
 * Changes tags of devices that the caller has locked. Each device is judged by itself: one that would
 * have too many tags is refused and the others are changed.
 */

import {
  changeTags,
  printTag,
  type Tag,
  type TagChange,
  tagsPerDeviceMax,
} from '@signalbeam/platform/core/tag';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { readTags, writeTags } from './store/device-tags.ts';
import type { DeviceRecord } from './store/devices.ts';
import { type By, tellOfDevices } from './tell-of-devices.ts';

export type Outcome =
  | { kind: 'changed' }
  | { kind: 'unchanged' }
  | { kind: 'refused'; reason: string };

const same = (one: readonly Tag[], two: readonly Tag[]): boolean =>
  one.length === two.length && one.map(printTag).join() === two.map(printTag).join();

export const changeTagsOf = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  change: TagChange,
  by: By,
): Promise<Map<string, Outcome>> => {
  const outcomes = new Map<string, Outcome>();
  const [first] = devices;
  if (first === undefined) return outcomes;
  const known = await readTags(
    sql,
    devices.map(({ id }) => id),
  );
  const changed = new Map<string, readonly Tag[]>();
  for (const { id } of devices) {
    const before = known.get(id) ?? [];
    const after = changeTags(before, change);
    const tooMany = after.length > tagsPerDeviceMax && after.length > before.length;
    const reason = `A device has at most ${tagsPerDeviceMax} tags; this one would have ${after.length}.`;
    if (tooMany) outcomes.set(id, { kind: 'refused', reason });
    else if (same(before, after)) outcomes.set(id, { kind: 'unchanged' });
    else {
      outcomes.set(id, { kind: 'changed' });
      changed.set(id, after);
    }
  }
  if (changed.size === 0) return outcomes;
  await writeTags(sql, first.tenantId, changed);
  const tagged = devices.filter(({ id }) => changed.has(id));
  const changes = tagged.map((device) => {
    const after = (changed.get(device.id) ?? []).map(printTag);
    const before = (known.get(device.id) ?? []).map(printTag);
    return { device, before: { tags: before }, after: { tags: after }, data: { tags: after } };
  });
  await tellOfDevices(sql, 'tag', changes, by);
  return outcomes;
};
