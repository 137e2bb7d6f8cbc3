/**
 * Which way a device takes to the cloud, of those it knows at this moment. The best that did not
 * fail a short while ago; a way that fails is set back for longer each time, so that a dead leaf
 * does not keep a device from its neighbour, nor a bad one make it flap. Without a link, ways that
 * did not fail last come before those that did, and those that never worked come last: a device
 * without an uplink does not wait for the hub at every break. With one, the better way is tried
 * beside it, whatever it did before.
 */

/** Best first; `key` names one way for as long as it stays the same. */
export type WayKey = string;

/** What is known of a way that did not work when it was tried last; it is forgotten once it works. */
export type Setback = { failures: number; untilMs: number };

export type WaysKnown = {
  candidates: readonly WayKey[];
  /** The one that carries, connected or dialling. */
  current: { key: WayKey; connected: boolean; sinceMs: number } | null;
  /** The one that is being tried beside it. */
  trying: { key: WayKey; sinceMs: number } | null;
  setbacks: ReadonlyMap<WayKey, Setback>;
  /** Those that stood once. */
  carried: ReadonlySet<WayKey>;
};

export type WayStep =
  | { kind: 'try'; key: WayKey }
  /** The trial took too long, or there is a better one now. */
  | { kind: 'give-up'; key: WayKey; setBack: boolean };

export type WayPlan = { steps: readonly WayStep[]; waiting: string; wakeAtMs: number | null };

/** A leaf on the LAN lets a device in within a few hundred milliseconds, a hub in a few seconds. */
export const trialMs = 6_000;
/** A connection that broke may come back by itself; then others are tried. */
export const brokenMs = 2_000;
/** At most: a trial on the LAN costs nothing, and nobody says when it carries again; one of the uplink may cost money. */
export const setbackMs = { first: 10_000, lanMax: 60_000, wanMax: 300_000 };

/**
 * Nobody needed the way for so long after its time was up (who needs one tries it at once): how often it failed
 * in an outage before says nothing of this one.
 */
export const forgottenMs = 60_000;

export const setBack = (
  before: Setback | undefined,
  now: number,
  maxMs: number = setbackMs.wanMax,
): Setback => {
  const isOld = before !== undefined && now - before.untilMs >= forgottenMs;
  const failures = (isOld ? 0 : (before?.failures ?? 0)) + 1;
  const delayMs = Math.min(maxMs, setbackMs.first * 2 ** Math.min(failures - 1, 10));
  return { failures, untilMs: now + delayMs };
};

/** It was given up for another before it stood: no reason to wait with it, but others come first. */
export const doubt = (before: Setback | undefined, now: number): Setback =>
  before ?? { failures: 0, untilMs: now };

const isSetBack = (known: WaysKnown, key: WayKey, now: number): boolean =>
  now < (known.setbacks.get(key)?.untilMs ?? 0);

/** A way that broke a while ago is worth as much as one that failed. */
const isBroken = ({ current }: WaysKnown, key: WayKey, now: number): boolean =>
  current !== null &&
  current.key === key &&
  !current.connected &&
  now - current.sinceMs >= brokenMs;

const doubtOf = ({ setbacks, carried }: WaysKnown, key: WayKey): number => {
  if (!setbacks.has(key)) return 0;
  return carried.has(key) ? 1 : 2;
};

const bestOf = (known: WaysKnown, now: number): WayKey | null => {
  const open = known.candidates.filter((key) => !isSetBack(known, key, now));
  const sound = open.filter((key) => !isBroken(known, key, now));
  if (known.current?.connected === true) return sound[0] ?? null;
  const [likeliest] = sound.toSorted((one, other) => doubtOf(known, one) - doubtOf(known, other));
  return likeliest ?? open[0] ?? null;
};

export const planWay = (known: WaysKnown, now: number): WayPlan => {
  const { current, trying, candidates } = known;
  const late = trying !== null && now - trying.sinceMs >= trialMs;
  const best = late
    ? bestOf({ ...known, candidates: candidates.filter((key) => key !== trying?.key) }, now)
    : bestOf(known, now);
  const wakeAtMs = wakeAt(known, now);
  if (late) {
    const giveUp: WayStep = { kind: 'give-up', key: trying.key, setBack: true };
    const next: WayStep[] =
      best !== null && best !== current?.key ? [{ kind: 'try', key: best }] : [];
    return { steps: [giveUp, ...next], waiting: '', wakeAtMs: now };
  }
  if (best === null || best === trying?.key)
    return { steps: [], waiting: waitingFor(known), wakeAtMs };
  const giveUp: WayStep[] =
    trying === null ? [] : [{ kind: 'give-up', key: trying.key, setBack: false }];
  if (best === current?.key) return { steps: giveUp, waiting: '', wakeAtMs };
  return { steps: [...giveUp, { kind: 'try', key: best }], waiting: '', wakeAtMs: now };
};

const waitingFor = ({ candidates, trying, current }: WaysKnown): string => {
  if (candidates.length === 0 && current?.connected !== true) {
    return 'No device of this site offers a way to the cloud.';
  }
  return trying === null || current?.connected === true ? '' : 'A way to the cloud is being tried.';
};

/** When time alone changes the plan; null when only news can. */
const wakeAt = (known: WaysKnown, now: number): number | null => {
  const { current, trying, setbacks, candidates } = known;
  const moments = [
    ...(trying === null ? [] : [trying.sinceMs + trialMs]),
    ...(current === null || current.connected ? [] : [current.sinceMs + brokenMs]),
    ...candidates.flatMap((key) => setbacks.get(key)?.untilMs ?? []),
  ].filter((at) => at > now);
  return moments.length === 0 ? null : Math.min(...moments);
};
