/**
 * What a packet changes: who speaks and whether that is believable, then its message, each kind
 * handed to whoever decides about it. The packet is authenticated and decoded already, so a stranger
 * or a clone is told apart by the roster and by boots alone.
 */
import { highestOwn, refute } from './claims.ts';
import { askForClaim, hearBuckets, hearDigest, hearNews, hearSummary } from './compare.ts';
import { oldBootGraceMs, strangerIntervalMs } from './limits.ts';
import { isHere, sendTo, setStatus, summaryOf, warn } from './members.ts';
import type { Member, MeshEvent, Work } from './mesh.ts';
import type { MeshMessage, Rumour } from './message.ts';
import { beginRound, hearAck, hearPingAnswer, hearPingRequest } from './probe.ts';
import { hearPiece, hearWish } from './pull.ts';
import { hearRecord } from './push.ts';
import { takeRumours } from './rumours.ts';
import { accusationOf, hearSuspicion } from './suspicion.ts';

type Heard = Extract<MeshEvent, { kind: 'heard' }>;

export const hear = (work: Work, heard: Heard): void => {
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
