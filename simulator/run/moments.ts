/**
 * Faults that wait for their moment: an update's swap is over in half a second, and a fault that comes
 * once in twenty minutes would hardly ever meet one. Who waits strikes soon after the moment came.
 */
import type { Moment, SiteMoment } from '../checks/watch.ts';
import type { Random } from '../kernel/random.ts';
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';

/** About as long as each lasts when nothing is in its way. */
const ofUpdates: Record<Exclude<Moment, SiteMoment>, number> = {
  prepare: 3_000,
  swap: 400,
  probe: 6_000,
  restore: 400,
  'agent-down': 500,
  deciding: 0,
};
const ofSites: Record<SiteMoment, number> = {
  // A leaf that starts overlaps for a while with the one before it.
  'leaf-started': 8_000,
  'leaf-stopped': 2_000,
  'member-suspect': 1_500,
  'member-dead': 10_000,
};

/** What can strike within an event, so that the second of two commits is not reached. */
const withinEvents: readonly string[] = ['agent-killed', 'disk-fails'];

type Waiting = { random: Random; strike: (device: Device) => void };

export type Moments = {
  /** Strikes whichever device comes there first; one waits for each moment and fault at most. */
  await(fault: string, random: Random, strike: (device: Device) => void): void;
};

export const createMoments = ({ kernel, checks, site }: World): Moments => {
  const lastsMs: Partial<Record<Moment, number>> =
    site === null ? ofUpdates : { ...ofUpdates, ...ofSites };
  const all = Object.keys(lastsMs) as Moment[];
  const lasting = all.filter((moment) => moment !== 'deciding');
  const waiting = new Map<Moment, Map<string, Waiting>>(all.map((moment) => [moment, new Map()]));
  checks.momentCame = (device, moment) => {
    const due = waiting.get(moment);
    if (due === undefined || due.size === 0) return;
    waiting.set(moment, new Map());
    for (const { random, strike } of due.values()) {
      if (moment === 'deciding') strike(device);
      else kernel.later(random.between(0, lastsMs[moment] ?? 0), () => strike(device));
    }
  };
  return {
    await: (fault, random, strike) => {
      const moments = withinEvents.includes(fault) ? all : lasting;
      waiting.get(random.pick(moments))?.set(fault, { random, strike });
    },
  };
};
