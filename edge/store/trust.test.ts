/** The store of verified records: durable, rolled back by nothing, and in one commit with its use. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordName } from '@signalbeam/sync/core/records';
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import {
  devices,
  keys,
  keysetWith,
  newSigner,
  rosterWith,
  siteKey,
  trusted,
} from '@signalbeam/sync/wire/records.fixture';
import { sealSiteKey } from '@signalbeam/sync/wire/site-key';
import {
  builtAtMs,
  desiredBytes,
  desiredName,
  keysetBytes,
  rootBytes,
  rosterBytes,
} from '@signalbeam/sync/wire/trust.fixture';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Approved } from './enrolment.ts';
import { stateMigrations } from './migrations.ts';
import { openStore } from './open.ts';
import { openTrustStore, recordsHeldMax, trustOfEnrolment } from './trust.ts';
import { openTrustTables, readTrust, rootsHeldMax } from './trust-tables.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const { tenantId } = keysetWith();
const site = 'plant-7';
const enrolmentWith = (records: object) =>
  ({ tenantId, site, records }) as unknown as Approved['enrolment'];
const enrolment = enrolmentWith({
  root: text(rootBytes(1, [keys.root])),
  keyset: text(keysetBytes(2)),
  revocation: text(
    sealRecord(
      payloadTypes.revocation,
      { tenantId, version: 1, issuedAt: '2026-01-01T00:00:00.000Z', devices: [] },
      [keys.membership],
    ),
  ),
  roster: text(rosterBytes(4)),
  siteKey: text(
    sealRecord(payloadTypes['site-key'], sealSiteKey(siteKey, rosterWith({ version: 4 }), 1), [
      keys.membership,
    ]),
  ),
});

let folder: string;
const open = (more: { site?: string; enrolment?: Approved['enrolment'] } = {}) => {
  const path = join(folder, 'state.db');
  const { database } = openStore({
    path,
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 1,
  });
  const store = openTrustStore({
    tables: openTrustTables(database, folder),
    approved: { tenantId, site, enrolment, ...more },
    builtAtMs,
    now: () => 1_000,
    log: () => {},
  });
  return { store, database };
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trust-'));
});

describe('the store of records', () => {
  it('begins with what the enrolment brought', () => {
    const { store } = open();
    expect(Object.fromEntries(store.versions())).toEqual({
      'tenant/root': 1,
      'tenant/keyset': 2,
      'tenant/revocation': 1,
      'site/roster': 4,
      'site/site-key': 4,
    });
    expect(store.trust().members.size).toBe(devices.length);
    expect(store.held('site/roster')).toEqual(Buffer.from(rosterBytes(4)));
  });

  // Inventory §7.12
  it('goes on where it stood, after a restart', () => {
    const first = open();
    expect(first.store.offer('site/roster', rosterBytes(7)).kind).toBe('accepted');
    expect(first.store.offer(desiredName, desiredBytes(9)).kind).toBe('accepted');
    first.database.close();
    const { store } = open();
    expect(store.trust()).toEqual(first.store.trust());
    expect(store.offer('site/roster', rosterBytes(6))).toMatchObject({ code: 'rollback' });
    expect(store.offer(desiredName, desiredBytes(8))).toMatchObject({ code: 'rollback' });
  });

  it('keeps its floors when the database is lost, and takes the same bytes in again', () => {
    const first = open();
    first.store.offer(desiredName, desiredBytes(9));
    first.database.close();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(folder, `state.db${suffix}`), { force: true });
    const { store } = open();
    expect(store.offer(desiredName, desiredBytes(8))).toMatchObject({ code: 'rollback' });
    expect(store.held(desiredName)).toBeNull();
    let used = 0;
    const again = store.offer(desiredName, desiredBytes(9), () => {
      used += 1;
    });
    expect(again.kind).toBe('accepted');
    expect(used).toBe(1);
    expect(store.offer(desiredName, desiredBytes(9)).kind).toBe('unchanged');
  });

  it('keeps its floors when the database is restored from an older copy', () => {
    const first = open();
    first.database.close();
    const path = join(folder, 'state.db');
    copyFileSync(path, `${path}.old`);
    const second = open();
    second.store.offer('site/roster', rosterBytes(8));
    second.database.close();
    copyFileSync(`${path}.old`, path);
    const { store } = open();
    expect(store.offer('site/roster', rosterBytes(7))).toMatchObject({ code: 'rollback' });
    // It says that it lacks the newest bytes, and takes them in again for whoever asks for them.
    expect(store.versions().get('site/roster')).toBe(4);
    expect(store.offer('site/roster', rosterBytes(8)).kind).toBe('accepted');
    expect(store.held('site/roster')).toEqual(Buffer.from(rosterBytes(8)));
    expect(store.offer('site/roster', rosterBytes(8)).kind).toBe('unchanged');
  });

  it('reads either copy when the other is damaged, and starts from neither when both are', () => {
    const first = open();
    first.store.offer('site/roster', rosterBytes(9));
    const { serial, trust } = readTrust(first.database, folder) ?? { serial: 0, trust: null };
    const facts = first.database.prepare('SELECT facts FROM trust').pluck().get() as string;
    const file = readFileSync(join(folder, 'trust.json'));
    const put = (text: Uint8Array): void => {
      // SQLite holds any bytes as text: what a worn flash gives back, too.
      first.database.prepare('UPDATE trust SET facts = CAST(? AS TEXT)').run(Buffer.from(text));
    };
    fc.assert(
      fc.property(mutantsOf([Buffer.from(facts)]), (mutant) => {
        put(mutant);
        writeFileSync(join(folder, 'trust.json'), file);
        expect(readTrust(first.database, folder)?.trust.floors.get('site/roster')).toBeDefined();
        put(Buffer.from(facts));
        writeFileSync(join(folder, 'trust.json'), mutant);
        expect(readTrust(first.database, folder)?.serial).toBeGreaterThanOrEqual(serial);
      }),
      { numRuns: 60 },
    );
    put(Buffer.from('{}'));
    writeFileSync(join(folder, 'trust.json'), '{"serial":');
    expect(() => readTrust(first.database, folder)).toThrow(
      expect.objectContaining({ code: 'file-damaged' }),
    );
    expect(trust).not.toBeNull();
  });

  it('takes a record in together with its use, or not at all', () => {
    const { store } = open();
    expect(() =>
      store.offer('site/roster', rosterBytes(7), () => {
        throw new Error('the disk is full');
      }),
    ).toThrow('the disk is full');
    expect(store.versions().get('site/roster')).toBe(4);
    expect(store.offer('site/roster', rosterBytes(7)).kind).toBe('accepted');
  });

  it('holds so many records and no more: a new name is refused, a newer version is not', () => {
    const { store, database } = open();
    const tables = openTrustTables(database, folder);
    const name = (at: number): RecordName =>
      `plan/44444444-4444-4444-8444-${String(at).padStart(12, '0')}`;
    const envelope = Buffer.from('{}');
    tables.together(() => {
      for (let at = tables.count(); at < recordsHeldMax; at += 1) {
        tables.writeRecord({ name: name(at), version: 1, envelope, carried: true }, 0);
      }
    });
    expect(store.offer(desiredName, desiredBytes(1))).toMatchObject({ code: 'too-many-records' });
    expect(store.offer('site/roster', rosterBytes(7)).kind).toBe('accepted');
    expect(tables.count()).toBe(recordsHeldMax);
  });

  it('hears of each acceptance, and of nothing else', () => {
    const { store } = open();
    const heard: RecordName[] = [];
    const unhear = store.onChange((name) => heard.push(name));
    store.offer('site/roster', rosterBytes(7));
    store.offer('site/roster', rosterBytes(7));
    store.offer('site/roster', rosterBytes(5));
    unhear();
    store.offer('site/roster', rosterBytes(9));
    expect(heard).toEqual(['site/roster']);
  });

  it("carries a newer program's record untouched, and goes on with what it believed", () => {
    const first = open();
    const newer = (version: number, more = {}) =>
      sealEnvelope(
        payloadTypes.roster,
        { ...rosterWith({ version }), ranks: [1], schema: 9, readableFrom: 9, ...more },
        [keys.membership],
      );
    expect(first.store.offer('site/roster', newer(6))).toMatchObject({ code: 'newer-schema' });
    expect(first.store.held('site/roster')).toEqual(Buffer.from(newer(6)));
    expect(first.store.versions().get('site/roster')).toBe(6);
    expect(first.store.trust().floors.get('site/roster')?.version).toBe(4);
    // Not for this site, not signed by membership, or far ahead: not carried.
    first.store.offer('site/roster', newer(7, { site: 'plant-8' }));
    first.store.offer('site/roster', newer(2 ** 40));
    first.store.offer(
      'site/roster',
      sealEnvelope(payloadTypes.roster, { version: 8, schema: 9, readableFrom: 9 }, [
        keys.director,
      ]),
    );
    expect(first.store.versions().get('site/roster')).toBe(6);
    // What it can act on still comes in, below what it carries.
    expect(first.store.offer('site/roster', rosterBytes(5)).kind).toBe('accepted');
    first.database.close();
    const { store } = open();
    expect(store.trust().floors.get('site/roster')?.version).toBe(5);
    expect(store.held('site/roster')).toEqual(Buffer.from(newer(6)));
    // A part of the news that it may ignore: acted on, and relayed with what it dropped.
    const known = sealEnvelope(
      payloadTypes.roster,
      { ...rosterWith({ version: 9 }), ranks: [1], schema: 9, readableFrom: 1 },
      [keys.membership],
    );
    expect(store.offer('site/roster', known).kind).toBe('accepted');
    expect(store.held('site/roster')).toEqual(Buffer.from(known));
  });

  it('gives back the numbers that a stolen key used up, once the key is withdrawn', () => {
    const { store } = open();
    expect(store.offer('site/roster', rosterBytes(900_000)).kind).toBe('accepted');
    const fresh = newSigner();
    expect(store.offer('tenant/keyset', keysetBytes(3, { membership: fresh })).kind).toBe(
      'accepted',
    );
    expect(store.offer('site/roster', rosterBytes(5, {}, fresh)).kind).toBe('accepted');
    expect(store.versions().get('site/roster')).toBe(5);
    expect(store.held('site/roster')).toEqual(Buffer.from(rosterBytes(5, {}, fresh)));
  });

  it('keeps the time that the cloud signed, across restarts', () => {
    const far = Date.parse('2031-01-01');
    const first = open();
    first.store.witness('ingest', far, [keys.ingest.keyId]);
    first.store.witness('ingest', far + 5_000_000_000, ['a stranger']);
    first.database.close();
    expect(timeFloorMs(open().store.trust().time)).toBe(far);
  });

  it('begins anew at another site, and goes on with the tenant', () => {
    const first = open();
    first.store.offer(desiredName, desiredBytes(9));
    first.database.close();
    const { store } = open({
      site: 'plant-8',
      enrolment: enrolmentWith({
        root: text(rootBytes(1, [keys.root])),
        keyset: text(keysetBytes(2)),
      }),
    });
    expect(store.trust().members.size).toBe(0);
    expect(store.offer('site/roster', rosterBytes(9))).toMatchObject({ code: 'wrong-audience' });
    const here = store.offer('site/roster', rosterBytes(1, { site: 'plant-8' }));
    expect(here.kind).toBe('accepted');
    expect(store.offer(desiredName, desiredBytes(8))).toMatchObject({ code: 'rollback' });
  });
});

describe('an enrolment', () => {
  it('of before there were root records pins its key, and the first root follows from it', () => {
    const before = enrolmentWith({
      rootKey: trusted(keys.root),
      keyset: text(sealEnvelope(payloadTypes.keyset, keysetWith({}, 1), [keys.root])),
    });
    const { store } = open({ enrolment: before });
    expect(store.trust().root.version).toBe(0);
    expect(store.offer('tenant/root', rootBytes(1, [keys.root])).kind).toBe('accepted');
    expect(store.offer('tenant/keyset', keysetBytes(2)).kind).toBe('accepted');
  });

  it('whose key set its root did not sign is refused', () => {
    const forged = enrolmentWith({
      root: text(rootBytes(1, [keys.root])),
      keyset: text(keysetBytes(2, {}, [keys.director])),
    });
    expect(() => trustOfEnrolment(forged, 0)).toThrow(
      expect.objectContaining({ code: 'keyset-refused' }),
    );
  });
});

describe('the chain of roots', () => {
  it('is kept from the pinned one on, through a restart, and bounded', () => {
    const first = open();
    const chain = Array.from({ length: rootsHeldMax + 3 }, (_, at) =>
      rootBytes(at + 1, [keys.root]),
    );
    for (const root of chain.slice(1)) {
      expect(first.store.offer('tenant/root', root).kind).toBe('accepted');
    }
    first.database.close();
    const { store } = open();
    expect(store.trust().root.version).toBe(chain.length);
    expect(store.root(chain.length)).toEqual(Buffer.from(chain.at(-1) ?? []));
    expect(store.root(4)).toEqual(Buffer.from(chain[3] ?? []));
    expect(store.root(3)).toBeNull();
    expect(store.root(chain.length + 1)).toBeNull();
  });
});
