/**
 * What must hold of a site once all faults are over: every member believes the newest of everything
 * that is signed, word for word; all see each other alive and nobody else; one runs the leaf and all
 * agree who. Where two machines share an identity, the mesh only has to say so.
 */
import type { Device } from '../world/device.ts';
import type { World } from '../world/world.ts';

const recordsOf = (world: World, device: Device): string | null => {
  const { parts, site } = device;
  if (site === null) return `device ${parts.number} has not begun`;
  const versions = site.trust.versions();
  for (const [name, { version, bytes }] of world.site?.authority.records ?? []) {
    const has = versions.get(name) ?? 0;
    if (has !== version) return `device ${parts.number} has ${name} ${has} of ${version}`;
    const held = site.trust.held(name);
    if (held === null || Buffer.compare(held, bytes) !== 0)
      return `device ${parts.number} does not hold the bytes of ${name} ${version}`;
  }
  return null;
};

const membersOf = (device: Device, others: readonly Device[]): string | null => {
  const seen = device.site?.shell?.members() ?? [];
  const who = `device ${device.parts.number}`;
  for (const other of others) {
    const status = seen.find((each) => each.device === other.parts.deviceId)?.status ?? 'nobody';
    if (status !== 'alive') return `${who} takes device ${other.parts.number} for ${status}`;
  }
  const alive = seen.filter(({ status }) => status === 'alive').length;
  return alive === others.length ? null : `${who} sees ${alive} others where ${others.length} are`;
};

const gatewayOf = (here: readonly Device[]): string | null => {
  const holders = new Set(here.map(({ site }) => site?.holder ?? null));
  if (holders.size > 1) return 'they do not agree on the gateway';
  const leafs = here.filter(({ site }) => site?.leafRuns === true);
  const able = here.some(({ parts }) => parts.mesh?.wired === true && parts.mesh.canRunLeaf);
  if (leafs.length !== (able ? 1 : 0)) return `${leafs.length} of them run a leaf`;
  const [leaf] = leafs;
  return leaf === undefined || holders.has(leaf.parts.deviceId)
    ? null
    : `device ${leaf.parts.number} runs the leaf and is not the gateway`;
};

export const isRevoked = ({ site }: World, { parts }: Device): boolean =>
  site?.authority.revoked.has(parts.deviceId) === true;

/** Who still is of the site. */
export const membersHere = (world: World): Device[] =>
  world.devices.filter((device) => !(device.retired || isRevoked(world, device)));

/** One with an uplink hears of its revocation; nobody of the site speaks to one without. */
const revokedOpen = (world: World): string | null => {
  const unaware = world.devices.find(
    (each) => isRevoked(world, each) && !each.retired && each.parts.mesh?.wired === true,
  );
  return unaware === undefined ? null : `device ${unaware.parts.number} was revoked and goes on`;
};

export const hasClones = (here: readonly Device[]): boolean =>
  new Set(here.map(({ parts }) => parts.deviceId)).size < here.length;

export const siteOpen = (world: World): string | null => {
  if (world.site === null) return null;
  const here = membersHere(world);
  const unaware = revokedOpen(world);
  if (unaware !== null) return unaware;
  for (const device of here) {
    const open =
      device.process === null ? `device ${device.parts.number} is down` : recordsOf(world, device);
    if (open !== null) return open;
  }
  if (hasClones(here)) return null;
  for (const device of here) {
    const others = here.filter((each) => each !== device);
    const open = membersOf(device, others);
    if (open !== null) return open;
  }
  return gatewayOf(here);
};
