/**
 * What one device may publish and hear at a broker, in NATS's words: its own subjects, and the
 * records of its site and tenant. The hub has it from the device's credentials, a leaf from its
 * roster, so it is written down once. What the leaf itself may is the cloud's to say.
 */
import { siteRecords } from '../core/records.ts';
import { everyDevice, tenantScope } from './subjects.ts';

/** A name that is one token of a subject and no wildcard. */
const token = /^[A-Za-z0-9_-]{1,64}$/;

export const assertTokens = (...names: string[]): void => {
  for (const name of names) {
    if (!token.test(name)) throw new TypeError(`"${name}" can't be part of a subject`);
  }
};

/** Records of its site that a device may read, beside its own. */
const siteRecordTokens = [...siteRecords, 'plan', 'halt'];

export type DevicePermissions = { publish: string[]; subscribe: string[] };

export const devicePermissions = (site: string, device: string): DevicePermissions => {
  assertTokens(site, device);
  return {
    publish: [
      `signalbeam.devices.*.${device}`,
      `signalbeam.telemetry.*.${device}`,
      `signalbeam.hello.${site}.${device}`,
      `signalbeam.record.${site}.${device}`,
      ...siteRecordTokens.map((name) => `signalbeam.record.${site}.${name}`),
      `signalbeam.record.${tenantScope}.*`,
    ],
    subscribe: [
      `_INBOX.${site}.${device}.>`,
      `signalbeam.down.${site}.${device}.>`,
      `signalbeam.down.${site}.${everyDevice}.>`,
    ],
  };
};
