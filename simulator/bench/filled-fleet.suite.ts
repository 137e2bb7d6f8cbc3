/**
 * A tenant's devices, tags, presence and audit log as rows, made by SQL: what lists are measured on.
 * Nothing is enrolled, and nobody has the devices' seeds; their keys are keys, or else no heartbeat of theirs would count.
 * All but those that are pending were heard of long ago, and are marked so: clearing a mark writes the device anew.
 */
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { createDeviceKey } from '@signalbeam/sync/wire/nkey';

const batchDevices = 2_500;
/** One for all of them: a site's key is sealed to it, and nobody opens it. */
const sealingKey = Buffer.alloc(32, 7).toString('base64');

/** Tags as fleets have them: few values on many devices, many on few, and some that are rare. */
export const fillFleet = async (maker: Pool, tenantId: string, devices: number): Promise<void> => {
  const run = (sql: string, more: unknown[] = []) => maker.query(sql, [tenantId, ...more]);
  await run(
    `INSERT INTO device_manager.registration_tokens
       (tenant_id, prefix, salt, secret_hash, site, max_uses, created_by, expires_at)
     VALUES ($1::uuid, 'bench', '', '', 'plant-0', 100000, 'bench', now())`,
  );
  // In batches: each device counts a change of its site's roster, and Postgres is slow at changing
  // one row thousands of times in one transaction.
  for (let from = 1; from <= devices; from += batchDevices) {
    const count = Math.min(batchDevices, devices - from + 1);
    const keys = Array.from({ length: count }, () => createDeviceKey().nkey);
    await run(
      `INSERT INTO device_manager.devices
       (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
        architecture, hostname, registration_token_id, may_be_unheard)
     SELECT $1::uuid, (ARRAY['pump', 'valve', 'press', 'gateway', 'camera'])[1 + i % 5] || ' ' || i,
            'plant-' || (i % 500), CASE WHEN i % 500 = 0 THEN 'pending' ELSE 'approved' END,
            key, $4, left(md5(i::text), 23), '0.1.' || (i % 5), 'linux', 'arm64',
            'host-' || i || '.local',
            (SELECT id FROM device_manager.registration_tokens WHERE tenant_id = $1::uuid),
            i % 500 = 0
       FROM unnest($3::text[]) WITH ORDINALITY AS made (key, place), LATERAL (
         SELECT $2::integer + place::integer - 1 AS i) AS numbered`,
      [from, keys, sealingKey],
    );
  }
  await run(
    `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
     SELECT d.tenant_id, d.id, tag.key, tag.value
       FROM (SELECT *, ('x' || left(md5(id::text), 7))::bit(28)::integer AS n
               FROM device_manager.devices WHERE tenant_id = $1::uuid) d
       CROSS JOIN LATERAL (VALUES
         ('environment', (ARRAY['production', 'production', 'production', 'staging', 'dev'])[1 + n % 5]),
         ('hardware', (ARRAY['rpi4', 'rpi5', 'x86', 'jetson'])[1 + n / 7 % 4]),
         ('location', 'warehouse-' || n / 11 % 300),
         ('ring', CASE WHEN n / 13 % 10 = 0 THEN 'canary' ELSE 'late' END),
         ('customer', 'c' || n / 17 % 2000)) tag (key, value)`,
  );
  // Their next beat is an hour away: none is taken for offline, which would be a hundred thousand changes, meanwhile.
  await run(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     SELECT id, tenant_id, now() - random() * interval '1 minute', 3600000,
            CASE WHEN random() < 0.02 THEN 'offline' ELSE 'online' END, now()
       FROM device_manager.devices WHERE tenant_id = $1::uuid AND NOT may_be_unheard`,
  );
  // Judged, as whoever reports is: the first judgement of each would come with its going away.
  await run(
    `INSERT INTO telemetry.device_health (device_id, tenant_id, score, parts, strain, judged_at)
     SELECT device_id, tenant_id, 100,
            '{"freshness": {"points": 30, "most": 30, "says": "It was heard of a moment ago."}}', '', now()
       FROM telemetry.presence WHERE tenant_id = $1::uuid`,
  );
  await run(
    `INSERT INTO platform.audit_log (tenant_id, actor, action, target)
     SELECT $1::uuid, 'bench', 'device.register', 'device:' || id
       FROM device_manager.devices WHERE tenant_id = $1::uuid`,
  );
};
