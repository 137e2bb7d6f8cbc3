/**
 * The NATS subjects, in one place. Devices speak in their tenant's account; the cloud hears the
 * same with the tenant's account key in front, put there by the broker and by nobody else.
 */
import type { Lane } from '../core/lanes.ts';

/** In place of a site: what all sites of a tenant share. No site can be called so. */
export const tenantScope = 'tenant';
/** In place of a device: all of a site. Device ids are UUIDs. */
export const everyDevice = 'all';

/** What the cloud tells one device, or with `everyDevice` a whole site. */
export type Downward = 'ack' | 'poke' | 'attend' | 'call' | 'cmd.logs';

/** What a device publishes to and asks, in its tenant's account. */
export const deviceSubjects = {
  heartbeat: (device: string) => `signalbeam.devices.heartbeat.${device}`,
  hello: (site: string, device: string) => `signalbeam.hello.${site}.${device}`,
  /** The device's own record; its site's and tenant's records have their name in place of it. */
  record: (site: string, name: string) => `signalbeam.record.${site}.${name}`,
  /** No record is called so: the hub's answer that there is none shows in few bytes that it answers. */
  probe: () => `signalbeam.record.${tenantScope}.none`,
  down: (site: string, device: string, what: Downward) =>
    `signalbeam.down.${site}.${device}.${what}`,
  /** To every device of a site at once: something of the site or the tenant is new. */
  downSite: (site: string) => `signalbeam.down.${site}.${everyDevice}.poke`,
  /** The same way: greetings are answered again, so whoever waits for an answer asks. */
  callSite: (site: string) => `signalbeam.down.${site}.${everyDevice}.call`,
  downAll: (site: string, device: string) => `signalbeam.down.${site}.${device}.>`,
  /**
   * Pieces of a container's log to whoever looks at it now: asked and answered, in no stream. What is
   * stored of logs would go by their lane.
   */
  logs: (device: string) => `signalbeam.devices.logs.${device}`,
  inboxPrefix: (site: string, device: string) => `_INBOX.${site}.${device}`,
  lane: (lane: Lane, device: string): string => {
    switch (lane) {
      case 'events':
        return `signalbeam.devices.events.${device}`;
      case 'reported':
        return `signalbeam.devices.status.${device}`;
      case 'metrics':
      case 'backfill':
        return `signalbeam.telemetry.metrics.${device}`;
      case 'logs':
        return `signalbeam.telemetry.logs.${device}`;
    }
  },
} as const;

/** What the cloud publishes and hears, in the CLOUD account. */
export const cloudSubjects = {
  heartbeats: '*.signalbeam.devices.heartbeat.*',
  hellos: '*.signalbeam.hello.*.*',
  /** Captured by the stream UP. */
  durable: [
    '*.signalbeam.devices.status.*',
    '*.signalbeam.devices.events.*',
    '*.signalbeam.telemetry.*.*',
  ],
  /** Of one device: only a replica at which somebody looks at its logs listens. */
  logs: (tenantKey: string, device: string) => `${tenantKey}.signalbeam.devices.logs.${device}`,
  down: (tenantKey: string, site: string, device: string, what: Downward) =>
    `down.${tenantKey}.${site}.${device}.${what}`,
  /** Key in the KV bucket `desired`: of a device, or of a record of its site or of `tenant`. */
  recordKey: (tenantKey: string, site: string, device: string) => `${tenantKey}.${site}.${device}`,
  events: 'signalbeam.>',
} as const;

export const streams = { up: 'UP', events: 'EVENTS', desiredBucket: 'desired' } as const;

const ours = '.signalbeam.';

/** `<tenant account key>.signalbeam.….<device>` → who sent it, or null when it is no such subject. */
export const parseDeviceSubject = (
  subject: string,
): { tenantKey: string; device: string } | null => {
  const first = subject.indexOf('.');
  const last = subject.lastIndexOf('.');
  const isOurs = first !== -1 && subject.startsWith(ours, first);
  // At least one token between ours and the device's.
  if (!isOurs || last <= first + ours.length - 1) return null;
  return { tenantKey: subject.slice(0, first), device: subject.slice(last + 1) };
};
