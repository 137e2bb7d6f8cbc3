/**
 * Says once of each API key and certificate that it expires soon, unless another has taken over from
 * it already. The event and the mark that it was told are one transaction, and rows that another
 * replica is telling of are passed over.
 */
import { recordEvents } from '@signalbeam/platform/events/outbox';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import type { Platform } from '@signalbeam/platform/service';
import { warnDays } from './core/certificate-life.ts';

const dayMs = 86_400_000;
/** The next round tells of the rest. */
const toldMax = 500;

type Expiring = {
  device_id: string;
  tenant_id: string;
  name: string;
  site: string;
  shown: string;
  expires_at: Date;
};

const kinds = {
  'api-key': { table: 'api_keys', key: 'id', shown: 'prefix' },
  certificate: { table: 'device_certificates', key: 'serial', shown: 'serial' },
} as const;
type Kind = keyof typeof kinds;

const markExpiring = async (sql: Sql, kind: Kind, now: Date): Promise<Expiring[]> => {
  const { table, key, shown } = kinds[kind];
  const { rows } = await sql.query<Expiring>(
    `UPDATE device_manager.${table} told SET warned_at = $1::timestamptz
       FROM (SELECT k.${key} AS told_key, d.name, d.site
               FROM device_manager.${table} k
               JOIN device_manager.devices d ON d.id = k.device_id AND d.deleted_at IS NULL
              WHERE k.revoked_at IS NULL AND k.warned_at IS NULL
                AND k.expires_at > $1 AND k.expires_at <= $2
                AND NOT EXISTS (SELECT 1 FROM device_manager.${table} later
                                 WHERE later.device_id = k.device_id AND later.revoked_at IS NULL
                                   AND later.expires_at > $2)
              ORDER BY k.expires_at LIMIT $3 FOR UPDATE OF k SKIP LOCKED) due
      WHERE told.${key} = due.told_key
      RETURNING told.device_id, told.tenant_id, due.name, due.site, told.${shown} AS shown,
                told.expires_at`,
    [now, new Date(now.getTime() + warnDays * dayMs), toldMax],
  );
  return rows;
};

/** How many were told of. */
export const warnOfExpiry = ({ pools, now }: Pick<Platform, 'pools' | 'now'>): Promise<number> =>
  transaction(pools.system, async (sql) => {
    let told = 0;
    for (const kind of Object.keys(kinds) as Kind[]) {
      const rows = await markExpiring(sql, kind, new Date(now()));
      await recordEvents(
        sql,
        rows.map((row) => ({
          tenantId: row.tenant_id,
          type: 'device.credential-expiring',
          subject: 'signalbeam.devices.credential-expiring',
          data: {
            ...{ deviceId: row.device_id, name: row.name, site: row.site, kind },
            ...{ credential: row.shown, expiresAt: row.expires_at.toISOString() },
          },
        })),
      );
      told += rows.length;
    }
    return told;
  });
