/**
 * Suspicion with a time that shrinks with independent confirmations (Lifeguard). Invariants: only
 * a member's own timer makes it call another dead; hearsay about an incarnation that no signed
 * claim shows is ignored; whoever is accused hears it first and ends it by a higher incarnation.
 */
import { highestOwn, refute } from './claims.ts';
import {
  confirmationsMax,
  heardLatelyMs,
  suspicionMaxMs,
  suspicionMinMs,
  verifiersWanted,
} from './limits.ts';
import { isHere, ringOf, sendTo, setStatus } from './members.ts';
import type { Member, Mesh, Suspicion, Work } from './mesh.ts';
import type { DeviceId, Rumour } from './message.ts';
import { spread } from './rumours.ts';

const confirmationsWanted = (mesh: Mesh): number =>
  Math.max(0, Math.min(confirmationsMax, ringOf(mesh).length - 1));

/** `max − (max − min) · ln(confirmations + 1) / ln(wanted + 1)`, stretched by our own health. */
export const suspicionMs = (mesh: Mesh, suspicion: Suspicion): number => {
  const wanted = confirmationsWanted(mesh);
  const confirmed = Math.min(wanted, suspicion.by.length - 1);
  const share = wanted === 0 ? 1 : Math.log(confirmed + 1) / Math.log(wanted + 1);
  const ms = suspicionMaxMs - (suspicionMaxMs - suspicionMinMs) * share;
  return ms * (1 + mesh.healthScore / 4);
};

const rumourOf = (member: Member, by: DeviceId): Rumour => ({
  kind: 'suspect',
  device: member.device,
  incarnation: member.signed?.claim.incarnation ?? 0,
  by,
});

/** What an accused member is told in every packet to it, so that it can refute. */
export const accusationOf = (mesh: Mesh, member: Member): Rumour[] =>
  member.status === 'suspect' || member.status === 'dead' ? [rumourOf(member, mesh.self)] : [];

/** Suspects, or confirms a suspicion that there is. */
export const suspect = (work: Work, member: Member, by: DeviceId): void => {
  const { mesh } = work;
  if (!isHere(member) || member.signed === null) return;
  const present = member.suspicion;
  if (present !== null) {
    if (present.by.includes(by) || present.by.length > confirmationsMax) return;
    present.by.push(by);
  } else {
    const { incarnation } = member.signed.claim;
    setStatus(work, member, 'suspect');
    member.suspicion = { incarnation, startedAt: mesh.lived, by: [by] };
  }
  const rumour = rumourOf(member, by);
  if (by === mesh.self) sendTo(work, member, { kind: 'gossip', rumours: [rumour] });
  spread(work, rumour);
};

export type Hearsay = 'nothing' | 'verify';

/** What somebody says of somebody; tells whether this member should look for itself. */
export const hearSuspicion = (
  work: Work,
  rumour: { device: DeviceId; incarnation: number; by: DeviceId },
): Hearsay => {
  const { mesh, random } = work;
  if (rumour.device === mesh.self) {
    // What no claim of ours ever said is an earlier life's or invented: our claim is above or no match.
    const known = rumour.incarnation <= highestOwn(mesh);
    if (known && rumour.incarnation >= mesh.incarnation) refute(work, rumour.incarnation);
    return 'nothing';
  }
  const member = mesh.members.get(rumour.device);
  const known = rumour.by === mesh.self || mesh.members.has(rumour.by);
  if (member === undefined || !known || rumour.by === rumour.device) return 'nothing';
  if (!isHere(member) || rumour.incarnation !== member.signed?.claim.incarnation) return 'nothing';
  if (mesh.lived - member.heardAt < heardLatelyMs) return 'nothing';
  const isNew = member.suspicion === null;
  suspect(work, member, rumour.by);
  if (!isNew) return 'nothing';
  return random() < verifiersWanted / Math.max(1, ringOf(mesh).length - 1) ? 'verify' : 'nothing';
};

/** Calls dead whoever did not refute in time. */
export const judgeSuspects = (work: Work): void => {
  const { mesh } = work;
  for (const member of ringOf(mesh)) {
    const { suspicion } = member;
    if (suspicion === null) continue;
    if (mesh.lived - suspicion.startedAt >= suspicionMs(mesh, suspicion)) {
      setStatus(work, member, 'dead');
    }
  }
};

export const nextVerdictAt = (mesh: Mesh): number => {
  let at = Number.POSITIVE_INFINITY;
  for (const { suspicion } of ringOf(mesh)) {
    if (suspicion !== null) at = Math.min(at, suspicion.startedAt + suspicionMs(mesh, suspicion));
  }
  return at;
};
