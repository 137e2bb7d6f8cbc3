/**
 * One batch of a change to many devices: chosen in the order of the list, locked, changed, told of,
 * in the caller's transaction. The cursor moves on along that order, so a device that no longer
 * answers the query after its change is neither missed nor met twice.
 */

import type { TagChange } from '@signalbeam/platform/core/tag';
import { refusal } from '@signalbeam/platform/http/problem';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { changeTagsOf, type Outcome } from './change-tags.ts';
import { type Choice, filterOf } from './choose-devices.ts';
import type { Decision } from './core/approval.ts';
import { type DecidedBy, decideDevices, deleteAndTell } from './decide-devices.ts';
import { noSuchGroup } from './refusals.ts';
import type { Position } from './store/device-filter.ts';
import { pickDevices } from './store/device-list.ts';
import { type DeviceRecord, lockDevices } from './store/devices.ts';
import { addMembers, removeMembers } from './store/group-members.ts';
import { lockGroup } from './store/groups.ts';
import { tellOfDevices } from './tell-of-devices.ts';

/** Locks are held for a batch, and an answer holds a line for each of its devices. */
export const batchDevicesMax = 500;

export type BulkAction =
  | ({ kind: 'tag' } & TagChange)
  | { kind: 'join' | 'leave'; group: string }
  | { kind: 'approve' | 'delete' }
  | { kind: 'reject'; reason?: string | undefined };

export type BatchResult = {
  deviceId: string;
  name: string | null;
  outcome: Outcome['kind'];
  reason: string | null;
};

const decideAll = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  wish: { decision: Decision; reason: string | null },
  by: DecidedBy,
): Promise<Map<string, Outcome>> => {
  const decided = await decideDevices(sql, devices, wish, by);
  return new Map(
    [...decided].map(([id, each]) => [
      id,
      each.kind === 'refused' ? { kind: each.kind, reason: each.reason } : { kind: each.kind },
    ]),
  );
};

const deleteAll = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  by: DecidedBy,
): Promise<Map<string, Outcome>> => {
  await deleteAndTell(sql, devices, by);
  return new Map(devices.map(({ id }) => [id, { kind: 'changed' }]));
};

const regroup = async (
  sql: Sql,
  devices: readonly DeviceRecord[],
  wish: { kind: 'join' | 'leave'; group: string },
  by: DecidedBy,
): Promise<Map<string, Outcome>> => {
  const group = await lockGroup(sql, wish.group, 'KEY SHARE');
  if (group === null) throw noSuchGroup();
  if (group.query !== null) {
    throw refusal('wrong-state', 'The members of this group follow from its query.', {
      next: 'Change tags of the devices, or the query.',
    });
  }
  const [first] = devices;
  if (first === undefined) return new Map();
  const given = { groupId: group.id, deviceIds: devices.map(({ id }) => id) };
  const { tenantId } = first;
  const added = { addedAt: by.now, addedBy: by.actor };
  const changed =
    wish.kind === 'join'
      ? await addMembers(sql, { ...given, tenantId, ...added })
      : await removeMembers(sql, given);
  const data = { groupId: group.id, groupName: group.name };
  const changes = devices
    .filter(({ id }) => changed.has(id))
    .map((device) => ({
      device,
      before: wish.kind === 'join' ? undefined : data,
      after: wish.kind === 'join' ? data : undefined,
      data,
    }));
  await tellOfDevices(sql, wish.kind, changes, by);
  return new Map(
    devices.map(({ id }) => [id, { kind: changed.has(id) ? 'changed' : 'unchanged' }]),
  );
};

const carryOut = (
  sql: Sql,
  devices: readonly DeviceRecord[],
  action: BulkAction,
  by: DecidedBy,
): Promise<Map<string, Outcome>> => {
  switch (action.kind) {
    case 'tag':
      return changeTagsOf(sql, devices, action, by);
    case 'join':
    case 'leave':
      return regroup(sql, devices, action, by);
    case 'approve':
      return decideAll(sql, devices, { decision: 'approve', reason: null }, by);
    case 'reject':
      return decideAll(sql, devices, { decision: 'reject', reason: action.reason ?? null }, by);
    case 'delete':
      return deleteAll(sql, devices, by);
  }
};

export const runBatch = async (
  sql: Sql,
  wish: { choice: Choice; action: BulkAction; after?: Position | undefined; limit: number },
  by: DecidedBy,
): Promise<{ results: BatchResult[]; next: Position | null }> => {
  const { choice, action, after, limit } = wish;
  const filter = await filterOf(sql, choice);
  const found = await pickDevices(sql, filter, { after, limit: limit + 1 }, by.now.getTime());
  const picked = found.slice(0, limit);
  const devices = await lockDevices(
    sql,
    picked.map(({ id }) => id),
  );
  const outcomes = await carryOut(sql, devices, action, by);
  const names = new Map(devices.map(({ id, name }) => [id, name]));
  const resultOf = (deviceId: string): BatchResult => {
    const outcome = outcomes.get(deviceId) ?? {
      kind: 'refused',
      reason: 'There is no such device.',
    };
    return {
      deviceId,
      name: names.get(deviceId) ?? null,
      outcome: outcome.kind,
      reason: outcome.kind === 'refused' ? outcome.reason : null,
    };
  };
  const ids = picked.map(({ id }) => id);
  // Of devices that were named, those that are not there are told of, once.
  const all = new Set(found.map(({ id }) => id));
  const missing = after === undefined ? (choice.ids ?? []).filter((id) => !all.has(id)) : [];
  const last = found.length > limit ? picked.at(-1) : undefined;
  return { results: [...ids, ...new Set(missing)].map(resultOf), next: last ?? null };
};
