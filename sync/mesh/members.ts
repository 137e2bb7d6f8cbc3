/**
 * The table of members: status, summary hashes, ring, addresses, and the steps that go out.
 * Invariant: the summary's hashes always are the sum over what is held. Decides nothing.
 */
import { hash32 } from './hash.ts';
import { bucketCount, warnIntervalMs, warningsMax } from './limits.ts';
import type { Member, Mesh, Status, WarnCode, Work } from './mesh.ts';
import type { Address, DeviceId, MeshMessage, RecordName, Summary, Version } from './message.ts';

export const newMember = (device: DeviceId, publicKey: string): Member => ({
  device,
  publicKey,
  place: hash32(`place ${device}`),
  signed: null,
  status: 'unknown',
  suspicion: null,
  observed: null,
  heardAt: Number.NEGATIVE_INFINITY,
  oldBoots: [],
  bootSince: Number.NEGATIVE_INFINITY,
  askedAt: Number.NEGATIVE_INFINITY,
  offersAfter: Number.NEGATIVE_INFINITY,
  piecesUntil: Number.NEGATIVE_INFINITY,
  hash: 0,
});

export const bucketOf = (key: string): number => hash32(key) % bucketCount;

const addHash = (mesh: Mesh, key: string, hash: number): void => {
  const bucket = bucketOf(key);
  mesh.buckets[bucket] = ((mesh.buckets[bucket] ?? 0) ^ hash) >>> 0;
};

const noteChange = ({ mesh }: Work): void => {
  mesh.changedAt = mesh.lived;
  mesh.compareDelayMs = 0;
};

/** Call after a member's claim or death changed. */
export const updateMemberHash = (work: Work, member: Member): void => {
  const { mesh } = work;
  const claim = member.signed?.claim;
  const hash =
    claim === undefined
      ? 0
      : hash32(
          `${claim.device} ${claim.bootId} ${claim.incarnation} ${claim.seq} ${member.status === 'dead'}`,
        );
  if (hash === member.hash) return;
  const difference = (member.hash ^ hash) >>> 0;
  mesh.membersHash = (mesh.membersHash ^ difference) >>> 0;
  addHash(mesh, member.device, difference);
  member.hash = hash;
  noteChange(work);
};

/** This device's own claim counts like everybody's, so that all who agree have the same sum. */
export const updateOwnHash = (work: Work, before: number): number => {
  const { mesh } = work;
  const { device, bootId, incarnation, seq } = mesh.signed.claim;
  const hash = hash32(`${device} ${bootId} ${incarnation} ${seq} false`);
  const difference = (before ^ hash) >>> 0;
  mesh.membersHash = (mesh.membersHash ^ difference) >>> 0;
  addHash(mesh, device, difference);
  noteChange(work);
  return hash;
};

export const setRecord = (work: Work, name: RecordName, version: Version | null): void => {
  const { mesh } = work;
  const present = mesh.records.get(name);
  let difference = present === undefined ? 0 : hash32(`${name} ${present}`);
  if (version === null) mesh.records.delete(name);
  else {
    mesh.records.set(name, version);
    difference = (difference ^ hash32(`${name} ${version}`)) >>> 0;
  }
  mesh.recordsHash = (mesh.recordsHash ^ difference) >>> 0;
  addHash(mesh, name, difference);
  noteChange(work);
};

export const summaryOf = (mesh: Mesh): Summary => ({
  members: mesh.membersHash,
  records: mesh.recordsHash,
});

export const isHere = (member: Member): boolean =>
  member.status === 'alive' || member.status === 'suspect';

/** The only place where a status changes. */
export const setStatus = (work: Work, member: Member, to: Status): void => {
  const was = member.status;
  if (was === to) return;
  const wasHere = isHere(member);
  member.status = to;
  if (to !== 'suspect') member.suspicion = null;
  if (wasHere !== isHere(member)) work.mesh.ringStale = true;
  updateMemberHash(work, member);
  work.steps.push({ kind: 'changed', member: member.device, to, was });
};

/** Alive and suspect members by their place; the next above this device is its ring neighbour. */
export const ringOf = (mesh: Mesh): readonly Member[] => {
  if (mesh.ringStale) {
    mesh.ring = [...mesh.members.values()]
      .filter(isHere)
      .sort((a, b) => a.place - b.place || (a.device < b.device ? -1 : 1));
    mesh.ringStale = false;
  }
  return mesh.ring;
};

/** Where a member may be reached: where it spoke from last, then what it says of itself. */
export const addressesOf = (mesh: Mesh, member: Member): readonly Address[] => {
  const claimed = member.signed?.claim.addresses ?? [];
  const all = member.observed === null ? [...claimed] : [member.observed, ...claimed];
  if (all.length === 0) {
    for (const contact of mesh.contacts.values()) {
      if (contact.device === member.device) all.push(contact.address);
    }
  }
  return [...new Set(all)];
};

export const sendTo = (work: Work, member: Member, message: MeshMessage, attempt = 0): void => {
  const { mesh, steps } = work;
  const addresses = addressesOf(mesh, member);
  const to = addresses[attempt % Math.max(1, addresses.length)];
  if (to === undefined) return;
  const introduce = member.heardAt === Number.NEGATIVE_INFINITY || !isHere(member);
  steps.push({ kind: 'send', to, device: member.device, introduce, message });
};

/** The same warning about the same device at most once a minute. */
export const warn = (work: Work, code: WarnCode, about: DeviceId): void => {
  const { mesh, steps } = work;
  const key = `${code} ${about}`;
  if (mesh.lived - (mesh.warnedAt.get(key) ?? Number.NEGATIVE_INFINITY) < warnIntervalMs) return;
  if (mesh.warnedAt.size >= warningsMax) mesh.warnedAt.clear();
  mesh.warnedAt.set(key, mesh.lived);
  steps.push({ kind: 'warn', code, about });
};

/** Fisher–Yates over what it is given. */
export const shuffled = <T>(items: readonly T[], random: () => number): T[] => {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const held = mixed[index] as T;
    mixed[index] = mixed[other] as T;
    mixed[other] = held;
  }
  return mixed;
};
