/**
 * Anti-entropy: two members find what differs between them and repair it, whatever rumours lost.
 * Every ping and answer carries a summary; where it differs and things are quiet, hashes of 32
 * buckets are compared, then what lies in the differing ones. Also now and then for nothing.
 */
import { hearClaim } from './claims.ts';
import { wantRecord } from './fetch.ts';
import {
  bucketCount,
  compareAnywayMs,
  compareIntervalMs,
  messageBytesMax,
  quietMs,
} from './limits.ts';
import { bucketOf, ringOf, sendTo } from './members.ts';
import type { Member, Mesh, Work } from './mesh.ts';
import {
  type MemberEntry,
  type MeshMessage,
  memberEntryBytes,
  messageHeadBytes,
  type RecordEntry,
  type Rumour,
  recordEntryBytes,
  rumourBytes,
  type SignedClaim,
  type Summary,
} from './message.ts';
import { giveRecords, tellOfRecords } from './push.ts';

type Digest = Extract<MeshMessage, { kind: 'digest' }>;

const buckets = (mesh: Mesh): MeshMessage => ({ kind: 'buckets', hashes: [...mesh.buckets] });

/** Compares with one whose summary differs, unless rumours still flow or it was just done. */
export const hearSummary = (work: Work, from: Member, { members, records }: Summary): void => {
  const { mesh } = work;
  if (members === mesh.membersHash && records === mesh.recordsHash) return;
  if (mesh.lived - mesh.changedAt < quietMs || mesh.lived < mesh.compareAt) return;
  mesh.compareDelayMs = Math.min(
    compareIntervalMs.max,
    Math.max(compareIntervalMs.first, mesh.compareDelayMs * 2),
  );
  mesh.compareAt = mesh.lived + mesh.compareDelayMs;
  sendTo(work, from, buckets(mesh));
};

export const compareAnyway = (work: Work): void => {
  const { mesh, random } = work;
  if (mesh.compareAnywayAt > mesh.lived) return;
  mesh.compareAnywayAt = mesh.lived + compareAnywayMs * (0.5 + random());
  const ring = ringOf(mesh);
  const member = ring[Math.floor(random() * ring.length)];
  if (member !== undefined) sendTo(work, member, buckets(mesh));
};

const entryOf = ({ claim }: SignedClaim, dead: boolean): MemberEntry => ({
  device: claim.device,
  incarnation: claim.incarnation,
  seq: claim.seq,
  dead,
});

/** What is held, by bucket; made only when buckets differ. */
const contents = (mesh: Mesh): (MemberEntry | RecordEntry)[][] => {
  const all: (MemberEntry | RecordEntry)[][] = Array.from({ length: bucketCount }, () => []);
  all[bucketOf(mesh.self)]?.push(entryOf(mesh.signed, false));
  for (const { device, signed, status } of mesh.members.values()) {
    if (signed !== null) all[bucketOf(device)]?.push(entryOf(signed, status === 'dead'));
  }
  for (const [name, version] of mesh.records) all[bucketOf(name)]?.push({ name, version });
  return all;
};

const sizeOf = (entry: MemberEntry | RecordEntry): number =>
  'device' in entry ? memberEntryBytes : recordEntryBytes(entry);

const digestOf = (complete: number, entries: (MemberEntry | RecordEntry)[]): Digest => ({
  kind: 'digest',
  complete: complete >>> 0,
  members: entries.filter((entry) => 'device' in entry),
  records: entries.filter((entry) => 'name' in entry),
});

/** Answers with all that lies in the differing buckets, as far as one packet holds. */
export const hearBuckets = (work: Work, from: Member, hashes: readonly number[]): void => {
  const { mesh, random } = work;
  if (hashes.length !== bucketCount) return;
  const differing = hashes.flatMap((hash, index) => (hash === mesh.buckets[index] ? [] : [index]));
  if (differing.length === 0) return;
  const held = contents(mesh);
  const start = Math.floor(random() * differing.length);
  let room = messageBytesMax - messageHeadBytes;
  let complete = 0;
  const told: (MemberEntry | RecordEntry)[] = [];
  for (let step = 0; step < differing.length; step += 1) {
    const bucket = differing[(start + step) % differing.length] ?? 0;
    const entries = held[bucket] ?? [];
    const size = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    if (size <= room) {
      complete |= 1 << bucket;
      told.push(...entries);
      room -= size;
      continue;
    }
    // A bucket larger than what is left: begin somewhere, so that repeats reach all of it.
    const offset = Math.floor(random() * entries.length);
    for (let index = 0; index < entries.length; index += 1) {
      const entry = entries[(offset + index) % entries.length];
      if (entry === undefined || sizeOf(entry) > room) break;
      told.push(entry);
      room -= sizeOf(entry);
    }
    break;
  }
  sendTo(work, from, digestOf(complete, told));
};

const signedOf = (mesh: Mesh, device: string): SignedClaim | null =>
  device === mesh.self ? mesh.signed : (mesh.members.get(device)?.signed ?? null);

/** Packs rumours into as many packets as they need, but no more than a few. */
const sendRumours = (work: Work, to: Member, rumours: readonly Rumour[]): void => {
  let packet: Rumour[] = [];
  let size = messageHeadBytes;
  let packets = 0;
  for (const rumour of rumours) {
    const bytes = rumourBytes(rumour);
    if (size + bytes > messageBytesMax && packet.length > 0) {
      sendTo(work, to, { kind: 'gossip', rumours: packet });
      packets += 1;
      if (packets >= answerPacketsMax) return;
      packet = [];
      size = messageHeadBytes;
    }
    packet.push(rumour);
    size += bytes;
  }
  if (packet.length > 0) sendTo(work, to, { kind: 'gossip', rumours: packet });
};

/** One question is answered by at most 8 × 1,200 bytes: about 40 claims. */
const answerPacketsMax = 8;

const claimRumour = (mesh: Mesh, signed: SignedClaim): Rumour => ({
  kind: 'claim',
  signed,
  dead: mesh.members.get(signed.claim.device)?.status === 'dead',
});

export type DeathSaid = { device: string; incarnation: number };

/**
 * Sends what the other lacks, asks for what it has newer, and tells whom it calls dead that we do
 * not, and the other way round: the caller judges that.
 */
export const hearDigest = (
  work: Work,
  from: Member,
  digest: Digest,
): { calledDead: DeathSaid[]; calledAlive: DeathSaid[] } => {
  const { mesh } = work;
  const newerHere: Rumour[] = [];
  const olderHere: (MemberEntry | RecordEntry)[] = [];
  const calledDead: DeathSaid[] = [];
  const calledAlive: DeathSaid[] = [];
  const seen = new Set<string>();
  for (const entry of digest.members) {
    seen.add(entry.device);
    const signed = signedOf(mesh, entry.device);
    if (signed === null) {
      if (mesh.members.has(entry.device)) {
        olderHere.push({ device: entry.device, incarnation: 0, seq: 0, dead: false });
      }
      continue;
    }
    const { incarnation, seq } = signed.claim;
    const order = entry.incarnation - incarnation || entry.seq - seq;
    if (order < 0) newerHere.push(claimRumour(mesh, signed));
    else if (order > 0) olderHere.push(entryOf(signed, false));
    else {
      const dead = mesh.members.get(entry.device)?.status === 'dead';
      if (entry.dead && !dead) calledDead.push(entry);
      if (!entry.dead && dead) calledAlive.push(entry);
    }
  }
  for (const entry of digest.records) {
    seen.add(entry.name);
    const version = mesh.records.get(entry.name) ?? 0;
    if (entry.version > version) wantRecord(work, from.device, entry.name, entry.version);
    else if (entry.version < version) {
      newerHere.push({ kind: 'holds', name: entry.name, version });
    }
  }
  if (digest.complete !== 0) newerHere.push(...unseen(mesh, digest.complete, seen));
  giveRecords(
    work,
    from,
    newerHere.filter((rumour) => rumour.kind === 'holds'),
  );
  sendRumours(work, from, newerHere);
  if (olderHere.length > 0) sendTo(work, from, digestOf(0, olderHere.slice(0, entriesAskedMax)));
  return { calledDead, calledAlive };
};

/** 40 entries of 28 bytes: one packet. */
const entriesAskedMax = 40;

/** What we hold in buckets of which the other told everything. */
const unseen = (mesh: Mesh, complete: number, seen: ReadonlySet<string>): Rumour[] => {
  const rumours: Rumour[] = [];
  contents(mesh).forEach((entries, bucket) => {
    if ((complete & (1 << bucket)) === 0) return;
    for (const entry of entries) {
      if ('name' in entry) {
        if (!seen.has(entry.name)) rumours.push({ kind: 'holds', ...entry });
      } else if (!seen.has(entry.device)) {
        const signed = signedOf(mesh, entry.device);
        if (signed !== null) rumours.push(claimRumour(mesh, signed));
      }
    }
  });
  return rumours;
};

/**
 * Asks a member for its claim: it spoke as somebody we do not know it as. It is shown the claim we
 * hold, because a device that forgot its last life must stand above it to be believed.
 */
export const askForClaim = (work: Work, member: Member): void => {
  const { mesh } = work;
  if (mesh.lived - member.askedAt < quietMs) return;
  member.askedAt = mesh.lived;
  const entry = { device: member.device, incarnation: 0, seq: 0, dead: false };
  sendTo(work, member, digestOf(0, [entry]));
  if (member.signed === null) return;
  const known = claimRumour(mesh, member.signed);
  sendTo(work, member, { kind: 'gossip', rumours: [known] });
};

/** Rumours that came in any message: claims and records are taken here, suspicion by the caller. */
export const hearNews = (work: Work, from: Member, rumour: Rumour): void => {
  const { mesh } = work;
  if (rumour.kind === 'claim') hearClaim(work, rumour.signed, rumour.dead);
  if (rumour.kind !== 'holds') return;
  const version = mesh.records.get(rumour.name) ?? 0;
  if (rumour.version > version) wantRecord(work, from.device, rumour.name, rumour.version);
  else if (rumour.version < version) {
    tellOfRecords(work, from, [{ name: rumour.name, version }]);
  }
};
