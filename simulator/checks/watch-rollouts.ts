/**
 * What must hold of rollouts while they run, held against what the devices themselves wrote down and
 * not against what the planner counted: a wave waits for its gate, devices that stand in for one
 * another do not go down together, and no device starts a version that nobody said.
 */
import { labels } from '@signalbeam/edge/core/container';
import type { SlotKnown } from '@signalbeam/edge/core/known';
import type { Cloud, KeptWave, Rollout, RolloutWatch } from '../rollouts/tables.ts';
import type { Device } from '../world/device.ts';
import { rolledOut } from '../world/director.ts';
import type { HostContainer } from '../world/host.ts';
import type { Checks } from './watch.ts';

export type RolloutChecks = {
  watch: RolloutWatch;
  /** A device is about to write down where a bundle stands. */
  slotSaving(device: Device, slot: SlotKnown): void;
  /** It is about to start a container. */
  starting(device: Device, container: HostContainer): void;
};

type World = {
  cloud: () => Cloud;
  devices: () => readonly Device[];
  /** Whether devices of one pair may not go down together. */
  pairs: boolean;
};

/** The old version is stopped, or the new one has not proved itself yet. */
const isDown = (slot: SlotKnown | undefined): boolean => {
  const phase = slot?.update?.phase;
  return phase === 'swap' || phase === 'probe' || phase === 'restore';
};

/** Devices on which each version ever proved itself, by what they wrote down. */
const createProofs = () => {
  const proofs = new Map<string, Set<string>>();
  return {
    note: (deviceId: string, bundleId: string, version: string): void => {
      const key = `${bundleId} ${version}`;
      proofs.set(key, (proofs.get(key) ?? new Set()).add(deviceId));
    },
    of: ({ release }: Rollout): ReadonlySet<string> =>
      proofs.get(`${release.bundleId} ${release.version}`) ?? new Set(),
  };
};

/** Null when this wave was rightly passed. */
const whyNotPassed = (
  { now, presenceOf }: Cloud,
  rollout: Rollout,
  { gate, openedAtMs, approvals, wave, passedBy }: KeptWave,
  proved: ReadonlySet<string>,
): string | null => {
  if (openedAtMs === null) return 'the one before it never did';
  if (passedBy !== null) return null;
  const isOut = (status: string): boolean => status === 'cancelled' || status === 'rolled-back';
  const rows = rollout.rows.filter((row) => row.wave === wave && !isOut(row.status));
  const { unreached } = gate;
  const leavesOut = unreached.rule === 'go-on' && now() - openedAtMs >= unreached.afterMs;
  const counted = rows.filter(
    ({ deviceId }) => !leavesOut || proved.has(deviceId) || presenceOf(deviceId) === 'online',
  );
  const confirmed = rows.filter(({ deviceId }) => proved.has(deviceId)).length;
  const needed = Math.ceil((counted.length * gate.succeededPercentMin) / 100);
  if (confirmed < needed) return `${confirmed} of ${needed} devices have confirmed`;
  if (now() - openedAtMs < gate.soakMs) return 'it has not soaked';
  const others = approvals.filter((actor) => actor !== rollout.requestedBy);
  if (gate.approval === 'any-person' && approvals.length === 0) return 'nobody approved';
  if (gate.approval === 'another-person' && others.length === 0) return 'nobody else approved';
  return null;
};

export const createRolloutChecks = (checks: Checks, world: World): RolloutChecks => {
  const proofs = createProofs();
  const judgeGroup = (device: Device, slot: SlotKnown): void => {
    if (!world.pairs || device.tainted || slot.update?.phase !== 'swap') return;
    const { memberOf } = world.cloud();
    const member = memberOf(device.parts.deviceId, 'pair');
    for (const other of world.devices()) {
      if (other === device || other.tainted) continue;
      if (memberOf(other.parts.deviceId, 'pair') !== member) continue;
      if (isDown(other.disk.content.slots.get(rolledOut)))
        checks.fail(
          'one-of-a-group',
          `device ${device.parts.number} takes ${slot.bundleName} down while device ${other.parts.number} of ${member} has it down`,
        );
    }
  };
  return {
    watch: {
      opened: (rollout, { wave: number }) => {
        // One opens in the transaction in which the one before it is passed.
        const before = rollout.waves[number - 1];
        if (before === undefined) return;
        const early = rollout.waves.slice(0, number).find(({ state }) => state !== 'passed');
        const why =
          early === undefined
            ? whyNotPassed(world.cloud(), rollout, before, proofs.of(rollout))
            : `wave ${early.wave} is not passed`;
        if (why !== null)
          checks.fail('gate-before-wave', `wave ${number} of ${rollout.id} opens: ${why}`);
      },
      told: (rollout, { deviceId, wave }) => {
        if (rollout.waves[wave]?.state === 'waiting')
          checks.fail('gate-before-wave', `${deviceId} is told before its wave ${wave} is open`);
      },
    },
    slotSaving: (device, slot) => {
      if (slot.bundleId !== rolledOut) return;
      if (slot.confirmed !== null)
        proofs.note(device.parts.deviceId, slot.bundleId, slot.confirmed.version);
      judgeGroup(device, slot);
    },
    starting: ({ parts }, container) => {
      if (container.labels[labels.bundle] !== rolledOut) return;
      const version = container.labels[labels.version] ?? '';
      const said = world.cloud().director.said.get(parts.deviceId);
      if (said?.has(version) !== true)
        checks.fail(
          'said-version',
          `device ${parts.number} was about to start ${version}, which neither a rollout nor its rollback said`,
        );
    },
  };
};
