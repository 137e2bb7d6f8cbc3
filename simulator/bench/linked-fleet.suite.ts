/** What benches of thousands of linked devices share: sites of them in the database, and what they trust. */
import { eventually } from '@signalbeam/edge/link/cloud.fixture';
import type { Trust } from '@signalbeam/sync/core/trust';
import { offerRecord, pinRoot } from '@signalbeam/sync/wire/trust';
import { addDevices, type TestTenant } from '@signalbeam/telemetry-processor/rig.suite';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import type { BenchCloud } from './cloud.suite.ts';

const devicesPerSite = 100;
const connectingMax = 16;

/** What devices of this tenant pin when they are enrolled, and the key set under it. */
export const firstTrust = async (cloud: BenchCloud, tenant: TestTenant): Promise<Trust> => {
  const read = async () => {
    const { rows } = await cloud.owner.query<{ name: string; envelope: Buffer }>(
      `SELECT name, envelope FROM device_manager.signed_records
        WHERE tenant_id = $1 AND site = '' AND name IN ('root', 'keyset')`,
      [tenant.tenantId],
    );
    return new Map(rows.map(({ name, envelope }) => [name, envelope]));
  };
  const records = await eventually(read, (found) => found.size === 2);
  const pinned = pinRoot(records.get('root') ?? new Uint8Array(), Date.now());
  if (pinned.kind === 'refused') throw new Error(pinned.reason);
  const keyset = records.get('keyset') ?? new Uint8Array();
  const offered = offerRecord(pinned.trust, 'site-1', 'tenant/keyset', keyset);
  if (offered.kind !== 'accepted') throw new Error('the key set was not accepted');
  return offered.trust;
};

export const addSites = async (
  cloud: BenchCloud,
  tenant: TestTenant,
  count: number,
): Promise<VirtualDevice[]> => {
  const devices: VirtualDevice[] = [];
  for (let site = 1; devices.length < count; site += 1) {
    const some = Math.min(devicesPerSite, count - devices.length);
    devices.push(...(await addDevices(cloud.owner, tenant, some, `site-${site}`)));
  }
  return devices;
};

/** A few at a time: what is measured is the return. */
export const inTurns = async <T>(
  all: readonly T[],
  work: (each: T) => Promise<unknown>,
): Promise<void> => {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const each of left) await work(each);
  };
  await Promise.all(Array.from({ length: connectingMax }, worker));
};
