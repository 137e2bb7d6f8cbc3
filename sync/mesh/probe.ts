/**
 * Looking whether a member lives: pings, then helpers, then a verdict. Every other round goes to
 * the next member on the ring, so that each is looked at every two seconds and a gateway every
 * second; the rest in a shuffled
 * order, so that all meet. Missing helpers tell of our own bad health, not of the target's.
 */
import {
  errandStages,
  healthScoreMax,
  heardLatelyMs,
  probePeriodMs,
  roundStages,
  roundsMax,
} from './limits.ts';
import { isHere, ringOf, sendTo, setStatus, shuffled, summaryOf } from './members.ts';
import type { Member, Mesh, Round, Work } from './mesh.ts';
import type { Address, DeviceId } from './message.ts';
import { takeRumours } from './rumours.ts';
import { accusationOf, suspect } from './suspicion.ts';

export const worsenHealth = (mesh: Mesh, by: number): void => {
  mesh.healthScore = Math.max(0, Math.min(healthScoreMax, mesh.healthScore + by));
};

const stagesOf = (round: Round) => (round.errand === null ? roundStages : errandStages);

const ping = (work: Work, member: Member, seq: number, attempt: number): void => {
  const { mesh } = work;
  const rumours = takeRumours(mesh, accusationOf(mesh, member));
  sendTo(work, member, { kind: 'ping', seq, summary: summaryOf(mesh), rumours }, attempt);
};

/** Begins a round unless one for the same target and purpose runs or too many do. */
export const beginRound = (work: Work, member: Member, errand: Round['errand'] = null): void => {
  const { mesh } = work;
  if (mesh.rounds.size >= roundsMax) return;
  for (const round of mesh.rounds.values()) {
    if (round.target === member.device && round.errand?.to === errand?.to) return;
  }
  mesh.nextSeq = (mesh.nextSeq + 1) % 0x1_0000_0000;
  const round: Round = {
    seq: mesh.nextSeq,
    target: member.device,
    startedAt: mesh.lived,
    stage: 0,
    scale: errand === null ? 1 + mesh.healthScore / 2 : 1,
    helpersAsked: 0,
    helpersAnswered: 0,
    asked: [],
    errand,
  };
  mesh.rounds.set(round.seq, round);
  advance(work, round);
};

const askHelpers = (work: Work, round: Round, count: number): void => {
  if (count === 0) return;
  const { mesh, random } = work;
  const helpers = shuffled(ringOf(mesh), random)
    .filter(
      ({ device, status }) =>
        status === 'alive' && device !== round.target && !round.asked.includes(device),
    )
    .slice(0, count);
  for (const helper of helpers) {
    round.helpersAsked += 1;
    round.asked.push(helper.device);
    sendTo(work, helper, { kind: 'ping-request', seq: round.seq, target: round.target });
  }
};

const stageDueAt = (round: Round): number =>
  round.startedAt + (stagesOf(round)[round.stage]?.atMs ?? 0) * round.scale;

/** Does all that is due of a round. */
const advance = (work: Work, round: Round): void => {
  const { mesh } = work;
  const member = mesh.members.get(round.target);
  if (member === undefined) {
    mesh.rounds.delete(round.seq);
    return;
  }
  while (mesh.rounds.has(round.seq) && stageDueAt(round) <= mesh.lived) {
    const stages = stagesOf(round);
    const stage = stages[round.stage];
    if (stage === undefined || round.stage === stages.length - 1) {
      mesh.rounds.delete(round.seq);
      fail(work, round, member);
      return;
    }
    if (stage.ping) ping(work, member, round.seq, round.stage);
    askHelpers(work, round, stage.helpers);
    round.stage += 1;
  }
};

const fail = (work: Work, round: Round, member: Member): void => {
  const { mesh } = work;
  if (round.errand !== null) {
    answer(work, round.errand, false);
    return;
  }
  // Helpers who say "neither can I" vouch for our own link; silent ones put it in doubt.
  if (round.helpersAnswered * 2 < round.helpersAsked) worsenHealth(mesh, 1);
  if (member.heardAt > round.startedAt + heardLatelyMs / 2) return;
  suspect(work, member, mesh.self);
};

const answer = (work: Work, errand: NonNullable<Round['errand']>, reached: boolean): void => {
  const { mesh, steps } = work;
  steps.push({
    kind: 'send',
    to: errand.to,
    device: errand.device,
    introduce: mesh.members.get(errand.device)?.heardAt === Number.NEGATIVE_INFINITY,
    message: { kind: 'ping-answer', seq: errand.seq, reached },
  });
};

/** The target itself answered. */
export const hearAck = (work: Work, from: Member, seq: number): void => {
  const { mesh } = work;
  const round = mesh.rounds.get(seq);
  if (round === undefined || round.target !== from.device) return;
  mesh.rounds.delete(seq);
  if (round.errand !== null) answer(work, round.errand, true);
  else worsenHealth(mesh, -1);
};

/** A helper tells how it went. */
export const hearPingAnswer = (work: Work, from: DeviceId, seq: number, reached: boolean): void => {
  const { mesh } = work;
  const round = mesh.rounds.get(seq);
  if (round === undefined || !round.asked.includes(from)) return;
  round.helpersAnswered += 1;
  if (!reached) return;
  mesh.rounds.delete(seq);
  worsenHealth(mesh, -1);
  // Reached through others: its own word is still wanted if it stands accused.
  const member = mesh.members.get(round.target);
  if (member?.status === 'suspect' && member.suspicion?.by.length === 1) {
    if (member.suspicion.by[0] === mesh.self) setStatus(work, member, 'alive');
  }
};

export const hearPingRequest = (
  work: Work,
  from: { device: DeviceId; address: Address },
  seq: number,
  target: DeviceId,
): void => {
  const member = work.mesh.members.get(target);
  if (member !== undefined) {
    beginRound(work, member, { to: from.address, device: from.device, seq });
  }
};

const ringNext = (mesh: Mesh): Member | null => {
  const ring = ringOf(mesh).filter((member) => member.status === 'alive');
  return ring.find((member) => member.place > mesh.place) ?? ring[0] ?? null;
};

const nextTarget = (work: Work): Member | null => {
  const { mesh, random } = work;
  const ring = ringOf(mesh).filter((member) => member.status === 'alive');
  if (ring.length === 0) return null;
  mesh.probeCount += 1;
  if (mesh.probeCount % 2 === 0) {
    return ringNext(mesh);
  }
  for (let tries = 0; tries < 2; tries += 1) {
    for (;;) {
      const device = mesh.rotation.pop();
      if (device === undefined) break;
      const member = mesh.members.get(device);
      if (member?.status === 'alive') return member;
    }
    mesh.rotation = shuffled(
      ring.map((member) => member.device),
      random,
    );
  }
  return null;
};

/** The whole site waits while its gateway is dead: who is to look at it looks twice as often. */
const periodMs = (mesh: Mesh): number =>
  ringNext(mesh)?.signed?.claim.gateway === true ? probePeriodMs / 2 : probePeriodMs;

/** Advances what runs and begins the period's round. */
export const probe = (work: Work): void => {
  const { mesh, random } = work;
  for (const round of [...mesh.rounds.values()]) advance(work, round);
  if (mesh.probeAt > mesh.lived || mesh.leaving) return;
  mesh.probeAt = mesh.lived + periodMs(mesh) * (0.9 + 0.2 * random()) * (1 + mesh.healthScore / 2);
  const target = nextTarget(work);
  if (target !== null && isHere(target)) beginRound(work, target);
};

export const nextProbeAt = (mesh: Mesh): number => {
  let at = mesh.leaving ? Number.POSITIVE_INFINITY : mesh.probeAt;
  for (const round of mesh.rounds.values()) at = Math.min(at, stageDueAt(round));
  return at;
};
