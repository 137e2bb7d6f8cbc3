/** What a device believes, on the model disk: the port of `edge/store/trust-tables`, over maps. */
import { joinCopies, type TrustTables } from '@signalbeam/edge/store/trust-tables';
import { type Disk, withEntry, withoutEntries } from './disk.ts';

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
      disk.content.records = withEntry(disk.content.records, record.name, record);
    }),
  versions: () => new Map([...disk.content.records].map(([name, { version }]) => [name, version])),
  root: (version) => disk.content.roots.get(version) ?? null,
  writeRoot: (version, envelope) =>
    disk.commit(() => {
      disk.content.roots = withEntry(disk.content.roots, version, envelope);
    }),
  count: () => disk.content.records.size,
  dropCarried: () =>
    disk.commit(() => {
      disk.content.records = withoutEntries(disk.content.records, (_, { carried }) => carried);
    }),
  dropSiteRecords: () =>
    disk.commit(() => {
      disk.content.records = withoutEntries(disk.content.records, isOfSite);
    }),
});
