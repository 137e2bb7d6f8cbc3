/**
 * How devices leave and take over from one another, as rows. A removed device keeps its row, so that
 * its history can name it, and never comes back under its id.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Removal, Wipe } from '@signalbeam/sync/core/removal';
import { deleteDevices } from './devices.ts';

export type Removed = {
  removal: Removal;
  at: Date;
  wipe: Wipe | null;
  wipedAt: Date | null;
  /** The device that took its place. */
  replacedBy: string | null;
};

export const removeDevice = async (
  sql: Sql,
  id: string,
  how: { removal: Removal; wipe: Wipe | null; at: Date },
): Promise<void> => {
  await sql.query('UPDATE device_manager.devices SET removal = $2, wipe = $3 WHERE id = $1', [
    id,
    how.removal,
    how.wipe,
  ]);
  await deleteDevices(sql, [id], how.at);
};

/** What people gave the old one: name, site, tags, groups and notes. The old one must be locked. */
export const takeOver = async (sql: Sql, oldId: string, newId: string): Promise<void> => {
  await sql.query(
    `UPDATE device_manager.devices new
        SET name = old.name, site = old.site, metadata = old.metadata, replaces = old.id
       FROM device_manager.devices old
      WHERE new.id = $2 AND old.id = $1`,
    [oldId, newId],
  );
  await sql.query('DELETE FROM device_manager.device_tags WHERE device_id = $1', [newId]);
  await sql.query('UPDATE device_manager.device_tags SET device_id = $2 WHERE device_id = $1', [
    oldId,
    newId,
  ]);
  await sql.query('DELETE FROM device_manager.group_members WHERE device_id = $1', [newId]);
  await sql.query('UPDATE device_manager.group_members SET device_id = $2 WHERE device_id = $1', [
    oldId,
    newId,
  ]);
};

/** For the device itself, whoever removed it and whenever. */
export const removalOf = async (sql: Sql, deviceId: string): Promise<Removal | null> => {
  const { rows } = await sql.query<{ removal: Removal }>(
    'SELECT removal FROM device_manager.public_removed_devices WHERE device_id = $1',
    [deviceId],
  );
  return rows[0]?.removal ?? null;
};

export const noteWiped = async (sql: Sql, id: string, at: Date): Promise<boolean> => {
  const { rowCount } = await sql.query(
    `UPDATE device_manager.devices SET wiped_at = coalesce(wiped_at, $2)
      WHERE id = $1 AND deleted_at IS NOT NULL AND wipe IS NOT NULL`,
    [id, at],
  );
  return rowCount === 1;
};
