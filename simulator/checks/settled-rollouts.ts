/**
 * What must hold of rollouts once all faults are over and whoever is asked for has helped: each is
 * over, its report adds up, and every device is where its row says: on the target, or on what it had
 * before. Gives the first thing that is not so.
 */
import { countRows, openIn } from '@signalbeam/bundle-orchestrator/core/rollout';
import { slotOf } from '@signalbeam/bundle-orchestrator/core/slots';
import type { Orchestrator } from '../rollouts/orchestrator.ts';
import type { KeptRow, Rollout } from '../rollouts/tables.ts';
import { isDone } from '../rollouts/verbs.ts';
import type { Device } from '../world/device.ts';
import { rolledOut } from '../world/director.ts';

const countsOf = ({ id, rows }: Rollout): string | null => {
  const progress = countRows(rows.map(({ status }) => ({ status, presence: 'online' as const })));
  const { total, succeeded, failed, cancelled, rolledBack } = progress;
  const over = succeeded + failed + cancelled + rolledBack;
  return total === rows.length && over === total && openIn(progress) === 0
    ? null
    : `rollout ${id} counts ${over} of ${rows.length} devices as finished`;
};

/** A row of the rollout that is in force on the device, against what the device wrote down. */
const rowOpen = (rollout: Rollout, row: KeptRow, { parts, disk }: Device): string | null => {
  const who = `device ${parts.number} of rollout ${rollout.id}`;
  const { version } = rollout.release;
  const slot = disk.content.slots.get(rolledOut);
  switch (row.status) {
    case 'succeeded':
      // Asked to come back to it later, it may have failed to.
      return slot?.confirmed?.version === version || slot?.failed?.target.version === version
        ? null
        : `${who} is said to run ${version} and runs ${slot?.confirmed?.version ?? 'nothing'}`;
    case 'failed':
      if (slot?.confirmed?.version === version)
        return `${who} runs ${version} and is said to have failed`;
      return slot?.failed?.target.version === version ? null : `${who} remembers no failure`;
    default:
      return `${who} is ${row.status}, and ${version} is still wanted of it`;
  }
};

const deviceOpen = ({ cloud }: Orchestrator, device: Device): string | null => {
  const { deviceId } = device.parts;
  const { tables, director } = cloud;
  const wanted = slotOf(director.wanted.get(deviceId)?.slots ?? [], rolledOut);
  if (wanted === null || wanted.rolloutId === null) return null;
  const rollout = tables.rollouts.get(wanted.rolloutId);
  const row = rollout?.rows.find((each) => each.deviceId === deviceId);
  if (rollout === undefined || row === undefined)
    return `device ${device.parts.number} has a slot of a rollout that it is not in`;
  // A disk from an old copy, or a second one, may try again and come out otherwise.
  return device.tainted ? null : rowOpen(rollout, row, device);
};

export const rolloutsOpen = (
  orchestrator: Orchestrator,
  devices: readonly Device[],
): string | null => {
  for (const rollout of orchestrator.cloud.tables.rollouts.values()) {
    if (!isDone(rollout)) return `rollout ${rollout.id} is ${rollout.status}`;
    const open = countsOf(rollout);
    if (open !== null) return open;
  }
  for (const device of devices) {
    const open = deviceOpen(orchestrator, device);
    if (open !== null) return open;
  }
  return null;
};
