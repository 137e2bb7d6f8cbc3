/** What a device's ETag stands for: what people change. What the device itself reports is not in it. */
import { holdVersion, type Tagged, tellVersion } from '@signalbeam/platform/http/entity-tag';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { viewDevice } from '../store/device-list.ts';
import type { DeviceView } from '../store/device-view.ts';

const changeableOf = ({ name, site, registrationStatus, tags, metadata }: DeviceView) => [
  ...[name, site, registrationStatus, tags],
  Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)),
];

export const tellDeviceVersion = (c: Tagged, device: DeviceView): void =>
  tellVersion(c, changeableOf(device));

/** For a device that is locked and there. */
export const holdDeviceVersion = async (c: Tagged, sql: Sql, id: string): Promise<void> => {
  const device = c.var.tags.ifMatch === undefined ? null : await viewDevice(sql, id);
  holdVersion(c, device === null ? null : changeableOf(device));
};
