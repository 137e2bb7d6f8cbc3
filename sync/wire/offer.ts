/**
 * Judging every record but root and key set: opened by the keys of its author, for the audience its
 * name says, and then what it changes in what is believed. Part of ./trust.ts.
 */
import type { Desired } from '../core/manifest.ts';
import { kindOf, type RecordName } from '../core/records.ts';
import type { Roster } from '../core/roster.ts';
import {
  judgeRecord,
  judgeSnapshot,
  type KeysInForce,
  type PublicKey,
  type Trust,
  type TrustFault,
} from '../core/trust.ts';
import { halters, keyOfDevice, mayHalt, memberKeys } from './authors.ts';
import type { EnvelopeFault } from './dsse.ts';
import type { NewerRecord } from './record-envelope.ts';
import type {
  Command,
  Grant,
  Halt,
  Permit,
  Plan,
  ReportedRecord,
  Revocation,
  Root,
  SiteKeyRecord,
  Snapshot,
} from './record-schemas.ts';
import {
  type Keyset,
  openCommand,
  openDesired,
  openGrant,
  openHalt,
  openPermit,
  openPlan,
  openReported,
  openRevocation,
  openRoster,
  openSiteKeyRecord,
  openSnapshot,
  releaseDigestOf,
} from './records.ts';

/** What a name holds, once it is believed. */
export type Believed =
  | { kind: 'root'; value: Root }
  | { kind: 'keyset'; value: Keyset }
  | { kind: 'revocation'; value: Revocation }
  | { kind: 'roster'; value: Roster }
  | { kind: 'site-key'; value: SiteKeyRecord }
  | { kind: 'snapshot'; value: Snapshot }
  | { kind: 'desired'; value: Desired }
  | { kind: 'plan'; value: Plan }
  | { kind: 'grant'; value: Grant }
  | { kind: 'command'; value: Command }
  | { kind: 'halt'; value: Halt }
  | { kind: 'permit'; value: Permit }
  | { kind: 'reported'; value: ReportedRecord };

export type Refused =
  | { kind: 'refused'; code: TrustFault | EnvelopeFault | 'too-many-records'; reason: string }
  | NewerRecord;
export type Offered =
  | { kind: 'accepted'; trust: Trust; record: Believed }
  | { kind: 'unchanged'; record: Believed }
  | Refused;

export const refusedRecord = (
  code: Exclude<Refused['code'], 'newer-schema'>,
  reason: string,
): Refused => ({
  kind: 'refused',
  code,
  reason,
});

/** A record that verified, and by whom it had to be signed. */
type Opening =
  | {
      kind: 'opened';
      record: Believed;
      /** What its payload says it is called here; it must be the name it was asked for. */
      name: RecordName;
      site: string | null;
      version: number;
      issuedAtMs: number;
      keyIds: readonly string[];
      signers: { keys: readonly PublicKey[]; threshold: number };
    }
  | Refused;

type OpenFor = (trust: Trust, keyset: KeysInForce, bytes: Uint8Array, name: RecordName) => Opening;

const byRole = (keyset: KeysInForce, role: 'membership' | 'director') => ({
  keys: keyset.roles[role],
  threshold: keyset.thresholds[role],
});

type Dated = { version: number; issuedAt: string };
const dated = ({ version, issuedAt }: Dated) => ({ version, issuedAtMs: Date.parse(issuedAt) });

const openers: Partial<Record<ReturnType<typeof kindOf>, OpenFor>> = {
  revocation: (_trust, keyset, bytes) => {
    const opened = openRevocation(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'revocation', value } as const;
    const signers = byRole(keyset, 'membership');
    return {
      kind: 'opened',
      record,
      name: 'tenant/revocation',
      site: null,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  roster: (_trust, keyset, bytes) => {
    const opened = openRoster(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'roster', value } as const;
    const signers = byRole(keyset, 'membership');
    return {
      kind: 'opened',
      record,
      name: 'site/roster',
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  'site-key': (trust, keyset, bytes) => {
    const opened = openSiteKeyRecord(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    if (value.generation < trust.siteKeyGeneration) {
      const reason = `the roster goes with site key ${trust.siteKeyGeneration}, not ${value.generation}`;
      return refusedRecord('mix-and-match', reason);
    }
    const record = { kind: 'site-key', value } as const;
    const signers = byRole(keyset, 'membership');
    return {
      kind: 'opened',
      record,
      name: 'site/site-key',
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  snapshot: (_trust, keyset, bytes) => {
    const opened = openSnapshot(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'snapshot', value } as const;
    const signers = byRole(keyset, 'membership');
    return {
      kind: 'opened',
      record,
      name: 'site/snapshot',
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  desired: (_trust, keyset, bytes) => {
    const opened = openDesired(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'desired', value } as const;
    return {
      kind: 'opened',
      record,
      name: `device/${value.deviceId}/desired`,
      site: null,
      version: value.generation,
      issuedAtMs: Date.parse(value.issuedAt),
      keyIds,
      signers: byRole(keyset, 'director'),
    };
  },
  plan: (_trust, keyset, bytes) => {
    const opened = openPlan(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'plan', value } as const;
    const signers = byRole(keyset, 'director');
    return {
      kind: 'opened',
      record,
      name: `plan/${value.planId}`,
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  grant: (_trust, keyset, bytes) => {
    const opened = openGrant(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'grant', value } as const;
    const signers = byRole(keyset, 'director');
    return {
      kind: 'opened',
      record,
      name: `grant/${value.grantId}`,
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  command: (_trust, keyset, bytes) => {
    const opened = openCommand(bytes, keyset);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'command', value } as const;
    const signers = byRole(keyset, 'director');
    return {
      kind: 'opened',
      record,
      name: `device/${value.deviceId}/command`,
      site: null,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  halt: (trust, _keyset, bytes) => {
    const keys = halters(trust);
    const opened = openHalt(bytes, keys);
    if (opened.kind === 'refused') return opened;
    const { value } = opened;
    if (!opened.keyIds.includes(value.author) || !mayHalt(trust, value)) {
      return refusedRecord('no-grant', 'no key set or grant in force lets its author halt');
    }
    const record = { kind: 'halt', value } as const;
    const keyIds = [value.author];
    const signers = {
      keys: keys.filter(({ keyId }) => keyId === value.author).slice(0, 1),
      threshold: 1,
    };
    return {
      kind: 'opened',
      record,
      name: `halt/${value.author}`,
      site: value.site,
      keyIds,
      signers,
      ...dated(value),
    };
  },
  permit: (trust, _keyset, bytes) => {
    const opened = openPermit(bytes, memberKeys(trust));
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const author = keyOfDevice(trust, value.coordinator);
    if (author.kind === 'refused') return author;
    const record = { kind: 'permit', value } as const;
    const signers = { keys: author.keys, threshold: 1 };
    const name = `permit/${value.planId}/${value.term}` as const;
    return { kind: 'opened', record, name, site: value.site, keyIds, signers, ...dated(value) };
  },
  reported: (trust, _keyset, bytes, name) => {
    const author = keyOfDevice(trust, name.split('/')[1] ?? '');
    if (author.kind === 'refused') return author;
    const opened = openReported(bytes, author.keys);
    if (opened.kind === 'refused') return opened;
    const { value, keyIds } = opened;
    const record = { kind: 'reported', value } as const;
    return {
      kind: 'opened',
      record,
      name: `device/${value.deviceId}/reported`,
      site: value.site,
      version: value.version,
      issuedAtMs: value.at,
      keyIds,
      signers: { keys: author.keys, threshold: 1 },
    };
  },
};

/** What else is believed, once the record is. */
const learn = (trust: Trust, record: Believed): Trust => {
  switch (record.kind) {
    case 'roster': {
      const { members, siteKeyGeneration } = record.value;
      const nkeys = members.map(({ deviceId, publicKey }) => [deviceId, publicKey] as const);
      return { ...trust, members: new Map(nkeys), siteKeyGeneration };
    }
    case 'revocation':
      return {
        ...trust,
        revoked: new Set(record.value.devices.map(({ publicKey }) => publicKey)),
      };
    case 'grant': {
      const { grantId, site, holder, may, expiresAt, revoked } = record.value;
      const grant = { site, key: holder.key, may, expiresAtMs: Date.parse(expiresAt), revoked };
      return { ...trust, grants: new Map(trust.grants).set(grantId, grant) };
    }
    default:
      return trust;
  }
};

const snapshotOf = ({ expiresAt, root, keyset, revocation, roster, siteKey }: Snapshot) => ({
  expiresAtMs: Date.parse(expiresAt),
  versions: new Map<RecordName, number>([
    ['tenant/root', root],
    ['tenant/keyset', keyset],
    ['tenant/revocation', revocation],
    ['site/roster', roster],
    ['site/site-key', siteKey],
  ]),
});

export const offerToRole = (
  trust: Trust,
  site: string,
  name: RecordName,
  bytes: Uint8Array,
): Offered => {
  const { keyset } = trust;
  if (keyset === null) return refusedRecord('no-keyset', 'no key set is in force');
  const open = openers[kindOf(name)];
  if (open === undefined) return refusedRecord('wrong-type', `${name} is not replicated by name`);
  const opening = open(trust, keyset, bytes, name);
  if (opening.kind === 'refused') return opening;
  const { record, version, issuedAtMs, keyIds, signers } = opening;
  if (opening.name !== name || (opening.site ?? site) !== site) {
    return refusedRecord(
      'wrong-audience',
      `it is ${opening.name} of ${opening.site ?? 'all sites'}`,
    );
  }
  const candidate = {
    name,
    tenantId: record.value.tenantId,
    version,
    digest: releaseDigestOf(bytes),
    keyIds,
    issuedAtMs,
  };
  const verdict =
    record.kind === 'snapshot'
      ? judgeSnapshot(trust, candidate, signers, snapshotOf(record.value))
      : judgeRecord(trust, candidate, signers);
  if (verdict.kind === 'refused') return verdict;
  if (verdict.kind === 'unchanged') return { kind: 'unchanged', record };
  return { kind: 'accepted', trust: learn(verdict.trust, record), record };
};
