/**
 * What is too old to begin something new from. Invariant: staleness blocks the start of a version,
 * and nothing else: a container that runs goes on, whatever has expired.
 */
import { timeFloorMs } from './time-floor.ts';
import type { Trust } from './trust.ts';

export type Stale = {
  what: 'root' | 'snapshot' | 'desired' | 'keyset';
  /** What a freeze shows itself by: somebody may hold back what is newer. */
  code: 'root-expired' | 'snapshot-expired' | 'desired-expired' | 'no-keyset';
  sinceMs: number;
};

export type StaleCode = Stale['code'];
const codes: Record<Stale['what'], StaleCode> = {
  root: 'root-expired',
  snapshot: 'snapshot-expired',
  desired: 'desired-expired',
  keyset: 'no-keyset',
};

/** Judged by the floor alone. `desiredExpiresAtMs` is null when the desired state has no end. */
export const staleParts = (trust: Trust, desiredExpiresAtMs: number | null): Stale[] => {
  const floorMs = timeFloorMs(trust.time);
  const ends: [Stale['what'], number | null][] = [
    ['root', trust.root.expiresAtMs],
    ['snapshot', trust.snapshot?.expiresAtMs ?? null],
    ['desired', desiredExpiresAtMs],
  ];
  const expired = ends.flatMap(([what, endMs]) =>
    endMs !== null && floorMs > endMs ? [{ what, code: codes[what], sinceMs: endMs }] : [],
  );
  return trust.keyset === null
    ? [...expired, { what: 'keyset', code: codes.keyset, sinceMs: floorMs }]
    : expired;
};

const named: Record<Stale['what'], string> = {
  root: 'root of trust',
  snapshot: 'site snapshot',
  desired: 'desired state',
  keyset: 'key set',
};

/**
 * Why no new version may start now, as people read it; null when one may. A stale snapshot is an
 * alarm (news may be held back), not a reason: it says nothing against what the director wants.
 */
export const installHold = (stale: readonly Stale[]): string | null => {
  const reasons = stale.filter(({ what }) => what !== 'snapshot');
  if (reasons.length === 0) return null;
  const what = reasons.map((one) => named[one.what]).join(' and the ');
  return `The ${what} ${reasons.length === 1 ? 'has' : 'have'} expired (stale); what runs goes on, and no new version starts until fresh records arrive.`;
};

/** That news may be held back, as people read it; null while all that is believed is fresh. */
export const staleSentence = (stale: readonly Stale[]): string | null => {
  if (stale.length === 0) return null;
  const what = stale.map((one) => named[one.what]).join(' and the ');
  return `The ${what} ${stale.length === 1 ? 'is' : 'are'} stale: somebody may hold back what the cloud has signed since. What runs goes on.`;
};
