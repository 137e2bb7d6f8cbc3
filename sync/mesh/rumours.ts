/**
 * What is spread: each rumour and each small record a bounded number of times, to different members
 * each time, at once and then every 100 ms; rumours on every ping and answer that has room too.
 * Speed only: who misses one gets it by comparing.
 */
import {
  gossipFanout,
  gossipIntervalMs,
  messageBytesMax,
  pushesMax,
  pushesPerRoundMax,
  rumourSends,
  rumoursMax,
} from './limits.ts';
import { isHere, ringOf, sendTo, shuffled } from './members.ts';
import type { Member, Mesh, Push, Work } from './mesh.ts';
import {
  type MeshMessage,
  messageHeadBytes,
  type RecordName,
  type Rumour,
  rumourBytes,
  type Version,
} from './message.ts';

const keyOf = (rumour: Rumour): string => {
  if (rumour.kind === 'claim') return `claim ${rumour.signed.claim.device}`;
  if (rumour.kind === 'suspect') return `suspect ${rumour.device} ${rumour.by}`;
  return `holds ${rumour.name}`;
};

/** A newer rumour about the same takes the place of the older one. */
export const spread = ({ mesh }: Work, rumour: Rumour): void => {
  const key = keyOf(rumour);
  mesh.rumours.delete(key);
  if (mesh.rumours.size >= rumoursMax) dropOldest(mesh);
  mesh.rumours.set(key, { rumour, sent: 0, sizeBytes: rumourBytes(rumour) });
  mesh.gossipAt = Math.min(mesh.gossipAt, mesh.lived);
};

/** The record itself goes round, in place of the news that there is a newer one. */
export const spreadRecord = (
  { mesh }: Work,
  name: RecordName,
  { version, bytes }: { version: Version; bytes: Uint8Array },
): boolean => {
  if (mesh.pushes.size >= pushesMax && !mesh.pushes.has(name)) return false;
  mesh.pushes.set(name, { version, bytes, sent: 0 });
  mesh.rumours.delete(`holds ${name}`);
  mesh.gossipAt = Math.min(mesh.gossipAt, mesh.lived);
  return true;
};

const recordOf = (name: RecordName, { version, bytes }: Push): MeshMessage => ({
  ...({ kind: 'record', name, version, bytes } as const),
  ...{ index: 0, count: 1 },
});

const pushTo = (work: Work, member: Member): void => {
  const { mesh } = work;
  const limit = rumourSends(mesh.ring.length);
  const next = [...mesh.pushes].sort(([, a], [, b]) => a.sent - b.sent).slice(0, pushesPerRoundMax);
  for (const [name, push] of next) {
    sendTo(work, member, recordOf(name, push));
    push.sent += 1;
    if (push.sent >= limit) mesh.pushes.delete(name);
  }
};

const isQuiet = ({ rumours, pushes }: Mesh): boolean => rumours.size === 0 && pushes.size === 0;

const dropOldest = (mesh: Mesh): void => {
  for (const key of mesh.rumours.keys()) {
    mesh.rumours.delete(key);
    return;
  }
};

/** A suspicion of an incarnation that is gone is no news. */
export const forgetSuspicions = (mesh: Mesh, device: string): void => {
  for (const [key, { rumour }] of mesh.rumours) {
    if (rumour.kind === 'suspect' && rumour.device === device) mesh.rumours.delete(key);
  }
};

/** The least sent first, as many as fit; what has been sent often enough is forgotten. */
export const takeRumours = (
  mesh: Mesh,
  first: readonly Rumour[] = [],
  room = messageBytesMax - messageHeadBytes,
): Rumour[] => {
  const taken: Rumour[] = [];
  let left = room;
  for (const rumour of first) {
    const size = rumourBytes(rumour);
    if (size > left) continue;
    left -= size;
    taken.push(rumour);
  }
  if (mesh.rumours.size === 0) return taken;
  const limit = rumourSends(mesh.ring.length);
  const queue = [...mesh.rumours].sort(([, a], [, b]) => a.sent - b.sent);
  for (const [key, queued] of queue) {
    if (queued.sizeBytes > left || taken.includes(queued.rumour)) continue;
    left -= queued.sizeBytes;
    taken.push(queued.rumour);
    queued.sent += 1;
    if (queued.sent >= limit) mesh.rumours.delete(key);
  }
  return taken;
};

/** The next few members in a shuffled order, so that repeats of a rumour go to others. */
const nextTargets = ({ mesh, random }: Work): Member[] => {
  const targets: Member[] = [];
  const here = ringOf(mesh).length;
  let renewed = false;
  while (targets.length < Math.min(gossipFanout, here)) {
    const device = mesh.gossipRotation.pop();
    if (device === undefined) {
      if (renewed) break;
      renewed = true;
      mesh.gossipRotation = shuffled(
        ringOf(mesh).map((member) => member.device),
        random,
      );
      continue;
    }
    const member = mesh.members.get(device);
    if (member !== undefined && isHere(member) && !targets.includes(member)) targets.push(member);
  }
  return targets;
};

export const gossip = (work: Work): void => {
  const { mesh } = work;
  if (isQuiet(mesh)) mesh.gossipAt = Number.POSITIVE_INFINITY;
  if (mesh.gossipAt > mesh.lived) return;
  mesh.gossipAt = mesh.lived + gossipIntervalMs;
  for (const member of nextTargets(work)) {
    pushTo(work, member);
    const rumours = takeRumours(mesh);
    if (rumours.length > 0) sendTo(work, member, { kind: 'gossip', rumours });
  }
  // Alone there is nobody to tell; the claim goes with each contact, records by comparing.
  if (mesh.ring.length === 0) {
    mesh.rumours.clear();
    mesh.pushes.clear();
  }
  if (isQuiet(mesh)) mesh.gossipAt = Number.POSITIVE_INFINITY;
};
