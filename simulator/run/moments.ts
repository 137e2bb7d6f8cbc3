/**
 * Faults that wait for their moment: an update's swap is over in half a second, and a fault that comes
 * once in twenty minutes would hardly ever meet one. Who waits strikes soon after the moment came.
 */
import type { Moment } from '../checks/watch.ts';
import type { Random } from '../kernel/random.ts';
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';

/** About as long as each lasts when nothing is in its way. */
const lastsMs: Record<Moment, number> = {
  prepare: 3_000,
  swap: 400,
  probe: 6_000,
  restore: 400,
  'agent-down': 500,
};
const all = Object.keys(lastsMs) as Moment[];

type Waiting = { random: Random; strike: (device: Device) => void };

export type Moments = {
  /** Strikes whichever device comes there first; one waits for each moment and fault at most. */
  await(fault: string, random: Random, strike: (device: Device) => void): void;
};

export const createMoments = ({ kernel, checks }: World): Moments => {
  const waiting = new Map<Moment, Map<string, Waiting>>(all.map((moment) => [moment, new Map()]));
  checks.momentCame = (device, moment) => {
    const due = waiting.get(moment);
    if (due === undefined || due.size === 0) return;
    waiting.set(moment, new Map());
    for (const { random, strike } of due.values())
      kernel.later(random.between(0, lastsMs[moment]), () => strike(device));
  };
  return {
    await: (fault, random, strike) => {
      waiting.get(random.pick(all))?.set(fault, { random, strike });
    },
  };
};
