/** Opens what a device believes over its model disk, and tells the watcher of every record it keeps. */
import { type Believing, openTrust } from '@signalbeam/edge/host/trust';
import { createTrustTables } from './believed.ts';
import type { Device } from './device.ts';
import type { SiteParts } from './site-life.ts';

/** The program was built before the simulation begins. */
const builtAtMs = Date.parse('2025-06-01T00:00:00.000Z');

export const openSiteTrust = (device: Device, site: SiteParts): Believing => {
  const { parts, disk } = device;
  const trust = openTrust({
    tables: site.tables(createTrustTables(disk)),
    approved: { tenantId: parts.tenantId, site: parts.site, enrolment: site.enrolment },
    builtAtMs,
    now: device.wall,
    log: () => undefined,
    identity: { deviceId: parts.deviceId, nkey: site.identity.nkey },
    appendEvent: (event) => void device.outbox?.appendEvent(event),
    accept: (envelope) => device.reconciler?.acceptDesired(envelope) ?? { kind: 'refused' },
  });
  trust.onChange((name) => {
    if (disk.orphaned) return;
    device.parts.kernel.settled();
    device.reconciler?.nudge('what is trusted changed');
    const kept = disk.content.records.get(name);
    if (kept !== undefined) site.watch.kept(device, name, kept.version, kept.envelope);
  });
  return trust;
};
