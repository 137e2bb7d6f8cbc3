/**
 * The enrolment document: everything an approved device needs to reach its site and to know whom
 * to trust. Assembled afresh at each request from the keyring; it holds no private key.
 */

import { rootsAfter } from '@signalbeam/platform/keys/tenant-records';
import { leafTrust } from '@signalbeam/platform/nats/accounts';
import { pastRevocation } from '@signalbeam/platform/nats/revocations';
import { deviceUserJwt, gatewayUserJwt } from '@signalbeam/platform/nats/users';
import { type Enrolment, type EnrolmentStatus, rootsMax } from '@signalbeam/sync/wire/enrolment';
import type { Parts } from './api/parts.ts';
import { signMembership } from './membership/sign.ts';
import { removalOf } from './store/device-lives.ts';
import type { DeviceRecord } from './store/devices.ts';
import { ensureMemberships } from './store/memberships.ts';
import { readSigned } from './store/signed-records.ts';

/** Roster, site key and revocation as they are now: what waits to be signed is signed first. */
const siteRecordsOf = async (parts: Parts, at: { tenantId: string; site: string }) => {
  const { tenantId, site } = at;
  const sql = parts.pools.system;
  await ensureMemberships(sql, tenantId);
  await signMembership(parts, { tenantId, site });
  await signMembership(parts, { tenantId, site: '' });
  const read = async (of: string, name: string): Promise<string> => {
    const envelope = await readSigned(sql, { tenantId, site: of, name });
    if (envelope === null) throw new Error(`${name} of ${of} is not signed`);
    return envelope.toString('base64');
  };
  return {
    roster: await read(site, 'roster'),
    siteKey: await read(site, 'site-key'),
    revocation: await read('', 'revocation'),
  };
};

export const enrolmentOf = async (parts: Parts, device: DeviceRecord): Promise<Enrolment> => {
  const { tenantId, site, name, publicKey, id: deviceId } = device;
  const { account, records } = await parts.keyring.tenant(tenantId);
  const user = { tenantId, site, deviceId, publicKey };
  await pastRevocation(parts.pools.system, publicKey);
  return {
    deviceId,
    tenantId,
    tenantKey: account.publicKey,
    site,
    name,
    nats: {
      ...(await leafTrust(parts.keyring, tenantId)),
      deviceJwt: await deviceUserJwt(parts.keyring, user),
      gatewayJwt: await gatewayUserJwt(parts.keyring, user),
      hubUrls: parts.config.deviceNatsUrls,
      leafUrls: parts.config.leafUrls,
    },
    records: {
      root: records.root.envelope.toString('base64'),
      keyset: records.keyset.envelope.toString('base64'),
      ...(await siteRecordsOf(parts, device)),
    },
  };
};

/** Every root after the one that the device believes, oldest first. */
export const rootsOf = async (
  parts: Parts,
  tenantId: string,
  version: number,
): Promise<string[]> => {
  const roots = await rootsAfter(parts.pools.system, tenantId, version, rootsMax);
  return roots.map((each) => each.toString('base64'));
};

/** What a removed device is told: the signed revocation, and all it needs to believe it. */
export const farewellOf = async (
  parts: Parts,
  asked: { tenantId: string; deviceId: string; rootsAfter: number },
): Promise<Extract<EnrolmentStatus, { status: 'removed' }> | null> => {
  const { tenantId, deviceId } = asked;
  const sql = parts.pools.system;
  const removal = await removalOf(sql, deviceId);
  if (removal === null) return null;
  await ensureMemberships(sql, tenantId);
  await signMembership(parts, { tenantId, site: '' });
  const revocation = await readSigned(sql, { tenantId, site: '', name: 'revocation' });
  if (revocation === null) throw new Error(`the revocation of ${tenantId} is not signed`);
  const { records } = await parts.keyring.tenant(tenantId);
  return {
    status: 'removed',
    removal,
    roots: await rootsOf(parts, tenantId, asked.rootsAfter),
    keyset: records.keyset.envelope.toString('base64'),
    revocation: revocation.toString('base64'),
  };
};
