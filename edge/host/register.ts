/**
 * `register`: makes the device's keys if it has none, tells the cloud, and writes down what came
 * back. Doing it again is harmless: the same key is the same device.
 */
import { hostname } from 'node:os';
import { FleetError } from '@signalbeam/sync/core/errors';
import { openCloud } from '../link/cloud.ts';
import { type Registered, readRegistration, writeRegistration } from '../store/enrolment.ts';
import { clearFarewell } from '../store/farewell.ts';
import { ensurePrivateFolder } from '../store/files.ts';
import { ensureIdentity } from '../store/identity.ts';
import type { Options } from './options.ts';
import { askAnyWay } from './relay.ts';
import { agentVersion } from './version.ts';

/** Gives what to tell the person. */
export const register = async (options: Options<'register'>): Promise<string> => {
  const { state: folder, url, token } = options;
  ensurePrivateFolder(folder);
  const before = readRegistration(folder);
  if (before !== null && new URL(before.cloudUrl).origin !== new URL(url).origin)
    throw elsewhere(before);
  const identity = ensureIdentity(folder);
  const name = options.name ?? hostname();
  const { relay } = options;
  const fetch = askAnyWay({ relay, others: () => [], seed: identity.seed });
  const cloud = openCloud({ url, fetch });
  const answer = await cloud.register({
    registrationToken: token,
    name,
    publicKey: identity.nkey,
    sealingKey: identity.sealing.publicKey,
    agentVersion,
    platform: { os: process.platform, architecture: process.arch, hostname: hostname() },
  });
  const { deviceId, tenantId, site, fingerprint } = answer;
  const base = { version: 1, cloudUrl: url, deviceId, tenantId, site, name, fingerprint } as const;
  // An approved device keeps its enrolment; `run` fetches the one of a device approved just now.
  if (before?.status !== 'approved' || before.deviceId !== deviceId) {
    writeRegistration(folder, { ...base, status: 'pending' });
    clearFarewell(folder);
  }
  return describe(answer.status, base);
};

const describe = (
  status: Registered['status'],
  device: { deviceId: string; site: string; name: string; fingerprint: string },
): string => {
  const head = `${device.name} is registered at the site ${device.site} as ${device.deviceId}.\nFingerprint: ${device.fingerprint}`;
  switch (status) {
    case 'approved':
      return `${head}\nIt is approved. Start it with signalbeam-agent run.`;
    case 'pending':
      return `${head}\nAn operator has to approve it: compare the fingerprint. signalbeam-agent run waits for that.`;
    case 'rejected':
      return `${head}\nAn operator rejected it. Ask them why; signalbeam-agent run asks again.`;
  }
};

const elsewhere = (before: Registered): FleetError =>
  new FleetError(
    'registered-elsewhere',
    `This device is registered with ${before.cloudUrl} already; nothing was changed.`,
    { next: 'Give it a fresh folder with --state to register it with another cloud.' },
  );
