/**
 * Which fault met which state: a fault that never strikes during an update proves nothing about
 * updates. Counted at the moment a fault strikes, added up over seeds, printed with the result.
 */
import { newestRows } from '@signalbeam/sync/outbox/ladder';
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';

export type Sometimes = Record<string, number>;

export const statesOf = (world: World, device: Device): string[] => {
  const states: string[] = [];
  const phase = device.uplink?.phase();
  if (phase !== undefined) states.push(`link-${phase}`);
  else states.push('agent-down');
  for (const slot of device.disk.content.slots.values()) {
    if (slot.update !== null) states.push(`update-${slot.update.phase}`);
    else if (slot.failed !== null) states.push('update-failed');
  }
  let backlog = 0;
  for (const lane of device.disk.content.lanes.values()) backlog += lane.lastSeq - lane.ackedSeq;
  if (backlog > newestRows) states.push('backlog');
  if (world.broker.unacknowledged() > 0) states.push('frames-at-broker');
  return states;
};

/** All states that a strike is counted under. */
export const states = [
  'link-down',
  'link-greeting',
  'link-open',
  'agent-down',
  'update-prepare',
  'update-swap',
  'update-probe',
  'update-restore',
  'update-failed',
  'backlog',
  'frames-at-broker',
] as const;

export const count = (into: Sometimes, fault: string, states: readonly string[]): void => {
  into[fault] = (into[fault] ?? 0) + 1;
  for (const state of states) {
    const key = `${fault} × ${state}`;
    into[key] = (into[key] ?? 0) + 1;
  }
};

/** What never happened: a fault that did not strike, or one that never met a state. */
export const unmet = (sometimes: Sometimes, kinds: readonly string[]): string[] =>
  kinds.flatMap((kind) =>
    [kind, ...states.map((state) => `${kind} × ${state}`)].filter((key) => !sometimes[key]),
  );

export const addUp = (into: Sometimes, more: Sometimes): void => {
  for (const [key, times] of Object.entries(more)) into[key] = (into[key] ?? 0) + times;
};
