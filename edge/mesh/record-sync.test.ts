/**
 * A member that is several roots behind walks to the newest one through a neighbour alone, on real
 * connections between real stores of trust: what it gets there it judges as if the cloud had sent it.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import {
  keys,
  keysetWith,
  newSigner,
  rosterWith,
  siteKey,
} from '@signalbeam/sync/wire/records.fixture';
import { sealSiteKey } from '@signalbeam/sync/wire/site-key';
import {
  builtAtMs,
  keysetBytes,
  rootBytes,
  rosterBytes,
  seal,
} from '@signalbeam/sync/wire/trust.fixture';
import { afterEach, expect, test } from 'vitest';
import type { Approved } from '../store/enrolment.ts';
import { stateMigrations } from '../store/migrations.ts';
import { openStore } from '../store/open.ts';
import { openTrustStore, type TrustStore } from '../store/trust.ts';
import { openTrustTables } from '../store/trust-tables.ts';
import { createDeviceCertificate } from './certificate.ts';
import { createPeerClient } from './peer-client.ts';
import { startPeerServer } from './peer-server.ts';
import { createRecordSync } from './record-sync.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const { tenantId } = keysetWith();

const openTrust = (root: Uint8Array, keyset: Uint8Array): TrustStore => {
  const folder = mkdtempSync(join(tmpdir(), 'roots-'));
  const { database } = openStore({
    path: join(folder, 'state.db'),
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 0,
  });
  closers.push(() => database.close());
  const records = { root: text(root), keyset: text(keyset) };
  const enrolment = { tenantId, site: 'plant-7', records } as unknown as Approved['enrolment'];
  return openTrustStore({
    tables: openTrustTables(database, folder),
    approved: { tenantId, site: 'plant-7', enrolment },
    builtAtMs,
    now: () => 0,
    log: () => undefined,
  });
};

const holders = [keys.root, newSigner(), newSigner(), newSigner(), newSigner()] as const;
/** Root 2 is signed by the keys of 1 and 2, and so on. */
const roots = holders.map((own, at) => {
  const before = holders[at - 1];
  return rootBytes(at + 1, before === undefined ? [own] : [before, own], { keys: [own] });
});
const last = holders[4];
const newest = keysetBytes(7, {}, [last]);

const neighbour = async (trust: TrustStore) => {
  const [mine, its] = [createDeviceKey(), createDeviceKey()];
  const key = (seed: string) => signerFromNkeySeed(seed).publicKey;
  const server = await startPeerServer({
    listen: { host: '127.0.0.1', port: 0 },
    own: createDeviceCertificate(its.seed),
    memberOf: (publicKey) => (publicKey === key(mine.seed) ? 'me' : null),
    records: { versions: trust.versions, read: trust.held, root: trust.root },
    broker: () => null,
    relay: null,
    now: () => performance.now(),
    log: () => undefined,
  });
  closers.push(server.stop);
  const peer = { address: { host: '127.0.0.1', port: server.port }, publicKey: key(its.seed) };
  return { server, peer, client: createPeerClient({ own: createDeviceCertificate(mine.seed) }) };
};

const syncOf = (trust: TrustStore, client: ReturnType<typeof createPeerClient>) =>
  createRecordSync({
    client,
    versions: trust.versions,
    rootVersion: () => trust.trust().root.version,
    offer: (name, bytes) => trust.offer(name, bytes).kind,
    log: () => undefined,
  });

const ahead = (): TrustStore => {
  const there = openTrust(roots[0] ?? new Uint8Array(), keysetBytes(1));
  for (const root of roots.slice(1)) {
    expect(there.offer('tenant/root', root).kind).toBe('accepted');
  }
  expect(there.offer('tenant/keyset', newest).kind).toBe('accepted');
  expect(there.offer('site/roster', rosterBytes(3)).kind).toBe('accepted');
  return there;
};

test('four roots behind, a member walks to the newest, its key set and its roster by a neighbour', async () => {
  const { peer, client } = await neighbour(ahead());
  const here = openTrust(roots[0] ?? new Uint8Array(), keysetBytes(1));
  // The newest alone leads nowhere: none of its signers is known here.
  expect(here.offer('tenant/root', roots[4] ?? new Uint8Array())).toMatchObject({
    code: 'unknown-signer',
  });
  expect(await syncOf(here, client).compare(peer)).toBe(true);
  expect(here.trust().root.version).toBe(5);
  expect(Object.fromEntries(here.versions())).toEqual({
    'tenant/root': 5,
    'tenant/keyset': 7,
    'site/roster': 3,
  });
  // From now on it leads others the same way.
  expect(here.root(3)).toEqual(Buffer.from(roots[2] ?? []));
});

test('a root that does not follow ends the walk, and nothing is believed of it', async () => {
  const forged = rootBytes(3, [newSigner()]);
  const there = ahead();
  const lying = {
    ...there,
    root: (version: number) => (version === 3 ? forged : there.root(version)),
  };
  const { peer, client } = await neighbour(lying);
  const here = openTrust(roots[0] ?? new Uint8Array(), keysetBytes(1));
  await syncOf(here, client).compare(peer);
  expect(here.trust().root.version).toBe(2);
  expect(here.trust().members.size).toBe(0);
  // Another neighbour leads on from there.
  const honest = await neighbour(there);
  await syncOf(here, honest.client).compare(honest.peer);
  expect(here.trust().root.version).toBe(5);
});

test('a neighbour without the roots in between serves what it has', async () => {
  const there = ahead();
  const { peer, client } = await neighbour({ ...there, root: () => null });
  const here = openTrust(roots[3] ?? new Uint8Array(), keysetBytes(6, {}, [holders[3]]));
  await syncOf(here, client).compare(peer);
  expect(here.trust().root.version).toBe(5);
});

const siteKeyBytes = (version: number, generation: number): Uint8Array =>
  seal('site-key', sealSiteKey(siteKey, rosterWith({ version }), generation), keys.membership);

/** A member that holds this roster, and the site key of that generation, each as it came. */
const holding = (roster: { version: number; siteKeyGeneration: number }, keyAt: number) => {
  const store = openTrust(roots[0] ?? new Uint8Array(), keysetBytes(1));
  const key = siteKeyBytes(keyAt, keyAt);
  expect(store.offer('site/site-key', key).kind).toBe('accepted');
  expect(store.offer('site/roster', rosterBytes(roster.version, roster)).kind).toBe('accepted');
  return store;
};

test('who missed two site keys gets the one that is spoken under, though the roster names a third', async () => {
  // It was cut off when it had the roster, and not yet the site key that goes with it.
  const { peer, client } = await neighbour(holding({ version: 3, siteKeyGeneration: 3 }, 2));
  const here = holding({ version: 1, siteKeyGeneration: 1 }, 1);
  await syncOf(here, client).compare(peer);
  expect(here.versions().get('site/site-key')).toBe(2);
  expect(here.trust().siteKeyGeneration).toBe(3);
  // Beside that roster an older one is refused as ever.
  const late = holding({ version: 3, siteKeyGeneration: 3 }, 3);
  expect(late.offer('site/site-key', siteKeyBytes(2, 2))).toMatchObject({ kind: 'refused' });
});
