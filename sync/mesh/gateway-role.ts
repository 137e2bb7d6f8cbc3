/**
 * Who holds the gateway role, and through whom a device without uplink syncs: choices that every
 * member makes alone from the claims it holds. Invariants: a holder stays while its uplink works
 * and no other is much better for a while; a joiner does not dispute a role that is held; two
 * holders do no harm and all sides keep the same one. Not the running of the leaf.
 */
import type { Status } from './mesh.ts';
import type { OwnClaim } from './message.ts';

export type Candidate = { device: string; status: Status; claim: OwnClaim | null };

export type Held = {
  holder: string | null;
  since: number;
  /** For people, to follow "because". */
  why: string;
  /** Who would be chosen instead, and since when that is so. */
  rival: string | null;
  rivalSince: number;
  /** When time alone may change the choice; null when only news can. */
  wakeAt: number | null;
};

export type ChoiceMoment = {
  now: number;
  startedAt: number;
  /** The holder is suspected, and its leaf does not answer either. */
  leafSilent: boolean;
};

/** A device that just started listens before it takes what another may have. */
export const listenFirstMs = 4_000;
/** Another must be this much better, for this long: uplinks that come and go move nothing. */
export const betterBy = 32;
export const betterForMs = 60_000;
/** A holder without uplink, or beside one that a person chose: a hub that hiccups moves nothing. */
export const rivalForMs = 10_000;
/** Two that take themselves for it: long enough for a handing over to be told to all. */
export const twoForMs = 5_000;

export const nobodyHolds: Held = {
  holder: null,
  since: 0,
  why: '',
  rival: null,
  rivalSince: 0,
  wakeAt: null,
};

type Able = { device: string; claim: OwnClaim };

/** A leaf needs a program to run and the right time for TLS; one that runs it shows both. */
const isAble = ({ canRunLeaf, clockOk, gateway, leafPort }: OwnClaim): boolean =>
  (canRunLeaf && clockOk) || (gateway && leafPort > 0);

const reaches = ({ claim }: Able): boolean => claim.uplink > 0 || claim.chosen;

const better = (a: Able, b: Able): number =>
  Number(b.claim.chosen) - Number(a.claim.chosen) ||
  b.claim.uplink - a.claim.uplink ||
  (a.device < b.device ? -1 : 1);

const none = 'no device that can run the leaf reaches the cloud';
const listens = 'this device has just started and listens first';

/** `members` includes this device, which is alive. */
export const chooseGateway = (
  members: readonly Candidate[],
  held: Held,
  moment: ChoiceMoment,
): Held => {
  const { now, startedAt, leafSilent } = moment;
  const able = members
    .flatMap(({ device, status, claim }): Able[] => {
      const stays = status === 'suspect' && device === held.holder && !leafSilent;
      return claim !== null && (status === 'alive' || stays) && isAble(claim)
        ? [{ device, claim }]
        : [];
    })
    .sort(better);
  const present = able.find(({ device }) => device === held.holder);
  const best = able.find(reaches);
  if (best === undefined) {
    // With no uplink anywhere a leaf that runs still joins the site; nobody starts a new one.
    const stays =
      present?.claim.gateway === true ? present : able.find(({ claim }) => claim.gateway);
    return give(held, stays?.device ?? null, none, now);
  }
  if (present !== undefined) return keepOrMove(able, present, best, held, now);
  const holding = able.find((each) => each.claim.gateway && reaches(each));
  if (holding !== undefined) return give(held, holding.device, whyOf(holding, true), now);
  const listenUntil = startedAt + listenFirstMs;
  if (held.holder === null && now < listenUntil) {
    return { ...nobodyHolds, since: held.since, why: listens, wakeAt: listenUntil };
  }
  return give(held, best.device, whyOf(best, false), now);
};

const give = (held: Held, holder: string | null, why: string, now: number): Held => ({
  ...nobodyHolds,
  holder,
  since: holder === held.holder ? held.since : now,
  why,
});

const whyOf = ({ claim }: Able, hasIt: boolean): string => {
  if (claim.chosen) return 'it was told to be the gateway';
  return hasIt
    ? 'it has the role and its uplink works'
    : 'its uplink is the best of those that can run the leaf';
};

const keepOrMove = (
  able: readonly Able[],
  present: Able,
  best: Able,
  held: Held,
  now: number,
): Held => {
  const rival = rivalOf(able, present, best);
  const why = reaches(present) ? whyOf(present, true) : 'it has the role; its uplink is away';
  if (rival === null) return give(held, present.device, why, now);
  const since = held.rival === rival.device ? held.rivalSince : now;
  const movesAt = since + rival.afterMs;
  if (now >= movesAt) return give(held, rival.device, rival.why, now);
  return {
    ...give(held, present.device, why, now),
    rival: rival.device,
    rivalSince: since,
    wakeAt: movesAt,
  };
};

type Rival = { device: string; afterMs: number; why: string };

const rivalOf = (able: readonly Able[], present: Able, best: Able): Rival | null => {
  const holding = able.find((each) => each.claim.gateway && reaches(each));
  if (!present.claim.gateway) {
    // It was started anew, or chose another: each would wait for the other to begin.
    const { device } = holding ?? best;
    const why = 'the one before does not take the role';
    return device === present.device ? null : { device, afterMs: rivalForMs, why };
  }
  const { device, claim } = best;
  if (device === present.device) return null;
  if (!reaches(present) || (claim.chosen && !present.claim.chosen)) {
    return { device, afterMs: rivalForMs, why: whyOf(best, false) };
  }
  // Two leafs after a heal: all sides keep the same one of those that have the role.
  if (holding !== undefined && holding.device !== present.device) {
    return { device: holding.device, afterMs: twoForMs, why: 'two halves of the site met again' };
  }
  if (claim.uplink - present.claim.uplink >= betterBy && !present.claim.chosen) {
    return { device, afterMs: betterForMs, why: 'its uplink is much better' };
  }
  return null;
};

/**
 * The members through which a device without uplink and leaf may sync, best first. Each device
 * prefers another (by a stable mix of the two ids), so that none carries all.
 */
export const neighboursOf = (
  members: readonly Candidate[],
  self: string,
  mix: (text: string) => number,
): string[] =>
  members
    .filter(
      ({ device, status, claim }) =>
        device !== self && status === 'alive' && claim?.linked === true && claim.peerPort > 0,
    )
    .map(({ device }) => ({ device, rank: mix(`${self} ${device}`) }))
    .sort((a, b) => a.rank - b.rank || (a.device < b.device ? -1 : 1))
    .map(({ device }) => device);
