/** What a device believes, on the model disk: the port of `edge/store/trust-tables`, over maps. */
import { joinCopies, type TrustTables } from '@signalbeam/edge/store/trust-tables';
import type { Disk } from './disk.ts';

const isOfSite = (name: string): boolean =>
  !name.startsWith('tenant/') && !name.startsWith('device/');

export const createTrustTables = (disk: Disk): TrustTables => ({
  read: () => joinCopies(disk.content.trust, disk.content.trustCopy),
  together: (work) => disk.commit(work),
  write: (stored) =>
    disk.commit(() => {
      disk.content.trust = stored;
    }),
  copy: (stored) => {
    disk.onCommit();
    disk.content.trustCopy = stored;
  },
  record: (name) => disk.content.records.get(name) ?? null,
  writeRecord: (record) =>
    disk.commit(() => {
      disk.content.records.set(record.name, record);
    }),
  versions: () => new Map([...disk.content.records].map(([name, { version }]) => [name, version])),
  root: (version) => disk.content.roots.get(version) ?? null,
  writeRoot: (version, envelope) =>
    disk.commit(() => {
      disk.content.roots.set(version, envelope);
    }),
  count: () => disk.content.records.size,
  dropCarried: () =>
    disk.commit(() => {
      for (const [name, { carried }] of disk.content.records) {
        if (carried) disk.content.records.delete(name);
      }
    }),
  dropSiteRecords: () =>
    disk.commit(() => {
      for (const name of disk.content.records.keys()) {
        if (isOfSite(name)) disk.content.records.delete(name);
      }
    }),
});
