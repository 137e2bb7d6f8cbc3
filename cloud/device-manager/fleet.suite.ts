/** Many devices at once, as rows, for tests of lists and queries: registering takes too long. */
import { randomUUID } from 'node:crypto';
import type { Tag } from '@signalbeam/platform/core/tag';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';

export type MadeDevice = {
  name: string;
  site?: string;
  status?: 'pending' | 'approved' | 'rejected';
  tags?: readonly Tag[];
  presence?: { presence: 'online' | 'offline'; lastSeenAt: Date };
  bundles?: readonly { name: string; version: string }[];
  /** Null: judged, and silent. */
  healthScore?: number | null;
};

/** Over the owner's pool. Returns the ids, in the order given. */
export const insertDevices = async (
  owner: Pool,
  of: { tenantId: string; tokenId: string },
  devices: readonly MadeDevice[],
): Promise<string[]> => {
  const ids = devices.map(() => randomUUID());
  for (const [index, device] of devices.entries()) {
    const id = ids[index];
    await owner.query(
      `INSERT INTO device_manager.devices
         (id, tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version,
          os, architecture, hostname, registration_token_id)
       VALUES ($1, $2, $3, $4, $5, $6, 'k', 'f', '0.1.0', 'linux', 'x64', 'h', $7)`,
      [
        id,
        of.tenantId,
        device.name,
        device.site ?? 'plant-7',
        device.status ?? 'approved',
        createDeviceKey().nkey,
        of.tokenId,
      ],
    );
    for (const { key, value } of device.tags ?? []) {
      await owner.query('INSERT INTO device_manager.device_tags VALUES ($1, $2, $3, $4)', [
        ...[of.tenantId, id, key, value],
      ]);
    }
    if (device.presence !== undefined) {
      await owner.query(`INSERT INTO telemetry.presence VALUES ($1, $2, $3, 30000, $4, now())`, [
        id,
        of.tenantId,
        device.presence.lastSeenAt,
        device.presence.presence,
      ]);
    }
    if (device.healthScore !== undefined) {
      await owner.query(
        `INSERT INTO telemetry.device_health (device_id, tenant_id, score, parts, strain, judged_at)
         VALUES ($1, $2, $3, $4, '', now())`,
        [
          ...[id, of.tenantId, device.healthScore],
          JSON.stringify({
            freshness: { points: 30, most: 30, says: 'It is heard of.' },
            stability: { points: 5, most: 20, says: 'Containers died.' },
          }),
        ],
      );
    }
    if (device.bundles === undefined) continue;
    const slots = device.bundles.map(({ name, version }) => ({
      ...{ bundleId: randomUUID(), bundleName: name, version },
      ...{ releaseDigest: `sha256:${'0'.repeat(64)}`, rolloutId: null },
    }));
    await owner.query(
      `INSERT INTO bundle_orchestrator.desired_states
         (tenant_id, device_id, generation, slots, envelope, issued_at)
       VALUES ($1, $2, 1, $3, '', now())`,
      [of.tenantId, id, JSON.stringify(slots)],
    );
  }
  return ids;
};
