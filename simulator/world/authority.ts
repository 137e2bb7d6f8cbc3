/**
 * Who signs what a site believes: its tenant's root and key set, who was revoked, who belongs to the
 * site and its key, and the snapshot that binds them. A model of device-manager's tables around the
 * real sealing; versions only grow, and what is signed is put where devices find it.
 */
import type { RecordName } from '@signalbeam/sync/core/records';
import type { RosterMember } from '@signalbeam/sync/core/roster';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { recordSchemaVersion, sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes, releaseDigestOf } from '@signalbeam/sync/wire/records';
import { sealSiteKey, siteKeyBytes } from '@signalbeam/sync/wire/site-key';
import { tenantScope } from '@signalbeam/sync/wire/subjects';
import type { Random } from '../kernel/random.ts';
import { trusted } from './notary.ts';

export type SiteRecord =
  | 'tenant/root'
  | 'tenant/keyset'
  | 'tenant/revocation'
  | 'site/roster'
  | 'site/site-key'
  | 'site/snapshot';
type Role = 'release' | 'director' | 'ingest' | 'membership';

export type Signed = { version: number; bytes: Uint8Array };

export type Authority = {
  /** The newest of each. */
  records: Map<SiteRecord, Signed>;
  /** Digests of all that ever was signed, by name and version. */
  authored: Set<string>;
  /** The digests alone. */
  contents: Set<string>;
  signer(role: Role): Signer;
  members: Map<string, RosterMember>;
  revoked: Map<string, RosterMember>;
  /** Somebody comes or goes who is not simulated. */
  changeGuest(): void;
  revoke(deviceId: string): void;
  /** `add`: beside the old key; `replace`: instead of it. */
  rotate(role: Role, how: 'add' | 'replace'): void;
  rotateRoot(): void;
  /** Signs the snapshot again, as when the last one grows old. */
  renew(): void;
  publish(): void;
  /** The key of the site that is in force. */
  siteKey(): Uint8Array;
};

export type AuthorityParts = {
  tenantId: string;
  site: string;
  random: Random;
  signer: (name: string) => Signer;
  members: readonly RosterMember[];
  nowIso: (aheadMs: number) => string;
  /** Some records are written by a program that is one schema ahead of the devices. */
  newer: boolean;
  put: (scope: string, name: string, bytes: Uint8Array) => void;
  poke: (snapshot: number) => void;
};

export const authoredKey = (name: RecordName, version: number, bytes: Uint8Array): string =>
  `${name} ${version} ${releaseDigestOf(bytes)}`;

const snapshotLifeMs = 7 * 86_400_000;
const rootLifeMs = 5 * 365 * 86_400_000;
const guestId = '00000000-0000-4000-8000-0000000000e0';

/** The tables behind it: which keys each role has, and what was signed. */
type Tables = Omit<AuthorityParts, 'members'> & {
  generations: Record<Role, number[]>;
  rootKeys: number;
  siteKeyGeneration: number;
  siteKeys: Map<number, Uint8Array>;
  /** All of them: a device that was away walks them one by one. */
  roots: Map<number, Uint8Array>;
} & Pick<Authority, 'records' | 'authored' | 'contents' | 'members' | 'revoked'>;

const keyOf = ({ signer }: Tables, role: Role, generation: number): Signer =>
  signer(generation === 1 ? role : `${role} ${generation}`);
const newestKey = (tables: Tables, role: Role): Signer =>
  keyOf(tables, role, tables.generations[role].at(-1) ?? 1);
const rootKey = ({ signer, rootKeys }: Tables): Signer => signer(`root ${rootKeys}`);
const versionOf = ({ records }: Tables, name: SiteRecord): number =>
  records.get(name)?.version ?? 0;
const about = ({ tenantId, nowIso }: Tables) => ({ tenantId, issuedAt: nowIso(0) });

const sign = (
  tables: Tables,
  name: SiteRecord,
  value: object,
  signers: readonly Signer[],
): void => {
  const version = versionOf(tables, name) + 1;
  const kind = (name.split('/')[1] ?? '') as 'root';
  const bytes = sealNewer(tables, payloadTypes[kind], { ...value, version }, signers);
  tables.records.set(name, { version, bytes });
  if (kind === 'root') tables.roots.set(version, bytes);
  tables.authored.add(authoredKey(name, version, bytes));
  tables.contents.add(releaseDigestOf(bytes));
};

const signRoot = (tables: Tables, by: readonly Signer[]): void => {
  const expiresAt = tables.nowIso(rootLifeMs);
  const keys = [trusted(rootKey(tables))];
  const value = { ...about(tables), expiresAt, development: false, threshold: 1, keys };
  sign(tables, 'tenant/root', value, by);
};

const signKeyset = (tables: Tables): void => {
  const keys = (role: Role) =>
    tables.generations[role].map((each) => trusted(keyOf(tables, role, each)));
  const roles = {
    release: keys('release'),
    director: keys('director'),
    ingest: keys('ingest'),
    membership: keys('membership'),
  };
  const thresholds = { release: 1, director: 1, ingest: 1, membership: 1 };
  sign(tables, 'tenant/keyset', { ...about(tables), roles, thresholds }, [rootKey(tables)]);
};

const byMembership = (tables: Tables, name: SiteRecord, value: object): void =>
  sign(tables, name, value, [newestKey(tables, 'membership')]);

const signRevocation = (tables: Tables): void => {
  const devices = [...tables.revoked.values()].map(({ deviceId, publicKey }) => ({
    deviceId,
    publicKey,
    revokedAt: tables.nowIso(0),
  }));
  byMembership(tables, 'tenant/revocation', { ...about(tables), devices });
};

const siteKeyOf = ({ siteKeys, siteKeyGeneration, random }: Tables): Uint8Array => {
  const known = siteKeys.get(siteKeyGeneration);
  if (known !== undefined) return known;
  const made = Uint8Array.from({ length: siteKeyBytes }, () => random.int(256));
  siteKeys.set(siteKeyGeneration, made);
  return made;
};

const signSite = (tables: Tables): void => {
  const { site, siteKeyGeneration } = tables;
  const roster = {
    ...about(tables),
    site,
    version: versionOf(tables, 'site/roster') + 1,
    siteKeyGeneration,
    members: [...tables.members.values()],
  };
  byMembership(tables, 'site/roster', roster);
  const sealed = sealSiteKey(siteKeyOf(tables), roster, siteKeyGeneration);
  byMembership(tables, 'site/site-key', sealed);
};

const signSnapshot = (tables: Tables): void =>
  byMembership(tables, 'site/snapshot', {
    ...about(tables),
    site: tables.site,
    expiresAt: tables.nowIso(snapshotLifeMs),
    root: versionOf(tables, 'tenant/root'),
    keyset: versionOf(tables, 'tenant/keyset'),
    revocation: versionOf(tables, 'tenant/revocation'),
    roster: versionOf(tables, 'site/roster'),
    siteKey: versionOf(tables, 'site/site-key'),
  });

const publish = (tables: Tables): void => {
  const { records, roots, put, site } = tables;
  for (const [version, bytes] of roots) put(tenantScope, `root-${version}`, bytes);
  for (const [name, { bytes }] of records) {
    const [scope, short] = name.split('/') as [string, string];
    if (short !== 'root') put(scope === 'tenant' ? tenantScope : site, short, bytes);
  }
  tables.poke(versionOf(tables, 'site/snapshot'));
};

export const createAuthority = (parts: AuthorityParts): Authority => {
  const tables: Tables = {
    ...parts,
    generations: { release: [1], director: [1], ingest: [1], membership: [1] },
    rootKeys: 1,
    siteKeyGeneration: 1,
    siteKeys: new Map(),
    roots: new Map(),
    records: new Map(),
    authored: new Set(),
    contents: new Set(),
    members: new Map(parts.members.map((member) => [member.deviceId, member])),
    revoked: new Map(),
  };
  signRoot(tables, [rootKey(tables)]);
  signKeyset(tables);
  signRevocation(tables);
  signSite(tables);
  signSnapshot(tables);
  return authorityOver(tables);
};

const authorityOver = (tables: Tables): Authority => {
  const { records, authored, contents, members, revoked, generations } = tables;
  const told = (): void => {
    signSnapshot(tables);
    publish(tables);
  };
  return {
    ...{ records, authored, contents, members, revoked },
    signer: (role) => newestKey(tables, role),
    siteKey: () => siteKeyOf(tables),
    changeGuest: () => {
      const like = [...members.values()][0];
      if (members.delete(guestId)) tables.siteKeyGeneration += 1;
      else if (like !== undefined) members.set(guestId, { ...like, deviceId: guestId });
      signSite(tables);
      told();
    },
    revoke: (deviceId) => {
      const member = members.get(deviceId);
      if (member === undefined) return;
      members.delete(deviceId);
      revoked.set(deviceId, member);
      tables.siteKeyGeneration += 1;
      signRevocation(tables);
      signSite(tables);
      told();
    },
    rotate: (role, how) => {
      const next = (generations[role].at(-1) ?? 1) + 1;
      generations[role] = how === 'add' ? [...generations[role].slice(-1), next] : [next];
      signKeyset(tables);
      if (role === 'membership') {
        signRevocation(tables);
        signSite(tables);
      }
      told();
    },
    rotateRoot: () => {
      const before = rootKey(tables);
      tables.rootKeys += 1;
      signRoot(tables, [before, rootKey(tables)]);
      signKeyset(tables);
      told();
    },
    renew: told,
    publish: () => publish(tables),
  };
};

/** What a later program writes: one more field, that today's reader passes over and passes on. */
const sealNewer = (
  { newer, random }: Tables,
  payloadType: string,
  value: object,
  signers: readonly Signer[],
): Uint8Array => {
  if (!newer || random.chance(0.5)) return sealRecord(payloadType, value, signers);
  const marks = {
    schema: recordSchemaVersion + 1,
    readableFrom: 1,
    toldByALaterProgram: { note: 'kept as it is' },
  };
  return sealEnvelope(payloadType, { ...value, ...marks }, signers);
};
