/**
 * Who holds the gateway role, and through whom a device without uplink syncs: choices that every
 * member makes alone from the claims it holds. Invariants: no flapping (a holder stays while it is
 * able and not much worse); ties fall to the lower device id, so all who know the same agree; two
 * holders do no harm and one gives way. Not the running of the leaf.
 */
import type { Status } from './mesh.ts';
import type { OwnClaim } from './message.ts';

export type Candidate = { device: string; status: Status; claim: OwnClaim | null };

export type Held = {
  holder: string | null;
  since: number;
  why: string;
  /** Since when somebody else would be chosen; null while nobody would. */
  betterSince: number | null;
};

/** Another must be this much better, for this long: uplinks that come and go move nothing. */
export const betterBy = 32;
export const betterForMs = 60_000;
/** After a heal the one that gives way serves on for so long, while its clients move. */
export const overlapMs = 10_000;

export const nobodyHolds: Held = { holder: null, since: 0, why: '', betterSince: null };

/** A leaf needs a way out, the right time for TLS, and a program to run. */
const isAble = ({ claim }: Candidate): boolean =>
  claim !== null && claim.uplink > 0 && claim.canRunLeaf && claim.clockOk;

const uplinkOf = (candidate: Candidate): number => candidate.claim?.uplink ?? 0;

const better = (a: Candidate, b: Candidate): number =>
  uplinkOf(b) - uplinkOf(a) || (a.device < b.device ? -1 : 1);

/**
 * `members` includes this device. A suspect keeps the role only while its leaf answers (`leafSilent`
 * is what the shell sees of the holder's leaf): so another takes over before the verdict.
 */
export const chooseGateway = (
  members: readonly Candidate[],
  held: Held,
  { now, leafSilent }: { now: number; leafSilent: boolean },
): Held => {
  const able = members
    .filter(
      (member) =>
        isAble(member) &&
        (member.status === 'alive' ||
          (member.status === 'suspect' && member.device === held.holder && !leafSilent)),
    )
    .sort(better);
  const best = able[0];
  if (best === undefined) {
    if (held.holder === null) return held;
    return {
      holder: null,
      since: now,
      why: 'No member has an uplink and can run a leaf.',
      betterSince: null,
    };
  }
  const present = able.find((member) => member.device === held.holder);
  if (present === undefined) {
    // One that runs a leaf already has the role in others' eyes: a joiner does not dispute it.
    const running = able.find(
      (member) => member.claim?.leafUrl != null && uplinkOf(best) - uplinkOf(member) < betterBy,
    );
    const holder = (running ?? best).device;
    const why = held.holder === null ? 'It has the best uplink.' : 'The holder before is gone.';
    return { holder, since: now, why, betterSince: null };
  }
  const rival = rivalOf(able, present, best);
  if (rival === null) return held.betterSince === null ? held : { ...held, betterSince: null };
  const since = held.betterSince ?? now;
  if (now - since < rival.afterMs) return { ...held, betterSince: since };
  return { holder: rival.device, since: now, why: rival.why, betterSince: null };
};

const rivalOf = (able: readonly Candidate[], present: Candidate, best: Candidate) => {
  if (uplinkOf(best) - uplinkOf(present) >= betterBy) {
    return { device: best.device, afterMs: betterForMs, why: 'Its uplink is much better.' };
  }
  // Two leafs after a heal: all sides keep the same one of those that run.
  const running = able.filter((member) => member.claim?.leafUrl != null).sort(better);
  const first = running[0];
  if (running.length > 1 && first !== undefined && first.device !== present.device) {
    return { device: first.device, afterMs: overlapMs, why: 'Two halves of the site met again.' };
  }
  return null;
};

/**
 * The member through which a device without uplink and leaf syncs: one with an uplink. Each device
 * prefers another (by a stable mix of the two ids), so that none carries all; `failed` come last.
 */
export const chooseNeighbour = (
  members: readonly Candidate[],
  self: string,
  failed: ReadonlySet<string>,
  mix: (text: string) => number,
): string | null => {
  const ways = members.filter(
    ({ device, status, claim }) =>
      device !== self &&
      status === 'alive' &&
      claim !== null &&
      claim.uplink > 0 &&
      claim.peerPort > 0,
  );
  const rank = ({ device }: Candidate): number =>
    (failed.has(device) ? 0x1_0000_0000 : 0) + mix(`${self} ${device}`);
  return ways.sort((a, b) => rank(a) - rank(b))[0]?.device ?? null;
};
