/**
 * A device's ways to the cloud and the carrier that roams over them: leafs of the site, its own
 * uplink, a neighbour. Which way is taken when is the product's (`edge/link/ways`).
 */
import { createRoamingCarrier } from '@signalbeam/edge/link/roaming-carrier';
import { startWays, type Way } from '@signalbeam/edge/link/ways';
import { type Candidate, neighboursOf } from '@signalbeam/sync/mesh/gateway-role';
import { hash32 } from '@signalbeam/sync/mesh/hash';
import type { Process } from '../kernel/process.ts';
import { createCarrier, type Path, type SimulatedCarrier } from './carrier.ts';
import type { Device } from './device.ts';
import { type Hop, throughLeaf, throughNeighbour } from './hop.ts';
import type { SiteParts } from './site-life.ts';

export type SiteWays = {
  carrier: SimulatedCarrier;
  /** Offers what there is now, as this device sees it. */
  offer(members: readonly Candidate[], holder: string | null): void;
  /** The path that is taken now; null through a neighbour. */
  path(): Path | null;
  via(): Way['via'] | null;
  /** Through whose leaf or neighbourhood, and whether that is connected. */
  through(): string | null;
};

const redialMs = { first: 250, max: 4_000 };
const neighboursMax = 4;
const seekEveryMs = 10_000;
const log = (): void => undefined;

type Roads = {
  device: Device;
  site: SiteParts;
  paths: WeakMap<Way, Path>;
  dial: (path: Path) => SimulatedCarrier;
};

const way = (
  { device, paths, dial }: Roads,
  about: Pick<Way, 'key' | 'via' | 'through'>,
  open: () => Path,
): Way => {
  const made: Way = {
    ...about,
    broker: null,
    open: async () => {
      device.parts.kernel.settled();
      const path = open();
      paths.set(made, path);
      return dial(path);
    },
  };
  return made;
};

/** To whatever runs there as this device by now. */
const hopTo = (
  { device, site }: Roads,
  deviceId: string,
  onward: (to: Device) => Path | null,
): Hop => {
  const to = site.devices().find((each) => each.parts.deviceId === deviceId && !each.retired);
  if (to === undefined) throw new Error('nobody is there');
  const { lan } = site;
  return {
    ...{ lan, to, from: device.parts.machine },
    onward: () => (to.process === null ? null : onward(to)),
  };
};

const leafOf = (roads: Roads, { device: deviceId, claim }: Candidate): Way => {
  const key = `leaf ${deviceId} ${claim?.addresses[0]}`;
  return way(roads, { key, via: 'leaf', through: deviceId }, () =>
    throughLeaf(
      hopTo(roads, deviceId, ({ site, parts }) => (site?.leafRuns === true ? parts.path : null)),
    ),
  );
};

const neighbour = (roads: Roads, deviceId: string): Way =>
  way(roads, { key: `neighbour ${deviceId}`, via: 'neighbour', through: deviceId }, () =>
    throughNeighbour(hopTo(roads, deviceId, ({ site }) => site?.broker() ?? null)),
  );

const here = (members: readonly Candidate[]): Candidate[] =>
  members.filter(({ status }) => status === 'alive' || status === 'suspect');

/**
 * Without a link it asks, at the addresses that it was told of, who has one: that needs TLS and the
 * roster, but no key of the site, which may have changed while it was away.
 */
const seekNeighbours = (
  { device, site }: Roads,
  life: Process,
  isLinked: () => boolean,
  found: (deviceId: string) => void,
): void => {
  const { machine, deviceId } = device.parts;
  const asked = (to: Device): string | null => {
    const knowsUs = to.site?.trust.trust().members.has(deviceId) === true;
    const known = device.site?.trust.trust().members.has(to.parts.deviceId) === true;
    return knowsUs && known && (to.site?.broker() ?? null) !== null ? to.parts.deviceId : null;
  };
  const round = (): void => {
    life.after(seekEveryMs, round);
    if (isLinked()) return;
    for (const to of site.devices()) {
      if (to === device) continue;
      site.lan.ask(
        machine,
        to.parts.machine,
        () => asked(to),
        (answer) => {
          if (answer !== null) life.enter(() => found(answer));
        },
      );
    }
  };
  round();
};

export const createSiteWays = (
  device: Device,
  site: SiteParts,
  life: Process,
  effect: () => void,
): SiteWays => {
  const { kernel, exchange, random, path: wan, deviceId: self } = device.parts;
  const opened = new Set<SimulatedCarrier>();
  const roaming = createRoamingCarrier();
  const paths = new WeakMap<Way, Path>();
  const sought = new Set<string>();
  let offered: readonly Way[] = [];
  const dial = (path: Path): SimulatedCarrier => {
    const made = createCarrier({
      ...{ kernel, process: life, path, exchange, random, effect, redialMs },
    });
    const inner: SimulatedCarrier = {
      ...made,
      close: async () => {
        opened.delete(inner);
        await made.close();
      },
    };
    opened.add(inner);
    return inner;
  };
  const roads: Roads = { device, site, paths, dial };
  const ways = startWays({
    ...{ carrier: roaming, now: kernel.now, log, timers: life.timers },
    onChange: () => undefined,
  });
  const offer = (all: readonly Way[]): void => {
    // A way that is the same stays the same object: its path belongs to it.
    offered = all.map((each) => offered.find(({ key }) => key === each.key) ?? each);
    ways.offer(offered);
  };
  const isLinked = (): boolean => roaming.status() === 'connected';
  seekNeighbours(roads, life, isLinked, (deviceId) => {
    if (sought.has(deviceId)) return;
    sought.add(deviceId);
    offer([...offered, neighbour(roads, deviceId)]);
  });
  return {
    carrier: {
      ...roaming,
      deliver: (subject, bytes) => {
        for (const inner of opened) inner.deliver(subject, bytes);
      },
      pathChanged: () => {
        for (const inner of [...opened]) inner.pathChanged();
      },
    },
    offer: (members, holder) => {
      const leafs = here(members)
        .filter(({ claim }) => (claim?.leafPort ?? 0) > 0 && (claim?.uplink ?? 0) > 0)
        .sort((a, b) => Number(b.device === holder) - Number(a.device === holder))
        .map((each) => leafOf(roads, each));
      const told = neighboursOf(members, self, hash32).slice(0, neighboursMax);
      const hub = { key: 'hub', via: 'hub', through: 'the hub' } as const;
      offer([
        ...leafs,
        ...(site.wired ? [way(roads, hub, () => wan)] : []),
        ...[...new Set([...told, ...sought])].map((each) => neighbour(roads, each)),
      ]);
    },
    path: () => {
      const current = ways.current() as Way | null;
      return current === null || current.via === 'neighbour' ? null : (paths.get(current) ?? null);
    },
    via: () => (ways.current() as Way | null)?.via ?? null,
    through: () => ways.current()?.through ?? null,
  };
};
