/**
 * What befalls a site whose devices form a mesh: its network, its keys and who belongs to it, and
 * what members do to each other. Each does nothing where there is no mesh.
 */
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Random } from '../kernel/random.ts';
import type { Device } from '../world/device.ts';
import { copyContent } from '../world/disk.ts';
import { addressOf, type SiteWorld } from '../world/site-world.ts';
import type { World } from '../world/world.ts';
import { disturb } from './hostile-member.ts';
import type { SiteFault } from './kinds.ts';
import type { Strike } from './strikes.ts';

const second = 1_000;
const minute = 60 * second;

type Act = (at: { world: World; site: SiteWorld; device: Device; random: Random }) => void;

const there =
  (act: Act): Strike =>
  (world, device, random) => {
    if (world.site !== null) act({ world, site: world.site, device, random });
  };

const onLan = (
  begin: (site: SiteWorld, device: Device, random: Random) => void,
  end: (site: SiteWorld) => void,
  fromMs: number,
  toMs: number,
): Strike =>
  there(({ world, site, device, random }) => {
    begin(site, device, random);
    world.kernel.later(random.between(fromMs, toMs), () => end(site));
  });

const cut = (site: SiteWorld, from: Device, to: Device): void => {
  if (from !== to) site.lan.cuts.add(`${from.parts.machine}>${to.parts.machine}`);
};

const uncut = ({ lan }: SiteWorld): void => lan.cuts.clear();

/** A key is exchanged; what the old one signed is signed again by the new one. */
const rotateKeys: Act = ({ world, site, random }) => {
  const role = random.pick(['director', 'ingest', 'membership'] as const);
  site.authority.rotate(role, random.pick(['add', 'replace'] as const));
  if (role === 'director') world.director.signAgain();
  for (const [deviceId, known] of world.directory) {
    world.directory.set(deviceId, { ...known, ingestSigner: site.authority.signer('ingest') });
  }
};

/** Ingest looks it up within half a minute. */
const lookUpMs = 30 * second;

const revoke: Act = ({ world, site, device, random }) => {
  const { deviceId } = device.parts;
  if (site.authority.revoked.size > 0 || site.authority.members.size < 3) return;
  // Somebody with an uplink stays, or nothing that is signed from now on reaches the site.
  const reaches = ({ parts }: Device): boolean =>
    parts.mesh?.wired === true && parts.deviceId !== deviceId;
  if (!world.devices.some(reaches)) return;
  site.authority.revoke(deviceId);
  world.kernel.later(random.between(0, lookUpMs), () => {
    const known = world.directory.get(deviceId);
    if (known !== undefined) world.directory.set(deviceId, { ...known, approved: false });
    site.checks.refused.add(deviceId);
  });
};

/** The database is an old copy again; the file beside it is not. */
const damageDatabase: Act = ({ world, device, random }) => {
  const old = copyContent(device.disk.content);
  world.kernel.later(random.between(minute, 8 * minute), () => {
    if (world.peace || device.retired || device.process === null) return;
    // The whole disk may have been exchanged meanwhile: then the two are of different timelines.
    const { highest } = device;
    device.kill('power');
    const { trustCopy } = device.disk.content;
    device.replaceDisk({ ...old, trustCopy });
    device.highest = highest;
    world.kernel.later(random.between(second, 20 * second), device.boot);
  });
};

/** Only the file is lost, or older. */
const damageCopy: Act = ({ device, random, world }) => {
  if (device.retired || device.process === null) return;
  const old = device.disk.content.trustCopy;
  world.kernel.later(random.between(minute, 8 * minute), () => {
    if (world.peace || device.retired || device.process === null) return;
    device.kill('power');
    device.disk.content.trustCopy = random.chance(0.5) ? null : old;
    world.kernel.later(random.between(second, 20 * second), device.boot);
  });
};

/** It gives others something else than what it holds: an old one, a changed one, another one. */
const lie: Act = ({ world, site, device, random }) => {
  const { mesh } = device.parts;
  if (mesh === null || site.checks.liars.has(device)) return;
  site.checks.liars.add(device);
  const honest = mesh.serves;
  const kept = new Map<RecordName, Uint8Array>();
  mesh.serves = (name, bytes) => {
    if (bytes === null) return null;
    if (!kept.has(name)) kept.set(name, bytes);
    const how = random.int(3);
    if (how === 0) return kept.get(name) ?? null;
    return how === 1 ? world.notary.tamper(bytes) : random.pick([...kept.values()]);
  };
  world.kernel.later(random.between(20 * second, 5 * minute), () => {
    mesh.serves = honest;
    // What it said may still be on its way to one that stands still.
    world.kernel.later(3 * minute, () => site.checks.liars.delete(device));
  });
};

export const siteStrikes: Record<SiteFault, Strike> = {
  'lan-loss': onLan(
    ({ lan }, _device, random) => {
      lan.loss = random.pick([0.05, 0.2, 0.3, 0.6]);
    },
    ({ lan }) => {
      lan.loss = 0;
    },
    5 * second,
    4 * minute,
  ),
  'lan-doubled': onLan(
    ({ lan }) => {
      lan.doubled = 0.3;
    },
    ({ lan }) => {
      lan.doubled = 0;
    },
    minute,
    10 * minute,
  ),
  'lan-late': onLan(
    ({ lan }, _device, random) => {
      lan.jitterMs = random.pick([30, 150, 900]);
    },
    ({ lan }) => {
      lan.jitterMs = 1;
    },
    10 * second,
    3 * minute,
  ),
  'lan-split': there(({ world, site, random }) => {
    const half = world.devices.filter(() => random.chance(0.5));
    site.lan.half = new Set(half.map(({ parts }) => parts.machine));
    world.kernel.later(random.between(3 * second, 6 * minute), () => {
      site.lan.half = null;
    });
  }),
  'lan-one-way': onLan(
    (site, device, random) => {
      const other = random.pick(site.machines());
      cut(site, device, other);
    },
    uncut,
    5 * second,
    4 * minute,
  ),
  'lan-deaf': onLan(
    (site, device) => {
      for (const other of site.machines()) cut(site, other, device);
    },
    uncut,
    3 * second,
    2 * minute,
  ),
  'address-moved': there(({ world, device, random }) => {
    const { mesh, machine } = device.parts;
    if (mesh === null || device.retired) return;
    device.kill('killed');
    mesh.address = addressOf(machine, 1 + random.int(5));
    world.kernel.later(random.between(second, 20 * second), device.boot);
  }),
  'guest-changed': there(({ site }) => site.authority.changeGuest()),
  'keys-rotated': there(rotateKeys),
  'root-rotated': there(({ site }) => site.authority.rotateRoot()),
  'snapshot-renewed': there(({ site }) => site.authority.renew()),
  'device-revoked': there(revoke),
  'database-damaged': there(damageDatabase),
  'trust-file-damaged': there(damageCopy),
  'hostile-member': there(({ world, device, random }) => disturb(world, device, random)),
  'hostile-records': there(lie),
};

export const healSite = (world: World): void => {
  if (world.site === null) return;
  const { lan, authority } = world.site;
  Object.assign(lan, { loss: 0, doubled: 0, jitterMs: 1, half: null });
  lan.cuts.clear();
  for (const { parts } of world.devices) {
    if (parts.mesh !== null) parts.mesh.serves = world.site.honest;
  }
  authority.publish();
};
