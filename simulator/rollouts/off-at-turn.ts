/**
 * The end of a shift: machines that are off when a rollout comes to them, and are switched on again one
 * by one, some while the others of their wave soak already. It is part of the workload, not a fault: nothing breaks.
 */
import type { Random } from '../kernel/random.ts';
import { powerCycle } from '../world/host.ts';
import type { World } from '../world/world.ts';

const minute = 60_000;
const offShare = 0.4;

export const switchSomeOff = (world: World, random: Random, over: () => boolean): void => {
  for (const device of world.devices) {
    const forMs = random.between(minute, 15 * minute);
    if (!random.chance(offShare)) continue;
    world.rollouts?.atTurn.set(device.parts.deviceId, () => {
      if (over()) return;
      device.kill('power');
      world.kernel.later(forMs, () => {
        powerCycle(device.parts.host);
        device.boot();
      });
    });
  }
};
