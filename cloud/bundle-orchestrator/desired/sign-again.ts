/**
 * Signs desired states again whose director key was withdrawn (a device that enrols now, or lost its
 * disk, believes only keys of the present key set), those that would expire, and those of devices that
 * have a later one, or another of the same generation, which a Postgres that came from a backup has lost:
 * what it knows is what is wanted.
 * The same slots under the next generation. Every replica may.
 */

import { holdKeys } from '@signalbeam/platform/keys/hold-keys';
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import type { Logger } from '@signalbeam/platform/logging/log';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { systemAuthor } from '@signalbeam/platform/postgres/tenant';
import { every } from '@signalbeam/platform/schedule/every';
import { lockTargets } from '../store/desired.ts';
import { keysetVersions, signedBefore, signedByOthers } from '../store/signers.ts';
import { changesOf, desiredLifeMs, retrying, storeChanges } from './change.ts';
import { signReleasesAgain } from './sign-releases-again.ts';

type Signing = Pick<Parts, 'pools' | 'keyring' | 'now'>;
type Parts = {
  pools: { api: Pool; system: Pool };
  keyring: Keyring;
  now: () => number;
  log: Logger;
  onChanged: () => void;
};

const lookEveryMs = 5_000;
const renewEveryMs = 3_600_000;
const batch = 100;

const signSlotsAgain = async (
  { keyring, pools, now }: Signing,
  tenantId: string,
  deviceIds: readonly string[],
): Promise<void> => {
  await retrying(pools.api, systemAuthor(tenantId), async (sql) => {
    const { director, kek } = await holdKeys(sql, keyring, tenantId);
    const targets = await lockTargets(sql, tenantId, deviceIds);
    const changes = changesOf(targets, ({ slots }) => ({ kind: 'changed', slots }));
    await storeChanges(sql, changes, { tenantId, director, kek, nowMs: now() });
    await writeAudit(sql, {
      ...systemAuthor(tenantId),
      action: 'desired.sign-again',
      target: `tenant:${tenantId}`,
      after: { devices: changes.map(({ target }) => target.deviceId), keyId: director.keyId },
    });
  });
};

/**
 * Those of devices that hold what nobody here signed. A tenant whose keys can't be used now
 * holds up no other: its devices are seen again by their next reports, and any change stands above them.
 */
export const signAboveReported = async (
  parts: Signing & Pick<Parts, 'log' | 'onChanged'>,
  devices: readonly { tenantId: string; deviceId: string }[],
): Promise<void> => {
  for (const [tenantId, some] of Map.groupBy(devices, (each) => each.tenantId)) {
    const deviceIds = some.map(({ deviceId }) => deviceId);
    const facts = { tenantId, devices: deviceIds.length };
    try {
      await signSlotsAgain(parts, tenantId, deviceIds);
      parts.log.warn(
        facts,
        'devices hold wishes that are not known: what is known was signed above',
      );
      parts.onChanged();
    } catch (error) {
      parts.log.warn(
        { ...facts, error },
        'what is known could not be signed above what devices hold',
      );
    }
  }
};

/** Those past half of their life; returns how many were signed again. */
export const renewDesired = async (parts: Parts): Promise<number> => {
  const before = new Date(parts.now() - desiredLifeMs / 2);
  for (let total = 0; ; ) {
    const due = await signedBefore(parts.pools.system, before, batch);
    if (due === null) return total;
    await signSlotsAgain(parts, due.tenantId, due.deviceIds);
    total += due.deviceIds.length;
  }
};

/** Returns how many were signed again. */
export const signTenantAgain = async (parts: Parts, tenantId: string): Promise<number> => {
  const { keyring, pools } = parts;
  keyring.forget(tenantId);
  const { records } = await keyring.tenant(tenantId);
  const trusted = records.keyset.value.roles.director.map(({ keyId }) => keyId);
  for (let total = 0; ; ) {
    const deviceIds = await signedByOthers(pools.system, tenantId, trusted, batch);
    if (deviceIds.length === 0) return total;
    await signSlotsAgain(parts, tenantId, deviceIds);
    total += deviceIds.length;
  }
};

export const startSigningAgain = (parts: Parts): { stop: () => Promise<void> } => {
  const seen = new Map<string, number>();
  let stopped = false;
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    if (performance.now() - renewedAtMs > renewEveryMs) {
      if ((await renewDesired(parts)) > 0) parts.onChanged();
      renewedAtMs = performance.now();
    }
    for (const { tenantId, version } of await keysetVersions(parts.pools.system)) {
      if (stopped || seen.get(tenantId) === version) continue;
      const { versions, devices } = await signReleasesAgain(parts, tenantId);
      const count = await signTenantAgain(parts, tenantId);
      seen.set(tenantId, version);
      if (versions + devices + count === 0) continue;
      const facts = { tenantId, versions, devices: devices + count };
      parts.log.info(facts, 'versions and desired states were signed with the new keys');
      parts.onChanged();
    }
  };
  const looking = every(lookEveryMs, look, (error) =>
    parts.log.warn({ error }, 'signing desired states again failed'),
  );
  return {
    stop: async () => {
      stopped = true;
      await looking.stop();
    },
  };
};
