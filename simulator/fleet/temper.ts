/**
 * How the devices of a fleet behave, from the seed alone: who is away, who comes and goes, on which
 * a version is bad, how long things take. The same seed and device give the same answer, in any order.
 */
import { createRandom } from '../kernel/random.ts';
import type { Temper } from './workload.ts';

export type Behaviour = {
  seed: number;
  /** Percent of devices each. */
  leave: number;
  flap: number;
  badVersion: number;
};

export type Coming = 'stays' | 'leaves' | 'flaps';

/** `index` is the device's place in the fleet's folder, which stays. */
export const comingOf = ({ seed, leave, flap }: Behaviour, index: number): Coming => {
  const drawn = createRandom(seed, `coming ${index}`).next() * 100;
  if (drawn < leave) return 'leaves';
  return drawn < leave + flap ? 'flaps' : 'stays';
};

const phasesMs = {
  prepare: [500, 3_000],
  swap: [200, 800],
  probe: [1_000, 3_000],
  restore: [200, 800],
};

/** `pace` makes everything faster or slower: 1 is like a device with a small image. */
export const temperOf = (behaviour: Behaviour, index: number, pace: number): Temper => ({
  phaseMs: (phase) => {
    const [from = 0, to = 0] = phasesMs[phase];
    return createRandom(behaviour.seed, `${phase} ${index}`).between(from, to) * pace;
  },
  isBad: (digest) =>
    createRandom(behaviour.seed, `bad ${index} ${digest}`).next() * 100 < behaviour.badVersion,
});

/** How long a device that flaps stays, and stays away. */
export const flapMs = ({ seed }: Behaviour, index: number, turn: number): number =>
  createRandom(seed, `flap ${index} ${turn}`).between(10_000, 60_000);
