/**
 * Who of a site runs the leaf. Every device chooses for itself over what it knows; where they know
 * the same they choose the same, and where they don't two leafs do no harm until they do. Whoever
 * has the role keeps it while its uplink works: a slightly better one elsewhere is no reason.
 */

export type Candidate = {
  deviceId: string;
  /** 0 none, 255 best. */
  uplink: number;
  /** It has the program, its clock is known, and nobody told it never to. */
  willing: boolean;
  /** A person said that it is this one. */
  always: boolean;
  /** It says that it runs the site's leaf. */
  holds: boolean;
};

export type ChoiceHeld = {
  /** Who was chosen last, and since when. */
  holder: string | null;
  /** Who would be chosen instead, and since when that is so. */
  rival: string | null;
  rivalSinceMs: number;
};

export type Choice = {
  holder: string | null;
  why: string;
  held: ChoiceHeld;
  wakeAtMs: number | null;
};

/** A device that just started listens before it takes what another may have. */
export const listenFirstMs = 4_000;
/** So long must a rival be the better one before the role moves away from somebody alive. */
export const rivalMs = 10_000;

export const nobody: ChoiceHeld = { holder: null, rival: null, rivalSinceMs: 0 };

const better = (a: Candidate, b: Candidate): number =>
  Number(b.always) - Number(a.always) ||
  Number(b.uplink > 0) - Number(a.uplink > 0) ||
  Number(b.holds) - Number(a.holds) ||
  b.uplink - a.uplink ||
  (a.deviceId < b.deviceId ? -1 : 1);

const reason = (chosen: Candidate, wasHolder: boolean): string => {
  if (chosen.always) return 'it was told to be the gateway';
  if (wasHolder || chosen.holds) return 'it has the role and its uplink works';
  return 'its uplink is the best of those that can run the leaf';
};

/** `candidates` are this device and all it knows to be alive. */
export const chooseGateway = (
  candidates: readonly Candidate[],
  held: ChoiceHeld,
  startedAtMs: number,
  now: number,
): Choice => {
  const able = candidates.filter((each) => each.willing || each.holds);
  const best = able.filter(({ uplink, always }) => uplink > 0 || always).toSorted(better)[0];
  const current = able.find(({ deviceId }) => deviceId === held.holder);
  if (best === undefined) {
    // With no uplink anywhere a leaf that runs still joins the site; nobody starts a new one.
    const stays = current ?? able.filter(({ holds }) => holds).toSorted(better)[0];
    const holder = stays?.deviceId ?? null;
    const why = 'no device that can run the leaf reaches the cloud';
    return { holder, why, held: { ...nobody, holder }, wakeAtMs: null };
  }
  const take = (): Choice => ({
    holder: best.deviceId,
    why: reason(best, best.deviceId === held.holder),
    held: { ...nobody, holder: best.deviceId },
    wakeAtMs: null,
  });
  if (current?.deviceId === best.deviceId) return take();
  // Two that say they hold it, as after a split: all see both, and agree at once.
  if (current !== undefined && best.holds && current.holds) return take();
  if (current === undefined) {
    if (best.holds || now - startedAtMs >= listenFirstMs) return take();
    const why = 'this device has just started and listens first';
    return { holder: null, why, held: nobody, wakeAtMs: startedAtMs + listenFirstMs };
  }
  const rivalSinceMs = held.rival === best.deviceId ? held.rivalSinceMs : now;
  if (now - rivalSinceMs >= rivalMs) return take();
  return {
    holder: current.deviceId,
    why: reason(current, true),
    held: { holder: current.deviceId, rival: best.deviceId, rivalSinceMs },
    wakeAtMs: rivalSinceMs + rivalMs,
  };
};
