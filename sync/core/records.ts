/**
 * The replicated records: what they are called, who may author each, and how two copies merge.
 * Invariant: one author per record and a version that only grows, so merging is `max by version`
 * and any order, duplicate or path gives the same result. Names are those inside one site of one
 * tenant; the tenant and the site are in the signed payload. Not their content: see sync/wire.
 */

/** Only grows; 0 means "never seen". */
export type Version = number;

/** The cloud's roles, each with keys of its own in the tenant's key set (`root` is outside of it). */
export const roles = ['release', 'director', 'ingest', 'membership'] as const;
export type Role = (typeof roles)[number];

/**
 * What each kind of record is signed by. `device` is the device that the record names, by its key
 * in the roster; `halter` is the director or a person with a grant.
 */
export const authorOf = {
  root: 'root',
  keyset: 'root',
  revocation: 'membership',
  roster: 'membership',
  'site-key': 'membership',
  snapshot: 'membership',
  desired: 'director',
  plan: 'director',
  grant: 'director',
  command: 'director',
  release: 'release',
  halt: 'halter',
  permit: 'device',
  reported: 'device',
} as const satisfies Record<string, 'root' | Role | 'device' | 'halter'>;

export type RecordKind = keyof typeof authorOf;
export const recordKinds = Object.keys(authorOf) as readonly RecordKind[];

export const tenantRecords = ['root', 'keyset', 'revocation'] as const;
export const siteRecords = ['roster', 'site-key', 'snapshot'] as const;
export const deviceRecords = ['desired', 'reported', 'command'] as const;

export type RecordName =
  | `tenant/${(typeof tenantRecords)[number]}`
  | `site/${(typeof siteRecords)[number]}`
  | `device/${string}/${(typeof deviceRecords)[number]}`
  /** A rollout plan of this site; who runs it in a term says so in a permit of that term. */
  | `plan/${string}`
  | `permit/${string}/${number}`
  /** One per author, so that two who halt never write the same record. */
  | `halt/${string}`
  | `grant/${string}`;

/** 140 letters hold the longest: a permit's plan and term. */
export const recordNameLengthMax = 140;

const namePattern =
  /^(?:tenant\/(?:root|keyset|revocation)|site\/(?:roster|site-key|snapshot)|device\/[0-9a-f-]{36}\/(?:desired|reported|command)|plan\/[0-9a-f-]{36}|permit\/[0-9a-f-]{36}\/\d{1,15}|halt\/[0-9a-f]{32}|grant\/[0-9a-f-]{36})$/;

/** Null for what no record is called, such as a name that only a newer peer knows. */
export const recordNameOf = (text: string): RecordName | null =>
  text.length <= recordNameLengthMax && namePattern.test(text) ? (text as RecordName) : null;

/** What a record of this name is. */
export const kindOf = (name: RecordName): RecordKind => {
  const parts = name.split('/');
  const kind = parts[0] === 'tenant' || parts[0] === 'site' ? parts[1] : (parts[2] ?? parts[0]);
  return (parts[0] === 'permit' ? 'permit' : kind) as RecordKind;
};

/** Any other record comes after these. */
const fetchedFirst: readonly RecordName[] = [
  'tenant/root',
  'tenant/keyset',
  'tenant/revocation',
  'site/site-key',
  'site/roster',
];

/**
 * Keys before what they sign, and a site key before the roster it goes with: a member that was cut
 * off between the two would have a roster beside which the key it still speaks under is refused,
 * so it could let nobody in who missed that key.
 */
export const inFetchOrder = (names: readonly RecordName[]): RecordName[] => {
  const rank = (name: RecordName): number => {
    const place = fetchedFirst.indexOf(name);
    return place === -1 ? fetchedFirst.length : place;
  };
  return names.toSorted((a, b) => rank(a) - rank(b));
};

export type Versions = ReadonlyMap<RecordName, Version>;

/** A copy somebody holds: `digest` is over the envelope's exact bytes. */
export type Held = { version: Version; digest: string };
export type HeldRecords<H extends Held = Held> = ReadonlyMap<RecordName, H>;

/**
 * True when `next` replaces `present`. Two contents under one version are an author's fault; the
 * higher digest wins then, so that all copies still agree.
 */
export const replaces = (next: Held, present: Held | undefined): boolean =>
  present === undefined ||
  next.version > present.version ||
  (next.version === present.version && next.digest > present.digest);

/** Everything either side holds, each at its highest version. */
export const mergeRecords = <H extends Held>(
  left: HeldRecords<H>,
  right: HeldRecords<H>,
): HeldRecords<H> => {
  const merged = new Map(left);
  for (const [name, held] of right) if (replaces(held, merged.get(name))) merged.set(name, held);
  return merged;
};

/** The same for versions alone, as digests of what one holds travel. */
export const mergeVersions = (left: Versions, right: Versions): Versions => {
  const merged = new Map(left);
  for (const [name, version] of right) {
    if (version > (merged.get(name) ?? 0)) merged.set(name, version);
  }
  return merged;
};

/** The names of which `theirs` is newer than `ours`, in a stable order. */
export const missingFrom = (ours: Versions, theirs: Versions): RecordName[] =>
  [...theirs]
    .filter(([name, version]) => version > (ours.get(name) ?? 0))
    .map(([name]) => name)
    .sort();
