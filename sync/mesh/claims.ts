/**
 * Who says what of itself. Invariants: a claim changes nothing unless its device signed it and the
 * roster has that device; a newer one replaces an older one everywhere in the same order; a boot
 * once replaced never comes back; this device stands above another boot of its own identity once.
 */
import { isSameJson } from '../core/same-json.ts';
import { incarnationMax, oldBootsMax, refuteIntervalMs } from './limits.ts';
import { setStatus, updateMemberHash, updateOwnHash, warn } from './members.ts';
import type { Member, Mesh, Work } from './mesh.ts';
import { compareClaims, type OwnClaim, type SignedClaim } from './message.ts';
import { forgetSuspicions, spread } from './rumours.ts';

/** Signs what this device now says of itself and spreads it. */
export const claimAnew = (work: Work): void => {
  const { mesh, seal } = work;
  const before = mesh.ownHash;
  mesh.seq += 1;
  mesh.signed = seal.sign({
    ...mesh.own,
    device: mesh.self,
    bootId: mesh.bootId,
    incarnation: mesh.incarnation,
    seq: mesh.seq,
    leaving: mesh.leaving,
  });
  mesh.ownHash = updateOwnHash(work, before);
  spread(work, { kind: 'claim', signed: mesh.signed, dead: false });
};

export const changeOwnClaim = (work: Work, own: OwnClaim): void => {
  if (isSameJson(own, work.mesh.own)) return;
  work.mesh.own = own;
  claimAnew(work);
};

/** Says "I live" above what was said, at most twice a second. */
export const refute = (work: Work, atLeast: number): void => {
  const { mesh } = work;
  if (mesh.leaving || atLeast >= incarnationMax) return;
  if (mesh.lived - mesh.refutedAt < refuteIntervalMs) {
    mesh.refuteDue = true;
    return;
  }
  mesh.refuteDue = false;
  mesh.refutedAt = mesh.lived;
  mesh.incarnation = Math.max(mesh.incarnation, atLeast) + 1;
  forgetSuspicions(mesh, mesh.self);
  claimAnew(work);
};

/** A claim of our own identity that is not of this boot: an earlier life, or a clone. */
const hearOwnClaim = (work: Work, { claim }: SignedClaim): void => {
  const { mesh } = work;
  if (claim.bootId === mesh.bootId) return;
  if (compareClaims(claim, mesh.signed.claim) < 0) return;
  mesh.foreignIncarnation = Math.max(mesh.foreignIncarnation, claim.incarnation);
  if (mesh.outbid.includes(claim.bootId) || mesh.outbid.length >= oldBootsMax) {
    // It rose above us again after we stood above it: an earlier life could not do that.
    warn(work, 'cloned-identity', mesh.self);
    return;
  }
  mesh.outbid.push(claim.bootId);
  mesh.refutedAt = Number.NEGATIVE_INFINITY;
  refute(work, claim.incarnation);
};

const isNews = (member: Member, { claim }: SignedClaim): boolean =>
  member.signed === null || compareClaims(claim, member.signed.claim) > 0;

/** Believes a claim that is newer and signed by its device; tells whether it did. */
export const hearClaim = (work: Work, signed: SignedClaim, dead: boolean): boolean => {
  const { mesh, seal } = work;
  const { claim } = signed;
  if (claim.device === mesh.self) {
    if (seal.verify(signed, mesh.publicKey)) hearOwnClaim(work, signed);
    else warn(work, 'forged-claim', mesh.self);
    return false;
  }
  const member = mesh.members.get(claim.device);
  if (member === undefined) {
    warn(work, 'unknown-member', claim.device);
    return false;
  }
  if (!isNews(member, signed)) return false;
  if (!seal.verify(signed, member.publicKey)) {
    warn(work, 'forged-claim', claim.device);
    return false;
  }
  const present = member.signed?.claim;
  if (present !== undefined && present.bootId !== claim.bootId) {
    if (member.oldBoots.includes(claim.bootId)) {
      warn(work, 'cloned-identity', claim.device);
      // Two boots outbid each other: both are the device's, so the newer claim is taken as it is.
    } else {
      member.oldBoots = [present.bootId, ...member.oldBoots].slice(0, oldBootsMax);
      member.bootSince = mesh.lived;
    }
    member.oldBoots = member.oldBoots.filter((boot) => boot !== claim.bootId);
    member.observed = null;
  }
  const rose =
    present === undefined ||
    claim.incarnation > present.incarnation ||
    claim.bootId !== present.bootId;
  const moved = present !== undefined && claim.addresses.join() !== present.addresses.join();
  if (moved && member.observed !== null && !claim.addresses.includes(member.observed)) {
    member.observed = null;
  }
  member.signed = signed;
  settle(work, member, { rose, first: present === undefined, dead });
  work.steps.push({ kind: 'claimed', member: member.device });
  updateMemberHash(work, member);
  spread(work, { kind: 'claim', signed, dead: dead && member.status === 'dead' });
  return true;
};

/** A higher incarnation or a new boot is life; the same one with other content leaves a suspicion as it is. */
const settle = (
  work: Work,
  member: Member,
  { rose, first, dead }: { rose: boolean; first: boolean; dead: boolean },
): void => {
  if (member.signed?.claim.leaving === true) {
    setStatus(work, member, 'left');
    return;
  }
  if (!rose) return;
  forgetSuspicions(work.mesh, member.device);
  setStatus(work, member, first && dead ? 'dead' : 'alive');
};

/** What this device is known to be at; what others claim of it beyond this is invented. */
export const highestOwn = (mesh: Mesh): number =>
  Math.max(mesh.incarnation, mesh.foreignIncarnation);
