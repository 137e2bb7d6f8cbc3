/**
 * One thing happens to a member, and what it does then: `(known, event, now) → {steps, waiting}`.
 * Timers run on lived time: what a stalled process did not live through ends no one's deadline.
 * Pure but for the `Mesh` that it owns and changes in place.
 */
import { changeOwnClaim, claimAnew, refute } from './claims.ts';
import { compareAnyway } from './compare.ts';
import { addContact, contactAll, contactWhereItWas, reachOut } from './contact.ts';
import { endFetch, nextFetchAt, planFetches, takeRecords } from './fetch.ts';
import { hear } from './hear.ts';
import { lagUnwellMs, refuteIntervalMs, wakeSlackMs } from './limits.ts';
import { ringOf, sendTo } from './members.ts';
import type { Mesh, MeshEvent, MeshResult, Surroundings, Work } from './mesh.ts';
import type { Rumour } from './message.ts';
import { beginRound, nextProbeAt, probe, worsenHealth } from './probe.ts';
import { nextPullAt, planPulls } from './pull.ts';
import { judgeOffer } from './push.ts';
import { takeRoster } from './roster.ts';
import { gossip } from './rumours.ts';
import { judgeSuspects, nextVerdictAt } from './suspicion.ts';

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
    case 'rekeyed':
      contactAll(mesh);
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

const waitingFor = (mesh: Mesh): string => {
  if (mesh.leaving) return 'Leaving the site’s mesh.';
  if (mesh.members.size === 0) return 'Waiting for a roster that names another device.';
  if (ringOf(mesh).length === 0) return 'Waiting for another device of the site to answer.';
  if (mesh.wants.size > 0) return `Waiting for ${mesh.wants.size} newer records from members.`;
  return '';
};
