/**
 * Signs versions again whose release key was withdrawn, so that devices in the field are not stuck
 * with versions that they no longer believe. The same words under another signature have another
 * digest, so every desired state that names one of before follows; nothing that runs is touched,
 * because the containers are the same. Only what this cloud itself released is signed again: what a
 * thief signed elsewhere is not.
 */
import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { releaseBytesMax } from '@signalbeam/sync/core/limits';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { resealEnvelope } from '@signalbeam/sync/wire/dsse';
import { releaseDigestOf } from '@signalbeam/sync/wire/records';
import { lockTargets } from '../store/desired.ts';
import {
  devicesOnFormer,
  presentDigests,
  releasesByOthers,
  replaceEnvelope,
} from '../store/release-signatures.ts';
import { changesOf, retrying, storeChanges } from './change.ts';

type Parts = { pools: { api: Pool; system: Pool }; keyring: Keyring; now: () => number };

const batch = 100;

const tell = (sql: Sql, tenantId: string, action: string, after: object): Promise<void> =>
  writeAudit(sql, { ...systemAuthor(tenantId), action, target: `tenant:${tenantId}`, after });

const signBatch = ({ pools, keyring, now }: Parts, tenantId: string): Promise<number> =>
  retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { release, records } = await holdKeys(sql, keyring, tenantId);
    const trusted = records.keyset.value.roles.release.map(({ keyId }) => keyId);
    const due = await releasesByOthers(sql, tenantId, trusted, batch);
    for (const before of due) {
      const envelope = resealEnvelope(before.envelope, [release], releaseBytesMax);
      const digest = releaseDigestOf(envelope);
      await replaceEnvelope(sql, tenantId, before, { digest, envelope, at: new Date(now()) });
    }
    if (due.length === 0) return 0;
    await tell(sql, tenantId, 'bundle.sign-again', { versions: due.length, keyId: release.keyId });
    return due.length;
  });

const followBatch = async ({ pools, keyring, now }: Parts, tenantId: string): Promise<number> => {
  const deviceIds = await devicesOnFormer(pools.system, tenantId, batch);
  if (deviceIds.length === 0) return 0;
  await retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { director, kek } = await holdKeys(sql, keyring, tenantId);
    const targets = await lockTargets(sql, tenantId, deviceIds);
    const named = targets.flatMap(({ slots }) => slots.map(({ releaseDigest }) => releaseDigest));
    const present = await presentDigests(sql, tenantId, named);
    const followed = (slot: Slot): Slot => ({
      ...slot,
      releaseDigest: present.get(slot.releaseDigest) ?? slot.releaseDigest,
    });
    const changes = changesOf(targets, ({ slots }) => ({
      kind: 'changed',
      slots: slots.map(followed),
    }));
    await storeChanges(sql, changes, { tenantId, director, kek, nowMs: now() });
    const devices = changes.map(({ target }) => target.deviceId);
    await tell(sql, tenantId, 'desired.sign-again', { devices, keyId: director.keyId });
  });
  return deviceIds.length;
};

const untilNone = async (work: () => Promise<number>): Promise<number> => {
  for (let total = 0; ; ) {
    const count = await work();
    if (count === 0) return total;
    total += count;
  }
};

/** How many versions were signed again, and how many devices were told. */
export const signReleasesAgain = async (
  parts: Parts,
  tenantId: string,
): Promise<{ versions: number; devices: number }> => ({
  versions: await untilNone(() => signBatch(parts, tenantId)),
  devices: await untilNone(() => followBatch(parts, tenantId)),
});
