/**
 * Tells devices that somebody looks at them, so that they send quickly for a while: an idle device
 * is quiet to spare its link. Repeated while they are looked at; a hint that is lost is repeated.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '@signalbeam/platform/logging/log';
import type { attendSchema } from '@signalbeam/sync/wire/heartbeat';
import { cloudSubjects } from '@signalbeam/sync/wire/subjects';
import type { z } from 'zod';
import type { Directory } from '../ingest/directory.ts';
import { createThrottle } from './tell.ts';

const everyMs = 20_000;
/** Longer than two hints: one that got lost changes nothing. */
const attend: z.infer<typeof attendSchema> = { forMs: 50_000 };

export const createAttend = (options: {
  connection: Pick<NatsConnection, 'publish' | 'isClosed'>;
  directory: Directory;
  /** All replicas hear who is looked at; one tells the devices. */
  mayTell: () => boolean;
  now: () => number;
  log: Logger;
}): ((deviceIds: readonly string[]) => void) => {
  const { connection, directory, log } = options;
  const isDue = createThrottle(options.now, everyMs);
  const tell = async (deviceIds: readonly string[]): Promise<void> => {
    for (const device of (await directory.find(deviceIds)).values()) {
      if (device === null || !device.approved || connection.isClosed()) continue;
      const { tenantKey, site, deviceId } = device;
      const subject = cloudSubjects.down(tenantKey, site, deviceId, 'attend');
      connection.publish(subject, JSON.stringify(attend));
    }
  };
  return (deviceIds) => {
    const due = options.mayTell() ? deviceIds.filter(isDue) : [];
    if (due.length === 0) return;
    tell(due).catch((error) => log.warn({ error }, 'devices were not told that somebody looks'));
  };
};
