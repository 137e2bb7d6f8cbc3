/**
 * Which fault met which state: a fault that never strikes during an update proves nothing about
 * updates. Counted at the moment a fault strikes, added up over seeds, printed with the result.
 */
import { kindOf } from '@signalbeam/sync/core/records';
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
  return [...states, ...siteStatesOf(world, device)];
};

const ways = { hub: 'via-hub', leaf: 'via-leaf', neighbour: 'via-neighbour' } as const;

/** Where a device of a mesh stands among the others, and how the site is. */
const siteStatesOf = (world: World, { site: own }: Device): string[] => {
  const { site } = world;
  if (site === null) return [];
  const found: string[] = [];
  const gateways = world.devices.filter((each) => each.site?.leafRuns === true).length;
  if (gateways === 0) found.push('no-gateway');
  if (gateways > 1) found.push('two-gateways');
  const { loss, half, cuts } = site.lan;
  if (loss > 0 || half !== null || cuts.size > 0) found.push('lan-broken');
  if (site.authority.revoked.size > 0) found.push('somebody-revoked');
  if (own === null) return found;
  if (own.leafRuns) found.push('gateway-here');
  const via = own.via();
  if (via !== null) found.push(ways[via]);
  const seen = own.shell?.members() ?? [];
  if (seen.some(({ status }) => status === 'suspect')) found.push('member-suspect');
  if (seen.some(({ status }) => status === 'dead')) found.push('member-dead');
  const has = own.trust.versions();
  const behind = [...site.authority.records].some(
    ([name, { version }]) => (has.get(name) ?? 0) < version,
  );
  if (behind) found.push('records-behind');
  return found;
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

/** And those of a site with a mesh. */
export const siteStates = [
  'no-gateway',
  'two-gateways',
  'gateway-here',
  'via-hub',
  'via-leaf',
  'via-neighbour',
  'lan-broken',
  'member-suspect',
  'member-dead',
  'records-behind',
  'somebody-revoked',
] as const;

/** What became of the rollouts of a seed, of their devices and of their waves. */
export const outcomes = [
  ...(['succeeded', 'failed', 'cancelled', 'rolled-back'] as const).flatMap((how) => [
    `rollout ${how}`,
    `device ${how}`,
  ]),
  'wave passed by its gate',
  'wave passed by a person',
] as const;

export const countOutcomes = ({ rollouts, site }: World, into: Sometimes): void => {
  const add = (key: string, times = 1): void => {
    into[key] = (into[key] ?? 0) + times;
  };
  for (const [name, times] of site?.checks.kept ?? []) add(`record ${kindOf(name)}`, times);
  for (const rollout of rollouts?.orchestrator.cloud.tables.rollouts.values() ?? []) {
    add(`rollout ${rollout.status}`);
    for (const { status } of rollout.rows) add(`device ${status}`);
    for (const { state, passedBy } of rollout.waves)
      if (state === 'passed') add(`wave passed by ${passedBy === null ? 'its gate' : 'a person'}`);
  }
};

/** What the devices of a site get from each other and the cloud. */
export const siteRecords = [
  'root',
  'keyset',
  'revocation',
  'snapshot',
  'roster',
  'site-key',
  'desired',
] as const;

export const count = (into: Sometimes, fault: string, states: readonly string[]): void => {
  into[fault] = (into[fault] ?? 0) + 1;
  const pairs = pairsOf(fault);
  for (const state of states) {
    const key = pairs.get(state) ?? `${fault} × ${state}`;
    pairs.set(state, key);
    into[key] = (into[key] ?? 0) + 1;
  }
};

/** A text that is put together anew is looked up far more slowly than one that is kept. */
const pairs = new Map<string, Map<string, string>>();
const pairsOf = (fault: string): Map<string, string> => {
  const known = pairs.get(fault);
  if (known !== undefined) return known;
  const fresh = new Map<string, string>();
  pairs.set(fault, fresh);
  return fresh;
};

/** What never happened: a fault that did not strike, or one that never met a state. */
export const unmet = (
  sometimes: Sometimes,
  kinds: readonly string[],
  wanted: readonly string[] = states,
): string[] =>
  kinds.flatMap((kind) =>
    [kind, ...wanted.map((state) => `${kind} × ${state}`)].filter((key) => !sometimes[key]),
  );

export const addUp = (into: Sometimes, more: Sometimes): void => {
  for (const [key, times] of Object.entries(more)) into[key] = (into[key] ?? 0) + times;
};
