/**
 * The store of verified records: what the device believes, in one commit with the bytes and with
 * whatever else a record changes. Invariants: nothing gets in but through `offerRecord`; floors
 * outlive a restart, a power cut and a damaged database; exact bytes are kept, so what this program
 * does not understand travels on untouched.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { kindOf, type RecordName, type Version } from '@signalbeam/sync/core/records';
import type { Witness } from '@signalbeam/sync/core/time-floor';
import {
  moveToSite,
  startTrust,
  type Trust,
  versionStepMax,
  witnessTime,
} from '@signalbeam/sync/core/trust';
import type { Believed, Offered } from '@signalbeam/sync/wire/offer';
import type { NewerRecord } from '@signalbeam/sync/wire/record-envelope';
import { type RoleKeys, thresholdOne } from '@signalbeam/sync/wire/records';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import type { Approved } from './enrolment.ts';
import type { StoredTrust, TrustTables } from './trust-tables.ts';

export type TrustStore = {
  trust(): Trust;
  /** Keys by role, for who opens what the cloud signed; none while no key set is in force. */
  keyset(): RoleKeys;
  /** Judges a record; `alongside` runs in the same commit as its acceptance. */
  offer(name: RecordName, bytes: Uint8Array, alongside?: (record: Believed) => void): Offered;
  /** A time that the cloud signed in what is no record. */
  witness(by: Witness, atMs: number, keyIds: readonly string[]): void;
  /** Exact bytes, to relay; null when none are held. */
  held(name: RecordName): Uint8Array | null;
  /** Exact bytes of a root that was believed, for who walks to the newest; null when unknown. */
  root(version: Version): Uint8Array | null;
  /** Of the bytes held: behind the floors where a database was lost, until they come again. */
  versions(): ReadonlyMap<RecordName, Version>;
  onChange(listener: (name: RecordName) => void): () => void;
};

/** The part of an enrolment that says whom to trust. */
export type EnrolmentRecords = Pick<Approved['enrolment'], 'tenantId' | 'site' | 'records'>;

export type TrustStoreParts = {
  tables: TrustTables;
  approved: Pick<Approved, 'tenantId' | 'site'> & { enrolment: EnrolmentRecords };
  builtAtMs: number;
  now: () => number;
  log: (level: 'info' | 'warn' | 'error', message: string, facts?: Record<string, unknown>) => void;
};

/** A site of 200 with plans, permits and reports of each; beyond it new names are refused. */
export const recordsHeldMax = 2_000;
/** The floor is written down when it rose so far: an acknowledgement a minute must not wear flash. */
const timeStepMs = 3_600_000;
const noKeys: RoleKeys = {
  roles: { release: [], director: [], ingest: [], membership: [] },
  thresholds: thresholdOne,
};

const refusedEnrolment = (reason: string): FleetError =>
  new FleetError('keyset-refused', `The keys of the enrolment were refused: ${reason}.`, {
    next: 'Check that the cloud is the one this device was registered with, then register again.',
  });

/** What an enrolment lets the device begin with: its root, pinned, and the key set under it. */
export const trustOfEnrolment = (
  enrolment: EnrolmentRecords,
  builtAtMs: number,
): { trust: Trust; keyset: Uint8Array } => {
  const { records, tenantId } = enrolment;
  const bytes = (text: string) => Buffer.from(text, 'base64');
  const pinned =
    'root' in records
      ? pinRoot(bytes(records.root), builtAtMs)
      : {
          kind: 'pinned' as const,
          trust: startTrust(
            tenantId,
            { version: 0, threshold: 1, keys: [records.rootKey], expiresAtMs: null },
            builtAtMs,
          ),
        };
  if (pinned.kind === 'refused') throw refusedEnrolment(pinned.reason);
  if (pinned.trust.tenantId !== tenantId) throw refusedEnrolment('they are of another tenant');
  const keyset = bytes(records.keyset);
  const offered = offerRecord(pinned.trust, enrolment.site, 'tenant/keyset', keyset);
  if (offered.kind !== 'accepted') {
    throw refusedEnrolment(offered.kind === 'refused' ? offered.reason : 'it is not new');
  }
  return { trust: offered.trust, keyset };
};

export const openTrustStore = (parts: TrustStoreParts): TrustStore => {
  const { tables, approved, log, now } = parts;
  const listeners = new Set<(name: RecordName) => void>();
  let stored = begin(parts);
  let writtenFloorMs = newestSaid(stored.trust);

  const copy = (): void => {
    try {
      tables.copy(stored);
    } catch (cause) {
      log('warn', 'The second copy of what is trusted could not be written', {
        cause: String(cause),
      });
    }
  };
  const commit = (trust: Trust, also: () => void): void => {
    const next: StoredTrust = { serial: stored.serial + 1, site: approved.site, trust };
    tables.together(() => {
      tables.write(next);
      also();
    });
    stored = next;
    writtenFloorMs = newestSaid(trust);
    copy();
  };
  /** Kept for those who understand it: this program goes on with what it believed. */
  const carry = (name: RecordName, bytes: Uint8Array, newer: NewerRecord): void => {
    const known = versionOf(name);
    if (!concernsUs(approved, name, newer)) return;
    if (newer.version <= known || newer.version - known > versionStepMax) return;
    if (known === 0 && tables.count() >= recordsHeldMax) return;
    const { version } = newer;
    tables.writeRecord({ name, version, envelope: bytes, carried: true }, now());
    for (const listener of listeners) listener(name);
  };
  const versionOf = (name: RecordName): Version =>
    Math.max(stored.trust.floors.get(name)?.version ?? 0, tables.record(name)?.version ?? 0);
  const offer: TrustStore['offer'] = (name, bytes, alongside) => {
    const offered = offerRecord(stored.trust, approved.site, name, bytes);
    const held = tables.record(name);
    if (offered.kind === 'refused') {
      if (offered.code === 'newer-schema') carry(name, bytes, offered);
      return offered;
    }
    // Known by its floor, but a damaged database took the bytes or has older ones: taken in again.
    const floor = stored.trust.floors.get(name)?.version ?? 0;
    if (offered.kind === 'unchanged' && (held?.version ?? 0) >= floor) return offered;
    if (held === null && tables.count() >= recordsHeldMax) {
      return { kind: 'refused', code: 'too-many-records', reason: `more than ${recordsHeldMax}` };
    }
    const trust = offered.kind === 'accepted' ? offered.trust : stored.trust;
    const version = trust.floors.get(name)?.version ?? 0;
    commit(trust, () => {
      if (kindOf(name) === 'root' || kindOf(name) === 'keyset') tables.dropCarried();
      if (name === 'tenant/root') tables.writeRoot(version, bytes);
      // A newer one that is carried stays for the others.
      if (held?.carried !== true || held.version < version) {
        tables.writeRecord({ name, version, envelope: bytes, carried: false }, now());
      }
      alongside?.(offered.record);
    });
    for (const listener of listeners) listener(name);
    return { kind: 'accepted', trust, record: offered.record };
  };
  commit(stored.trust, () => undefined);
  offerEnrolment(approved.enrolment, offer);
  return {
    trust: () => stored.trust,
    keyset: () => stored.trust.keyset ?? noKeys,
    offer,
    witness: (by, atMs, keyIds) => {
      const trust = witnessTime(stored.trust, by, atMs, keyIds);
      if (trust === stored.trust) return;
      stored = { ...stored, trust };
      if (newestSaid(trust) - writtenFloorMs >= timeStepMs) commit(trust, () => undefined);
    },
    held: (name) => tables.record(name)?.envelope ?? null,
    root: tables.root,
    versions: tables.versions,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

const concernsUs = (
  ours: Pick<Approved, 'tenantId' | 'site'>,
  name: RecordName,
  newer: NewerRecord,
): boolean => {
  const [scope, id] = name.split('/');
  return (
    newer.tenantId === ours.tenantId &&
    (newer.site === null || newer.site === ours.site) &&
    (scope !== 'device' || newer.deviceId === id)
  );
};

const nothing = { root: null, revocation: null, roster: null, siteKey: null };

/** What came since is newer; then these are refused, and rightly. */
const offerEnrolment = ({ records }: EnrolmentRecords, offer: TrustStore['offer']): void => {
  const { keyset, root, revocation, roster, siteKey } = { ...nothing, ...records };
  for (const [name, text] of [
    ['tenant/root', root],
    ['tenant/keyset', keyset],
    ['tenant/revocation', revocation],
    ['site/roster', roster],
    ['site/site-key', siteKey],
  ] as const) {
    if (text !== null) offer(name, Buffer.from(text, 'base64'));
  }
};

const newestSaid = ({ time }: Trust): number =>
  Math.max(0, ...Object.values(time.said).map(({ atMs }) => atMs));

/** What was believed when the agent stopped, at this site and with this program's build time. */
const begin = ({ tables, approved, builtAtMs }: TrustStoreParts): StoredTrust => {
  const found = tables.read();
  if (found === null || found.trust.tenantId !== approved.tenantId) {
    const { trust } = trustOfEnrolment(approved.enrolment, builtAtMs);
    return { serial: found?.serial ?? 0, site: approved.site, trust };
  }
  const time = { ...found.trust.time, builtAtMs };
  if (found.site === approved.site) return { ...found, trust: { ...found.trust, time } };
  tables.dropSiteRecords();
  return { ...found, site: approved.site, trust: moveToSite({ ...found.trust, time }) };
};
