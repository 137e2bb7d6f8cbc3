/**
 * The release that a desired state names by its digest: nothing else is run in its place, whoever
 * signed it and wherever it came from.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes, releaseDigestOf } from '@signalbeam/sync/wire/records';
import { bundleId, keys, keysetWith, tenantId } from '@signalbeam/sync/wire/records.fixture';
import { expect, test } from 'vitest';
import { openJournal } from '../store/journal.ts';
import { stateMigrations } from '../store/migrations.ts';
import { openStore } from '../store/open.ts';
import { imageExecutors } from './execute-images.ts';

const other = '99999999-9999-4999-8999-999999999999';
const release = {
  tenantId,
  bundleId,
  bundleName: 'hello',
  version: '1.0.0',
  containers: [{ name: 'web', image: `registry.example/web@sha256:${'a'.repeat(64)}` }],
  images: [],
  createdAt: '2026-01-01T00:00:00.000Z',
};
const sealed = (more: Record<string, unknown>, by = keys.release) =>
  sealRecord(payloadTypes.release, { ...release, ...more }, [by]);

const fetched = async (named: Uint8Array, sent: Uint8Array = named) => {
  const { database } = openStore({
    path: join(mkdtempSync(join(tmpdir(), 'release-')), 'state.db'),
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now: () => 1,
  });
  const journal = openJournal(database);
  const parts = {
    identity: { deviceId: other, tenantId },
    journal,
    keyset: () => keysetWith(),
    fetchRelease: async () => sent,
  };
  const releaseDigest = releaseDigestOf(named);
  const context = { parts, known: { releases: new Map() }, signal: new AbortController().signal };
  const step = { kind: 'fetch-release', bundleId, releaseDigest } as const;
  const run = imageExecutors['fetch-release'] as (given: unknown, of: unknown) => Promise<void>;
  await run(context, step);
  return journal.releases().size;
};

test('the one that is named is taken', async () => {
  expect(await fetched(sealed({}))).toBe(1);
});

test.each([
  [
    'wrong software: other bytes than those that are named',
    'release-corrupt',
    () => fetched(sealed({}), sealed({ version: '9.9.9' })),
  ],
  [
    'wrong software: a true release of another bundle',
    'release-of-another',
    () => fetched(sealed({ bundleId: other })),
  ],
  [
    'wrong software: a true release of another tenant',
    'release-of-another',
    () => fetched(sealed({ tenantId: other })),
  ],
  [
    'arbitrary software: named by a stolen director key, signed by no release key',
    'release-refused',
    () => fetched(sealed({}, keys.director)),
  ],
  [
    'extraneous dependencies: a field that nobody knows',
    'release-refused',
    () => fetched(sealed({ dependencies: ['registry.example/miner'] })),
  ],
])('%s is refused (%s)', async (_, code, attempt) => {
  await expect(attempt()).rejects.toMatchObject({ code });
});
