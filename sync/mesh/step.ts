/**
 * One thing happens to a member, and what it does then: `(known, event, now) → {steps, waiting}`.
 * Timers run on lived time: what a stalled process did not live through ends no one's deadline.
 * Pure but for the `Mesh` that it owns and changes in place.
 */
import { changeOwnClaim, claimAnew, highestOwn, refute } from './claims.ts';
import {
  askForClaim,
  compareAnyway,
  hearBuckets,
  hearDigest,
  hearNews,
  hearSummary,
} from './compare.ts';
import { addContact, contactWhereItWas, reachOut } from './contact.ts';
import { endFetch, nextFetchAt, planFetches, takeRecords } from './fetch.ts';
import { hash32 } from './hash.ts';
import { lagUnwellMs, oldBootGraceMs, refuteIntervalMs, wakeSlackMs } from './limits.ts';
import {
  addressesOf,
  isHere,
  newMember,
  ringOf,
  sendTo,
  setStatus,
  summaryOf,
  updateMemberHash,
  updateOwnHash,
  warn,
} from './members.ts';
import type {
  Member,
  Mesh,
  MeshEvent,
  MeshResult,
  MeshRoster,
  Surroundings,
  Work,
} from './mesh.ts';
import type { Address, Claim, MeshMessage, OwnClaim, Rumour } from './message.ts';
import {
  beginRound,
  hearAck,
  hearPingAnswer,
  hearPingRequest,
  nextProbeAt,
  probe,
  worsenHealth,
} from './probe.ts';
import { hearPiece, hearWish, nextPullAt, planPulls } from './pull.ts';
import { hearRecord, judgeOffer } from './push.ts';
import { gossip, takeRumours } from './rumours.ts';
import { accusationOf, hearSuspicion, judgeSuspects, nextVerdictAt } from './suspicion.ts';

/** `incarnation`: the highest this device remembers of itself, or 0. */
export const startMesh = (
  self: { device: string; bootId: string; incarnation: number; claim: OwnClaim },
  roster: MeshRoster,
  surroundings: Surroundings,
): Mesh => {
  const { now, random, seal } = surroundings;
  const incarnation = self.incarnation + 1;
  const claim = { ...self.claim, device: self.device, bootId: self.bootId, incarnation, seq: 1 };
  const mesh: Mesh = {
    self: self.device,
    bootId: self.bootId,
    publicKey: '',
    rosterVersion: 0,
    members: new Map(),
    ring: [],
    ringStale: true,
    lived: 0,
    lastNow: now,
    promisedAt: now,
    healthScore: 0,
    own: self.claim,
    incarnation,
    seq: 1,
    signed: seal.sign({ ...claim, leaving: false }),
    leaving: false,
    refutedAt: Number.NEGATIVE_INFINITY,
    refuteDue: false,
    ownHash: 0,
    place: hash32(`place ${self.device}`),
    outbid: [],
    foreignIncarnation: 0,
    nextSeq: Math.floor(random() * 0x1_0000_0000),
    probeAt: random() * 1_000,
    probeCount: 0,
    rotation: [],
    rounds: new Map(),
    rumours: new Map(),
    gossipAt: Number.POSITIVE_INFINITY,
    gossipRotation: [],
    pushes: new Map(),
    records: new Map(),
    recordsTold: false,
    buckets: new Uint32Array(32),
    membersHash: 0,
    recordsHash: 0,
    changedAt: Number.NEGATIVE_INFINITY,
    compareAt: 0,
    compareDelayMs: 0,
    compareAnywayAt: random() * 30_000,
    wants: new Map(),
    pulls: new Map(),
    fetches: new Map(),
    pauses: new Map(),
    strangerAt: Number.NEGATIVE_INFINITY,
    contacts: new Map(),
    contactAt: 0,
    warnedAt: new Map(),
  };
  const work: Work = { ...surroundings, mesh, steps: [] };
  mesh.ownHash = updateOwnHash(work, 0);
  takeRoster(work, roster);
  return mesh;
};

export const meshStep = (mesh: Mesh, event: MeshEvent, surroundings: Surroundings): MeshResult => {
  const work: Work = { ...surroundings, mesh, steps: [] };
  live(work);
  take(work, event);
  if (mesh.refuteDue) refute(work, mesh.incarnation);
  probe(work);
  judgeSuspects(work);
  for (const step of work.steps) {
    if (step.kind === 'changed' && step.to === 'dead') contactWhereItWas(mesh, step.member);
  }
  gossip(work);
  compareAnyway(work);
  planPulls(work);
  planFetches(work);
  reachOut(work);
  const wakeAt = surroundings.now + Math.max(0, Math.ceil(nextAt(mesh) - mesh.lived));
  mesh.promisedAt = wakeAt;
  return { mesh, steps: work.steps, waiting: waitingFor(mesh), wakeAt };
};

/** Lived time goes on, but not through what came later than the wake that was asked for. */
const live = ({ mesh, now }: Work): void => {
  const lived = Math.max(0, Math.min(now, mesh.promisedAt + wakeSlackMs) - mesh.lastNow);
  const missed = Math.max(0, now - mesh.lastNow) - lived;
  mesh.lived += lived;
  mesh.lastNow = Math.max(now, mesh.lastNow);
  if (missed > lagUnwellMs) worsenHealth(mesh, 1);
};

const nextAt = (mesh: Mesh): number =>
  Math.min(
    nextProbeAt(mesh),
    nextVerdictAt(mesh),
    mesh.gossipAt,
    mesh.compareAnywayAt,
    nextPullAt(mesh),
    nextFetchAt(mesh),
    mesh.leaving ? Number.POSITIVE_INFINITY : mesh.contactAt,
    mesh.refuteDue ? mesh.refutedAt + refuteIntervalMs : Number.POSITIVE_INFINITY,
    mesh.lived + 10_000,
  );

const take = (work: Work, event: MeshEvent): void => {
  const { mesh } = work;
  switch (event.kind) {
    case 'heard':
      hear(work, event);
      return;
    case 'roster':
      takeRoster(work, event.roster);
      return;
    case 'hints':
      for (const { device, address } of event.addresses) addContact(mesh, device, address);
      return;
    case 'claim':
      changeOwnClaim(work, event.claim);
      return;
    case 'lag':
      if (event.lagMs >= lagUnwellMs) worsenHealth(mesh, event.lagMs >= 4 * lagUnwellMs ? 2 : 1);
      return;
    case 'doubt':
      doubt(work, event.device);
      return;
    case 'records':
      takeRecords(work, event.versions);
      return;
    case 'offered':
      judgeOffer(work, event);
      return;
    case 'fetch-ended':
      endFetch(work, event.from);
      return;
    case 'leave':
      leave(work);
      return;
    case 'tick':
      return;
  }
};

const doubt = (work: Work, device: string): void => {
  const member = work.mesh.members.get(device);
  if (member?.status === 'alive' && !work.mesh.leaving) beginRound(work, member);
};

/** The only admission: who is not in it is forgotten, with all it said. */
const takeRoster = (work: Work, roster: MeshRoster): void => {
  const { mesh } = work;
  if (roster.version <= mesh.rosterVersion) return;
  mesh.rosterVersion = roster.version;
  const listed = new Map(roster.members.map((member) => [member.deviceId, member.publicKey]));
  mesh.publicKey = listed.get(mesh.self) ?? mesh.publicKey;
  for (const member of [...mesh.members.values()]) {
    if (listed.get(member.device) === member.publicKey) continue;
    member.signed = null;
    if (member.status !== 'unknown') setStatus(work, member, 'left');
    updateMemberHash(work, member);
    mesh.members.delete(member.device);
    mesh.rumours.delete(`claim ${member.device}`);
    mesh.ringStale = true;
  }
  for (const [device, publicKey] of listed) {
    if (device === mesh.self || mesh.members.has(device)) continue;
    mesh.members.set(device, newMember(device, publicKey));
  }
};

/** Says goodbye to some at once and to all by rumour; nothing is probed any more. */
const leave = (work: Work): void => {
  const { mesh } = work;
  if (mesh.leaving) return;
  mesh.leaving = true;
  mesh.rounds.clear();
  claimAnew(work);
  const rumours: Rumour[] = [{ kind: 'claim', signed: mesh.signed, dead: false }];
  for (const member of ringOf(mesh).slice(0, 16)) sendTo(work, member, { kind: 'gossip', rumours });
};

type Heard = Extract<MeshEvent, { kind: 'heard' }>;

const hear = (work: Work, heard: Heard): void => {
  const { mesh } = work;
  if (heard.from === mesh.self) {
    if (heard.bootId !== mesh.bootId) warn(work, 'cloned-identity', mesh.self);
    return;
  }
  const member = mesh.members.get(heard.from);
  if (member === undefined) {
    hearStranger(work, heard);
    return;
  }
  const bootId = member.signed?.claim.bootId;
  if (bootId !== heard.bootId && member.oldBoots.includes(heard.bootId)) {
    if (mesh.lived - member.bootSince > oldBootGraceMs) {
      warn(work, 'cloned-identity', member.device);
    }
    return;
  }
  member.observed = heard.address;
  const introduced = member.heardAt !== Number.NEGATIVE_INFINITY;
  if (bootId === heard.bootId) noteLife(work, member);
  hearMessage(work, member, heard);
  // Its claim may have come with this very packet.
  const known = member.signed?.claim.bootId === heard.bootId;
  if (known) noteLife(work, member);
  else askForClaim(work, member);
  if (known && !introduced) {
    const rumours: Rumour[] = [{ kind: 'claim', signed: mesh.signed, dead: false }];
    sendTo(work, member, { kind: 'gossip', rumours });
  }
};

/** Direct word from a member ends what we ourselves suspect; death ends by its own claim only. */
const noteLife = (work: Work, member: Member): void => {
  member.heardAt = work.mesh.lived;
  if (member.status === 'suspect') setStatus(work, member, 'alive');
};

/** Somebody with the site key whom our roster lacks: at most a reason to look for a newer roster. */
const hearStranger = (work: Work, { from, address, message }: Heard): void => {
  const { mesh, steps } = work;
  warn(work, 'unknown-member', from);
  if (message.kind !== 'ping' && message.kind !== 'gossip') return;
  if (mesh.lived - mesh.strangerAt < strangerIntervalMs) return;
  mesh.strangerAt = mesh.lived;
  steps.push({ kind: 'fetch-records', from, address, names: ['site/roster'] });
};

/** Strangers make us ask one of them for its roster this often at most. */
const strangerIntervalMs = 10_000;

const hearMessage = (work: Work, from: Member, { address, message }: Heard): void => {
  switch (message.kind) {
    case 'ping':
      hearRumours(work, from, message.rumours);
      acknowledge(work, from, address, message.seq);
      hearSummary(work, from, message.summary);
      return;
    case 'ack':
      hearAck(work, from, message.seq);
      hearRumours(work, from, message.rumours);
      hearSummary(work, from, message.summary);
      return;
    case 'ping-request':
      hearPingRequest(work, { device: from.device, address }, message.seq, message.target);
      return;
    case 'ping-answer':
      hearPingAnswer(work, from.device, message.seq, message.reached);
      return;
    case 'gossip':
      hearRumours(work, from, message.rumours);
      return;
    case 'buckets':
      hearBuckets(work, from, message.hashes);
      return;
    case 'digest':
      judgeDeaths(work, from, hearDigest(work, from, message));
      return;
    case 'want':
      hearWish(work, from, message);
      return;
    case 'record':
      if (message.count === 1) hearRecord(work, from, message);
      else hearPiece(work, from, message);
      return;
  }
};

const acknowledge = (work: Work, from: Member, to: string, seq: number): void => {
  const { mesh, steps } = work;
  const message: MeshMessage = {
    kind: 'ack',
    seq,
    summary: summaryOf(mesh),
    rumours: takeRumours(mesh, accusationOf(mesh, from)),
  };
  const introduce = from.heardAt === Number.NEGATIVE_INFINITY || !isHere(from);
  steps.push({ kind: 'send', to, device: from.device, introduce, message });
};

const hearRumours = (work: Work, from: Member, rumours: readonly Rumour[]): void => {
  for (const rumour of rumours) {
    if (rumour.kind !== 'suspect') {
      hearNews(work, from, rumour);
      continue;
    }
    const member = work.mesh.members.get(rumour.device);
    if (hearSuspicion(work, rumour) === 'verify' && member !== undefined) beginRound(work, member);
  }
};

/** Who differs about a death looks for itself: the living are asked, the dead are told. */
const judgeDeaths = (
  work: Work,
  from: Member,
  { calledDead, calledAlive }: ReturnType<typeof hearDigest>,
): void => {
  const { mesh } = work;
  for (const { device, incarnation } of calledDead) {
    if (device === mesh.self) {
      if (incarnation >= mesh.incarnation && incarnation <= highestOwn(mesh)) {
        refute(work, incarnation);
      }
      continue;
    }
    const member = mesh.members.get(device);
    if (member === undefined || member.status !== 'alive') continue;
    hearSuspicion(work, { device, incarnation, by: from.device });
    beginRound(work, member);
  }
  for (const { device } of calledAlive) {
    const member = mesh.members.get(device);
    if (member !== undefined) beginRound(work, member);
  }
};

const waitingFor = (mesh: Mesh): string => {
  if (mesh.leaving) return 'Leaving the site’s mesh.';
  if (mesh.members.size === 0) return 'Waiting for a roster that names another device.';
  if (ringOf(mesh).length === 0) return 'Waiting for another device of the site to answer.';
  if (mesh.wants.size > 0) return `Waiting for ${mesh.wants.size} newer records from members.`;
  return '';
};

export type MemberSeen = {
  device: string;
  publicKey: string;
  status: Member['status'];
  claim: Claim | null;
  /** Where it spoke from last, or what it says of itself; null while neither is known. */
  address: Address | null;
  heardAgoMs: number;
};

/** What others may read of the mesh: those of the roster, with what they say of themselves. */
export const membersOf = (mesh: Mesh): MemberSeen[] =>
  [...mesh.members.values()].map((member) => ({
    device: member.device,
    publicKey: member.publicKey,
    status: member.status,
    claim: member.signed?.claim ?? null,
    address: addressesOf(mesh, member)[0] ?? null,
    heardAgoMs: mesh.lived - member.heardAt,
  }));
