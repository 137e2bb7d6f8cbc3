/** Trust joined to the agent: what is stale or revoked starts nothing new, and stops nothing. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordName } from '@signalbeam/sync/core/records';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import {
  desiredWith,
  devices,
  issuedAt,
  keys,
  keysetWith,
  newSigner,
} from '@signalbeam/sync/wire/records.fixture';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import {
  builtAtMs,
  desiredBytes,
  desiredName,
  keysetBytes,
  rootBytes,
  rosterBytes,
  snapshotBytes,
} from '@signalbeam/sync/wire/trust.fixture';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Approved } from '../store/enrolment.ts';
import { stateMigrations } from '../store/migrations.ts';
import { openStore } from '../store/open.ts';
import { openTrustTables } from '../store/trust-tables.ts';
import { type Believing, openTrust } from './trust.ts';

const { tenantId } = keysetWith();
const site = 'plant-7';
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const [me] = devices;
const year2099 = '2099-01-01T00:00:00.000Z';

let trust: Believing;
let events: EventBody[];
let accepted: Uint8Array[];
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'trust-'));
  const { database } = openStore({
    path: join(folder, 'state.db'),
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 1,
  });
  events = [];
  accepted = [];
  trust = openTrust({
    tables: openTrustTables(database, folder),
    approved: {
      tenantId,
      site,
      enrolment: {
        tenantId,
        site,
        records: {
          root: text(rootBytes(1, [keys.root], { expiresAt: year2099 })),
          keyset: text(keysetBytes(2)),
        },
      } as unknown as Approved['enrolment'],
    },
    builtAtMs,
    now: () => 1_000,
    log: () => {},
    identity: { deviceId: me.deviceId, nkey: me.member.publicKey },
    appendEvent: (event) => events.push(event),
    accept: (envelope) => {
      accepted.push(envelope);
      return { kind: 'accepted' };
    },
  });
});
const types = () => events.map(({ type }) => type);

describe('an expired desired state', () => {
  const expiring = sealRecord(
    payloadTypes.desired,
    desiredWith({ generation: 3, expiresAt: '2026-04-01T00:00:00.000Z' }),
    [keys.director],
  );

  it('blocks the start of a version once the cloud has signed a later time, whatever the clock says', () => {
    expect(trust.acceptDesired(expiring)).toEqual({ kind: 'accepted' });
    expect(trust.hold()).toBeNull();
    trust.witness('ingest', Date.parse('2026-05-01'), [keys.ingest.keyId]);
    expect(trust.hold()).toContain('desired state has expired');
    // It stays in force, and its successor ends the wait.
    expect(accepted).toEqual([expiring]);
    expect(trust.acceptDesired(desiredBytes(4))).toEqual({ kind: 'accepted' });
    expect(trust.hold()).toBeNull();
  });

  it('blocks nothing any more once the key that signed it is withdrawn', () => {
    trust.acceptDesired(expiring);
    trust.witness('ingest', Date.parse('2026-05-01'), [keys.ingest.keyId]);
    expect(trust.hold()).not.toBeNull();
    trust.offer('tenant/keyset', keysetBytes(3, { director: keys.release }));
    expect(trust.hold()).toBeNull();
  });

  it('of which only a stranger says so blocks nothing', () => {
    trust.acceptDesired(expiring);
    trust.witness('ingest', Date.parse('2026-05-01'), [keys.director.keyId]);
    expect(trust.hold()).toBeNull();
  });
});

describe('what is told', () => {
  it('a refusal once, however often it is offered, and a new key set', () => {
    const forged = keysetBytes(3, {}, [keys.director]);
    for (let count = 0; count < 5; count += 1) trust.offer('tenant/keyset', forged);
    expect(types()).toEqual(['record-refused']);
    expect(events.filter(({ type }) => type === 'record-refused')).toMatchObject([
      { data: { name: 'tenant/keyset', code: 'unknown-signer' } },
    ]);
    trust.offer('tenant/keyset', keysetBytes(3));
    expect(events.at(-1)).toMatchObject({
      type: 'trust-changed',
      data: { name: 'tenant/keyset', version: 3 },
    });
  });

  it('forgeries of many names and codes in turn: a handful of events, and each is counted', () => {
    const forged = (kind: 'plan' | 'grant', at: number): RecordName =>
      `${kind}/44444444-4444-4444-8444-${String(at).padStart(12, '0')}`;
    for (let at = 0; at < 300; at += 1) {
      trust.offer(forged('plan', at), Buffer.from('{}'));
      trust.offer(forged('grant', at), desiredBytes(1));
      trust.offer('tenant/keyset', keysetBytes(3, {}, [keys.director]));
      // What is known already proves nothing of who sent it.
      trust.offer('tenant/keyset', keysetBytes(2));
    }
    expect(types()).toEqual(['record-refused', 'record-refused', 'record-refused']);
    expect(trust.refused()).toEqual({
      'malformed-envelope': 300,
      'wrong-type': 300,
      'unknown-signer': 300,
    });
  });

  it('what has become too old, once, and that somebody may hold news back', () => {
    expect(trust.stale()).toBeNull();
    trust.offer('site/snapshot', snapshotBytes(1));
    trust.witness('ingest', Date.parse('2028-01-01'), [keys.ingest.keyId]);
    trust.witness('ingest', Date.parse('2028-01-02'), [keys.ingest.keyId]);
    expect(events.filter(({ type }) => type === 'trust-stale')).toMatchObject([
      { data: { code: 'snapshot-expired' } },
    ]);
    expect(trust.stale()).toContain('hold back');
    expect(trust.hold()).toBeNull();
  });

  it('this device’s own revocation, and then nothing new starts', () => {
    const { deviceId, member } = me;
    const revocation = {
      tenantId,
      version: 1,
      issuedAt,
      devices: [{ deviceId, publicKey: member.publicKey, revokedAt: issuedAt }],
    };
    const bytes = sealRecord(payloadTypes.revocation, revocation, [keys.membership]);
    expect(trust.offer('tenant/revocation', bytes).kind).toBe('accepted');
    expect(types()).toContain('revoked');
    expect(trust.hold()).toContain('revoked');
    expect(trust.acceptDesired(desiredBytes(1))).toEqual({ kind: 'accepted' });
  });
});

describe('a desired state', () => {
  it('below its floor is refused although the reconciler would take it', () => {
    trust.acceptDesired(desiredBytes(5));
    expect(trust.acceptDesired(desiredBytes(4))).toEqual({ kind: 'refused' });
    expect(trust.acceptDesired(desiredBytes(Number.MAX_SAFE_INTEGER))).toEqual({ kind: 'refused' });
    expect(accepted).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'record-refused')).toMatchObject([
      { data: { name: desiredName, code: 'rollback' } },
      { data: { name: desiredName, code: 'fast-forward' } },
    ]);
  });
});

describe('a new enrolment', () => {
  const enrolmentWith = (keyset: Uint8Array, roster: Uint8Array) =>
    ({ site: 'plant-9', records: { keyset: text(keyset), roster: text(roster) } }) as Enrolment;
  const there = { site: 'plant-9' };

  it('is believed when its roster follows from what is believed, over every root in between', () => {
    const [first, second] = [newSigner(), newSigner()];
    const roots = [
      rootBytes(2, [keys.root, first], { keys: [first] }),
      rootBytes(3, [first, second], { keys: [second] }),
    ];
    const next = enrolmentWith(keysetBytes(3, {}, [second]), rosterBytes(1, there));
    expect(trust.judgeEnrolment(next, [])).toMatchObject({ kind: 'refused' });
    expect(trust.judgeEnrolment(next, roots)).toEqual({ kind: 'believed' });
  });

  it('is refused from a stranger, without this device, or of another site than it says', () => {
    const stranger = newSigner();
    for (const roster of [
      rosterBytes(1, there, stranger),
      rosterBytes(1, { ...there, members: [] }),
      rosterBytes(1, { site: 'plant-8' }),
    ]) {
      expect(trust.judgeEnrolment(enrolmentWith(keysetBytes(2), roster), [])).toMatchObject({
        kind: 'refused',
      });
    }
    const foreign = enrolmentWith(keysetBytes(9, {}, [stranger]), rosterBytes(1, there));
    expect(trust.judgeEnrolment(foreign, [])).toMatchObject({ code: 'unknown-signer' });
  });
});
