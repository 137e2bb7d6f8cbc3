/**
 * Runs the world on, over deaths of agents whose disk failed: such an error that nobody caught ends
 * the process, as it ends a real one, and whoever supervises it starts it again.
 */
import { DiskError } from '../world/disk.ts';
import type { World } from '../world/world.ts';

const diskErrorIn = (cause: unknown): DiskError | null => {
  if (cause instanceof DiskError) return cause;
  return cause instanceof Error && cause.cause !== undefined ? diskErrorIn(cause.cause) : null;
};

/** True when it was an error of some disk: its agent is dead now. */
export const diedOfDisk = (world: World, cause: unknown): boolean => {
  const error = diskErrorIn(cause);
  if (error === null) return false;
  const device = world.devices.find(({ disk }) => disk === error.disk);
  if (device === undefined || device.process === null) return true;
  const { kernel, random } = device.parts;
  device.kill('killed');
  device.parts.onKilled();
  kernel.later(random.between(500, 5_000), device.boot);
  return true;
};

export const runOn = async (
  world: World,
  untilMs: number,
  enough: () => boolean,
): Promise<void> => {
  for (;;) {
    try {
      await world.kernel.run(untilMs, enough);
      return;
    } catch (cause) {
      if (!diedOfDisk(world, cause)) throw cause;
    }
  }
};
