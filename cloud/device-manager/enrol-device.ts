/**
 * The enrolment document: everything an approved device needs to reach its site and to know whom
 * to trust. Assembled afresh at each request from the keyring; it holds no private key.
 */
import { leafTrust } from '@signalbeam/platform/nats/accounts';
import { pastRevocation } from '@signalbeam/platform/nats/revocations';
import { deviceUserJwt, gatewayUserJwt } from '@signalbeam/platform/nats/users';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import type { Parts } from './api/parts.ts';
import { signMembership } from './membership/sign.ts';
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
