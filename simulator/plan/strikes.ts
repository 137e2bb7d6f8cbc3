/**
 * What each fault does when it strikes, and what ends it. A strike picks its target and its length
 * from the fault's own stream of chance, so that leaving another fault out changes nothing here.
 */

import { labels } from '@signalbeam/edge/core/container';
import { pullSource } from '@signalbeam/edge/core/spec';
import type { Random } from '../kernel/random.ts';
import type { Path } from '../world/carrier.ts';
import type { Device } from '../world/device.ts';
import { copyContent } from '../world/disk.ts';
import { bringImage, crashContainer, digestIn, goDown, meddle, powerCycle } from '../world/host.ts';
import type { World } from '../world/world.ts';
import { listenIn } from './hostile.ts';
import type { FaultKind } from './kinds.ts';
import { healSite, siteStrikes } from './site-strikes.ts';

export type Strike = (world: World, device: Device, random: Random) => void;

const second = 1_000;
const minute = 60 * second;

/** For a while; ends by itself, or when everything is healed. */
const onPath =
  (how: Partial<Path>, healed: Partial<Path>, fromMs: number, toMs: number): Strike =>
  (world, device, random) => {
    Object.assign(device.parts.path, how);
    device.carrier?.pathChanged();
    world.kernel.later(random.between(fromMs, toMs), () => {
      Object.assign(device.parts.path, healed);
      device.carrier?.pathChanged();
    });
  };

const ours = (device: Device) =>
  [...device.parts.host.containers.values()].filter(
    (each) => each.labels[labels.device] === device.parts.deviceId && each.state === 'running',
  );

const clock =
  (offset: (random: Random) => number): Strike =>
  (_world, device, random) => {
    device.parts.clock.offsetMs = offset(random);
  };

const tenYears = 10 * 365 * 86_400_000;
const to1970 = -1_767_225_600_000;

const restoreDisk: Strike = (world, device, random) => {
  const old = copyContent(device.disk.content);
  world.kernel.later(random.between(2 * minute, 40 * minute), () => {
    if (world.peace) return;
    device.kill('power');
    device.replaceDisk(old);
    world.kernel.later(random.between(second, minute), device.boot);
  });
};

const dieAt: Strike = (world, device, random) => {
  if (device.process === null) return;
  // Deaths come close together: the second one meets the first one's mess.
  device.fuse = 1 + random.int(random.chance(0.5) ? 12 : 150);
  world.kernel.turn();
  world.kernel.trace.note('fuse', device.parts.number, device.fuse);
};

const powerCut: Strike = (world, device, random) => {
  device.kill('power');
  const longestMs = random.chance(0.2) ? 20 * minute : 3 * minute;
  world.kernel.later(random.between(2 * second, longestMs), () => {
    powerCycle(device.parts.host);
    device.boot();
  });
};

const forAll =
  (
    begin: (world: World) => void,
    end: (world: World) => void,
    fromMs: number,
    toMs: number,
  ): Strike =>
  (world, _device, random) => {
    begin(world);
    world.kernel.later(random.between(fromMs, toMs), () => end(world));
  };

const onHost =
  (
    begin: (device: Device) => void,
    end: (device: Device) => void,
    fromMs: number,
    toMs: number,
  ): Strike =>
  (world, device, random) => {
    begin(device);
    world.kernel.later(random.between(fromMs, toMs), () => end(device));
  };

/** Somebody else on the host fetches the very image that the agent is about to fetch. */
const strangerPulls: Strike = (world, device, random) => {
  // Now, or between the agent's look at what is here and its own pull.
  device.parts.host.strangerWaits = random.chance(0.5);
  for (const { update } of device.disk.content.slots.values()) {
    if (update?.phase !== 'prepare') continue;
    const release = world.director.releases.get(update.target.releaseDigest)?.release;
    for (const { image } of release?.containers ?? []) {
      bringImage(device.parts.host, digestIn(image), pullSource(image, 5_000));
    }
  }
};

const killReplica: Strike = (world, _device, random) => {
  const replica = random.pick(world.replicas);
  replica.kill();
  world.kernel.later(random.between(second, minute), replica.start);
};

const container =
  (act: (device: Device, id: string, random: Random) => void): Strike =>
  (_world, device, random) => {
    const running = ours(device);
    if (running.length > 0) act(device, random.pick(running).id, random);
  };

export const strikes: Record<FaultKind, Strike> = {
  'link-cut': (world, device, random) =>
    onPath(
      { cut: true },
      { cut: false },
      5 * second,
      // Now and then so long that history has to make way for what is new.
      random.chance(0.3) ? 150 * minute : 40 * minute,
    )(world, device, random),
  'half-open': onPath(
    { upLost: true, downLost: true },
    { upLost: false, downLost: false },
    second,
    10 * minute,
  ),
  'one-way': (world, device, random) =>
    (random.chance(0.5)
      ? onPath({ downLost: true }, { downLost: false }, second, 5 * minute)
      : onPath({ upLost: true }, { upLost: false }, second, 5 * minute))(world, device, random),
  'hub-away': onPath({ hubAway: true }, { hubAway: false }, 2 * second, 20 * minute),
  'slow-link': onPath({ bytesPerSecond: 2_000 }, { bytesPerSecond: 0 }, minute, 20 * minute),
  jitter: onPath(
    { delayMs: 300, jitterMs: 2_500 },
    { delayMs: 20, jitterMs: 10 },
    10 * second,
    10 * minute,
  ),
  'broker-tail': (world, _device, random) => world.broker.loseTail(1 + random.int(40)),
  'broker-redelivers': (world, _device, random) => world.broker.redeliver(1 + random.int(20)),
  'broker-stalls': (world, _device, random) => {
    world.broker.stalledUntil = world.kernel.now() + random.between(second, 3 * minute);
  },
  'broker-deleted': (world) => world.broker.deleteAll(),
  'replica-killed': killReplica,
  'replica-paused': (world, _device, random) =>
    random
      .pick(world.replicas)
      .pauseUntil(world.kernel.now() + random.between(second, 40 * second)),
  'commit-fails': (world, _device, random) => {
    world.postgres.failing = { commits: 1 + random.int(4), doneAnyway: false };
  },
  'commit-unknown': (world, _device, random) => {
    world.postgres.failing = { commits: 1 + random.int(2), doneAnyway: true };
  },
  'postgres-down': forAll(
    ({ postgres }) => {
      postgres.down = true;
    },
    ({ postgres }) => {
      postgres.down = false;
    },
    second,
    10 * minute,
  ),
  'postgres-restored': (world, _device, random) => {
    world.postgres.backup();
    // Back by seconds, as from a log of transactions, or by an hour, as from a dump.
    const backMs = random.chance(0.5)
      ? random.between(5 * second, minute)
      : random.between(minute, 60 * minute);
    world.kernel.later(backMs, () => {
      if (world.peace || !world.postgres.restore()) return;
      world.rollouts?.forgetLost();
      world.kernel.trace.note('postgres restored', 0, 0);
    });
  },
  pressure: forAll(
    ({ pressure }) => {
      pressure.value = 1;
    },
    ({ pressure }) => {
      pressure.value = 0;
    },
    minute,
    30 * minute,
  ),
  'agent-killed': dieAt,
  'power-cut': powerCut,
  'agent-paused': (world, device, random) =>
    device.process?.pauseUntil(world.kernel.now() + random.between(2 * second, 90 * second)),
  'disk-full': (world, device, random) => {
    device.disk.full = true;
    world.kernel.later(random.between(minute, 30 * minute), () => {
      device.disk.full = false;
    });
  },
  'disk-restored': restoreDisk,
  'disk-cloned': (world, device) => {
    // Without an uplink of its own a clone reaches nobody: the mesh knows its device already.
    if (world.devices.length < 5 && device.parts.mesh?.wired !== false)
      world.clone(device, copyContent(device.disk.content));
  },
  'engine-down': onHost(
    ({ parts }) => goDown(parts.host),
    ({ parts }) => {
      parts.host.down = false;
    },
    second,
    10 * minute,
  ),
  'container-crash': container(({ parts }, id) => crashContainer(parts.host, id)),
  'container-meddled': container(({ parts }, id, random) =>
    meddle(parts.host, id, random.chance(0.5) ? 'stop' : 'remove'),
  ),
  'stranger-pulls': strangerPulls,
  'slow-pull': onHost(
    ({ parts }) => {
      parts.host.pullMs = 90_000;
    },
    ({ parts }) => {
      parts.host.pullMs = 400;
    },
    minute,
    20 * minute,
  ),
  'pull-fails': (_world, device, random) => {
    device.parts.host.pullFails = 1 + random.int(4);
  },
  'probe-fails': onHost(
    ({ parts }) => {
      parts.host.probesFail = true;
    },
    ({ parts }) => {
      parts.host.probesFail = false;
    },
    2 * second,
    2 * minute,
  ),
  'clock-1970': clock(() => to1970),
  'clock-future': clock(() => tenYears),
  'clock-jump': clock((random) => random.between(-2 * 3_600_000, 2 * 3_600_000)),
  'clock-drift': (_world, device, random) => {
    device.parts.clock.drift = random.between(-0.0002, 0.0002);
  },
  'hostile-replay': (world, device, random) => listenIn(world, device, random, 'replay'),
  'hostile-forgery': (world, device, random) => listenIn(world, device, random, 'forgery'),
  'hostile-misdelivery': (world, device, random) => listenIn(world, device, random, 'misdelivery'),
  ...siteStrikes,
  'disk-fails': (_world, device, random) => {
    device.disk.failing = 1 + random.int(random.chance(0.7) ? 2 : 12);
  },
  'orchestrator-killed': (world, _device, random) => {
    if (world.rollouts === null) return;
    // Deaths come close together: the second one meets the first one's mess.
    world.rollouts.orchestrator.fuse = 1 + random.int(random.chance(0.5) ? 8 : 60);
  },
  // The hub stands and stores; nobody answers greetings and nobody confirms.
  'ingest-away': forAll(
    ({ replicas }) => {
      for (const replica of replicas) replica.kill();
    },
    ({ replicas }) => {
      for (const replica of replicas) replica.start();
    },
    2 * second,
    20 * minute,
  ),
};

/** Everything that lasts comes to an end, wrong clocks included. */
export const healAll = (world: World): void => {
  world.peace = true;
  healSite(world);
  world.postgres.down = false;
  world.postgres.failing = { commits: 0, doneAnyway: false };
  world.pressure.value = 0;
  world.broker.stalledUntil = 0;
  for (const replica of world.replicas) replica.start();
  if (world.rollouts !== null) {
    world.rollouts.orchestrator.fuse = 0;
    world.rollouts.orchestrator.start();
  }
  for (const device of world.devices) {
    Object.assign(device.parts.path, {
      cut: false,
      upLost: false,
      downLost: false,
      hubAway: false,
      bytesPerSecond: 0,
      delayMs: 20,
      jitterMs: 10,
    });
    Object.assign(device.parts.host, { down: false, probesFail: false, pullMs: 400, pullFails: 0 });
    device.disk.full = false;
    device.disk.failing = 0;
    device.parts.clock.offsetMs = 0;
    device.fuse = 0;
    device.boot();
  }
};
