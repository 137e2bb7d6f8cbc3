/**
 * What a device believes, and by which record it may change. Pure: signatures are verified outside
 * (sync/wire/trust.ts), and the keys that verified are passed in and judged again here.
 * Invariants: roots follow one another without a gap, each signed by the old threshold and its own;
 * versions never fall while the keys that signed them are trusted; a record of another tenant, site
 * or device is refused; nothing here ever stops what runs.
 */
import {
  inFetchOrder,
  kindOf,
  type RecordName,
  type Role,
  type Version,
  type Versions,
} from './records.ts';
import {
  forgetWitnesses,
  raiseTimeFloor,
  startTimeFloor,
  type TimeFloor,
  type Witness,
} from './time-floor.ts';

export type PublicKey = { keyId: string; publicKey: string };

export type RootOfTrust = {
  version: Version;
  threshold: number;
  keys: readonly PublicKey[];
  /** Null for a key that was pinned before there were root records. */
  expiresAtMs: number | null;
};

export type KeysInForce = {
  version: Version;
  roles: Readonly<Record<Role, readonly PublicKey[]>>;
  thresholds: Readonly<Record<Role, number>>;
};

/** The version below which a record is not accepted, and who signed it. */
export type Floor = { version: Version; digest: string; keyIds: readonly string[] };

/** What belongs together at this device's site. */
export type SnapshotInForce = {
  expiresAtMs: number;
  versions: ReadonlyMap<RecordName, Version>;
};

export type Trust = {
  tenantId: string;
  root: RootOfTrust;
  /** Null when a new root trusts no signer of the last one: nothing is accepted until the next. */
  keyset: KeysInForce | null;
  snapshot: SnapshotInForce | null;
  floors: ReadonlyMap<RecordName, Floor>;
  time: TimeFloor;
  /** Device id → its nkey, as the newest roster says. */
  members: ReadonlyMap<string, string>;
  /** The site key that the newest roster goes with; an older one admits who has left. */
  siteKeyGeneration: number;
  /** Nkeys of devices that are no longer the tenant's. */
  revoked: ReadonlySet<string>;
  grants: ReadonlyMap<string, GrantInForce>;
};

/** What a named person may do at a site. */
export type GrantInForce = {
  site: string;
  key: PublicKey;
  may: readonly string[];
  expiresAtMs: number;
  revoked: boolean;
};

export type TrustFault =
  | 'wrong-audience'
  | 'rollback'
  | 'root-version-skipped'
  | 'fast-forward'
  | 'mix-and-match'
  | 'equivocation'
  | 'threshold-not-met'
  | 'unknown-signer'
  | 'no-keyset'
  | 'not-a-member'
  | 'revoked-device'
  | 'no-grant';

export type Judgement =
  | { kind: 'accepted'; trust: Trust }
  | { kind: 'unchanged' }
  | { kind: 'refused'; code: TrustFault; reason: string };

/** A record whose signature held: what it says of itself, and which keys verified. */
export type Candidate = {
  name: RecordName;
  tenantId: string;
  version: Version;
  digest: string;
  keyIds: readonly string[];
  issuedAtMs: number;
};

/**
 * How far a version may be above the last: a stolen key must not use up the numbers at one stroke.
 * A change a second for twelve days stays below it.
 */
export const versionStepMax = 2 ** 20;

const refused = (code: TrustFault, reason: string): Judgement => ({
  kind: 'refused',
  code,
  reason,
});

export const signedBy = (
  keyIds: readonly string[],
  keys: readonly PublicKey[],
  threshold: number,
): boolean => keys.filter(({ keyId }) => keyIds.includes(keyId)).length >= threshold;

export const startTrust = (tenantId: string, root: RootOfTrust, builtAtMs: number): Trust => ({
  tenantId,
  root,
  keyset: null,
  snapshot: null,
  floors: new Map(),
  time: startTimeFloor(builtAtMs),
  members: new Map(),
  siteKeyGeneration: 0,
  revoked: new Set(),
  grants: new Map(),
});

/** True when the keys that signed are still enough for the role. */
export const stillTrusted =
  (root: RootOfTrust, keyset: KeysInForce | null) =>
  (by: Witness, keyIds: readonly string[]): boolean => {
    if (by === 'root') return signedBy(keyIds, root.keys, root.threshold);
    return keyset !== null && signedBy(keyIds, keyset.roles[by], keyset.thresholds[by]);
  };

/** Which role's keys a record of this kind hangs on; null for what devices and people sign. */
export const roleOf = (name: RecordName): Witness | null => {
  switch (kindOf(name)) {
    case 'root':
    case 'keyset':
      return 'root';
    case 'revocation':
    case 'roster':
    case 'site-key':
    case 'snapshot':
      return 'membership';
    case 'desired':
    case 'plan':
    case 'grant':
    case 'command':
      return 'director';
    case 'release':
      return 'release';
    case 'halt':
    case 'permit':
    case 'reported':
      return null;
  }
};

/**
 * Keys changed: what was signed by keys that are no longer trusted sets no floor. So whoever stole
 * a key and ran its versions ahead has gained nothing once the key is withdrawn.
 */
export const afterKeyChange = (trust: Trust): Trust => {
  const known = stillTrusted(trust.root, trust.keyset);
  // Without a key set nobody knows yet which keys stay: dropping floors then would let old records in.
  const trusted: typeof known = (by, keyIds) =>
    (by !== 'root' && trust.keyset === null) || known(by, keyIds);
  const floors = [...trust.floors].filter(([name, { keyIds }]) => {
    const role = roleOf(name);
    // The root's own floor is its version: the chain has no other.
    return role === null || name === 'tenant/root' || trusted(role, keyIds);
  });
  const kept = new Map(floors);
  return {
    ...trust,
    floors: kept,
    snapshot: kept.has('site/snapshot') ? trust.snapshot : null,
    time: forgetWitnesses(trust.time, trusted),
  };
};

/**
 * A snapshot binds only what its own role signs: a stolen membership key must not be able to refuse
 * the root and the key set that would withdraw it.
 */
const demandedBySnapshot = (trust: Trust, name: RecordName): Version =>
  roleOf(name) === 'membership' ? (trust.snapshot?.versions.get(name) ?? 0) : 0;

const judgeVersion = (trust: Trust, candidate: Candidate): Judgement | null => {
  const { name, version, digest } = candidate;
  const floor = trust.floors.get(name);
  const last = floor?.version ?? 0;
  if (floor !== undefined && version === last) {
    return digest === floor.digest
      ? { kind: 'unchanged' }
      : refused('equivocation', `${name} ${version} exists with another content`);
  }
  if (version < last) return refused('rollback', `${name} ${version} is older than ${last}`);
  const together = demandedBySnapshot(trust, name);
  if (version < together) {
    return refused('mix-and-match', `${name} ${version}: the site is at ${together} already`);
  }
  if (version - Math.max(last, together) > versionStepMax) {
    return refused('fast-forward', `${name} ${version} is too far above ${last}`);
  }
  return null;
};

const withFloor = (trust: Trust, candidate: Candidate): Trust => {
  const { name, version, digest, keyIds, issuedAtMs } = candidate;
  const role = roleOf(name);
  return {
    ...trust,
    floors: new Map(trust.floors).set(name, { version, digest, keyIds }),
    time:
      role === null ? trust.time : raiseTimeFloor(trust.time, role, { atMs: issuedAtMs, keyIds }),
  };
};

const foreign = (trust: Trust, candidate: Candidate): Judgement | null =>
  candidate.tenantId === trust.tenantId
    ? null
    : refused('wrong-audience', `${candidate.name} is of another tenant`);

/** The next root: exactly one above, by the old threshold and by its own. Expiry does not matter. */
export const judgeRoot = (trust: Trust, candidate: Candidate, next: RootOfTrust): Judgement => {
  const { root } = trust;
  const wrong = foreign(trust, candidate);
  if (wrong !== null) return wrong;
  if (next.version === root.version) {
    const same = trust.floors.get('tenant/root')?.digest === candidate.digest;
    return same
      ? { kind: 'unchanged' }
      : refused('equivocation', `root ${next.version} exists with another content`);
  }
  if (next.version < root.version) {
    return refused('rollback', `root ${next.version} is older than ${root.version}`);
  }
  if (next.version > root.version + 1) {
    return refused('root-version-skipped', `root ${root.version + 1} is missing before it`);
  }
  for (const keys of [root, next]) {
    if (signedBy(candidate.keyIds, keys.keys, keys.threshold)) continue;
    const whose = keys === root ? 'the root before it' : 'its own keys';
    return refused('threshold-not-met', `it is not signed by enough of ${whose}`);
  }
  const floor = trust.floors.get('tenant/keyset');
  const keeps = floor !== undefined && signedBy(floor.keyIds, next.keys, next.threshold);
  const followed = { ...trust, root: next, keyset: keeps ? trust.keyset : null };
  return { kind: 'accepted', trust: withFloor(afterKeyChange(followed), candidate) };
};

export const judgeKeyset = (trust: Trust, candidate: Candidate, next: KeysInForce): Judgement => {
  const wrong = foreign(trust, candidate);
  if (wrong !== null) return wrong;
  if (!signedBy(candidate.keyIds, trust.root.keys, trust.root.threshold)) {
    return refused('threshold-not-met', 'it is not signed by enough root keys');
  }
  const verdict = judgeVersion(trust, candidate);
  if (verdict !== null) return verdict;
  const followed = afterKeyChange({ ...trust, keyset: next });
  return { kind: 'accepted', trust: withFloor(followed, candidate) };
};

/**
 * Any record but those two. `signers` are the keys that may author it, and how many must: a role's,
 * or the one key of a device or person.
 */
export const judgeRecord = (
  trust: Trust,
  candidate: Candidate,
  signers: { keys: readonly PublicKey[]; threshold: number },
): Judgement => {
  const wrong = foreign(trust, candidate);
  if (wrong !== null) return wrong;
  if (!signedBy(candidate.keyIds, signers.keys, signers.threshold)) {
    return refused('threshold-not-met', 'it is not signed by enough of those who may');
  }
  return judgeVersion(trust, candidate) ?? { kind: 'accepted', trust: withFloor(trust, candidate) };
};

/** A snapshot raises what is asked of the records it names, within bounds; it lowers nothing. */
export const judgeSnapshot = (
  trust: Trust,
  candidate: Candidate,
  signers: { keys: readonly PublicKey[]; threshold: number },
  next: SnapshotInForce,
): Judgement => {
  const verdict = judgeRecord(trust, candidate, signers);
  if (verdict.kind !== 'accepted') return verdict;
  for (const [name, version] of next.versions) {
    if (roleOf(name) !== 'membership') continue;
    const held = trust.floors.get(name)?.version ?? 0;
    if (held > 0 && version - held > versionStepMax) {
      return refused('fast-forward', `it names ${name} ${version}, far above ${held}`);
    }
  }
  return { kind: 'accepted', trust: { ...verdict.trust, snapshot: next } };
};

/** Who belongs to the site now, by device id: whoever is revoked does not, whatever the roster says. */
export const admittedMembers = ({ members, revoked }: Trust): [deviceId: string, nkey: string][] =>
  [...members].filter(([, nkey]) => !revoked.has(nkey));

/** A verified time that is in no record: an acknowledgement or a welcome of the cloud. */
export const witnessTime = (trust: Trust, by: Witness, atMs: number, keyIds: readonly string[]) => {
  if (!stillTrusted(trust.root, trust.keyset)(by, keyIds)) return trust;
  const time = raiseTimeFloor(trust.time, by, { atMs, keyIds });
  return time === trust.time ? trust : { ...trust, time };
};

/** Another site: its records start anew, everything else stays. */
export const moveToSite = (trust: Trust): Trust => ({
  ...trust,
  snapshot: null,
  members: new Map(),
  siteKeyGeneration: 0,
  grants: new Map(),
  floors: new Map(
    [...trust.floors].filter(([name]) => name.startsWith('tenant/') || name.startsWith('device/')),
  ),
});

/** What the snapshot names newer than what is held, in the order in which it is to be fetched. */
export const missingRecords = (trust: Trust, held: Versions): RecordName[] =>
  inFetchOrder(
    [...(trust.snapshot?.versions ?? [])]
      .filter(([name, version]) => version > (held.get(name) ?? 0))
      .map(([name]) => name),
  );
