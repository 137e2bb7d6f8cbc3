/**
 * In which order the tables of a tenant are emptied: what refers to rows before these, whatever is found
 * by its device before the devices, and what everybody reads to act for the tenant last of all. Not how a
 * table is emptied: see ../erase/rows.ts.
 */

/** How the rows of one tenant are found without reading those of the others again and again. */
export type Way =
  /** By an index that begins with the tenant. */
  | 'tenant'
  /** By its devices: an index begins with them. */
  | 'device'
  /** No index: the table is read once, from its first block to its last. */
  | 'blocks';

export type TenantTable = { name: string; way: Way; hasTenant: boolean };
export type Reference = { from: string; to: string };

export const devicesTable = 'device_manager.devices';
/** Without these a service that is at work for the tenant would fail instead of finding nothing. */
const last: readonly string[] = ['platform.keys', 'platform.role_keys', 'platform.tenant_records'];

/** Throws for tables that refer to each other in a circle: none could be first. */
export const eraseOrder = (
  tables: readonly TenantTable[],
  references: readonly Reference[],
): { beforeDevices: TenantTable[]; devicesOn: TenantTable[] } => {
  const names = new Set(tables.map(({ name }) => name));
  const waitsFor = new Map<string, Set<string>>(
    tables.map(({ name }) => [
      name,
      new Set(
        references
          .filter(({ from, to }) => to === name && from !== to && names.has(from))
          .map(({ from }) => from),
      ),
    ]),
  );
  const isLast = ({ name }: TenantTable): boolean => last.includes(name);
  const byDevice = tables.filter((table) => !table.hasTenant || table.way === 'device');
  for (const { name } of byDevice) {
    if (name !== devicesTable) waitsFor.get(devicesTable)?.add(name);
  }
  const ordered: TenantTable[] = [];
  let left = [...tables].sort((one, other) => (one.name < other.name ? -1 : 1));
  while (left.length > 0) {
    const done = new Set(ordered.map(({ name }) => name));
    const isFree = ({ name }: TenantTable): boolean =>
      [...(waitsFor.get(name) ?? [])].every((other) => done.has(other));
    const free = left.filter(isFree);
    // Devices as late as can be: everything that is found by them is gone, and what is not, too.
    const next =
      free.find((table) => table.name !== devicesTable && !isLast(table)) ??
      free.find((table) => !isLast(table)) ??
      free[0];
    if (next === undefined) {
      throw new Error(
        `these tables refer to each other: ${left.map(({ name }) => name).join(', ')}`,
      );
    }
    ordered.push(next);
    left = left.filter((table) => table !== next);
  }
  const at = ordered.findIndex(({ name }) => name === devicesTable);
  return { beforeDevices: ordered.slice(0, at), devicesOn: ordered.slice(at) };
};
