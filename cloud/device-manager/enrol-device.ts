/**
 * The enrolment document: everything an approved device needs to reach its site and to know whom
 * to trust. Assembled afresh at each request from the keyring; it holds no private key.
 */
import { leafTrust } from '@signalbeam/platform/nats/accounts';
import { deviceUserJwt, gatewayUserJwt } from '@signalbeam/platform/nats/users';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import type { Signer } from '@signalbeam/sync/wire/keys';
import { type Keyset, payloadTypes, thresholdOne } from '@signalbeam/sync/wire/records';
import type { Parts } from './api/parts.ts';
import type { DeviceRecord } from './store/devices.ts';

/** Keys do not rotate yet, so there is one version and its bytes are always the same. */
const keysetVersion = 1;

const trusted = ({ keyId, publicKey }: Signer) => ({ keyId, publicKey });

export const enrolmentOf = async (
  parts: Pick<Parts, 'keyring' | 'config'>,
  device: DeviceRecord,
  tenantCreatedAt: Date,
): Promise<Enrolment> => {
  const { tenantId, site, name, publicKey, id: deviceId } = device;
  const keys = await parts.keyring.tenant(tenantId);
  const keyset: Keyset = {
    tenantId,
    version: keysetVersion,
    issuedAt: tenantCreatedAt.toISOString(),
    roles: {
      release: [trusted(keys.release)],
      director: [trusted(keys.director)],
      ingest: [trusted(keys.ingest)],
      membership: [],
    },
    thresholds: thresholdOne,
  };
  const user = { tenantId, site, deviceId, publicKey };
  return {
    deviceId,
    tenantId,
    tenantKey: keys.account.publicKey,
    site,
    name,
    nats: {
      ...(await leafTrust(parts.keyring, tenantId)),
      deviceJwt: await deviceUserJwt(parts.keyring, user),
      gatewayJwt: await gatewayUserJwt(parts.keyring, user),
      hubUrls: parts.config.deviceNatsUrls,
      leafUrls: parts.config.leafUrls,
    },
    rootKey: trusted(keys.root),
    keyset: Buffer.from(sealEnvelope(payloadTypes.keyset, keyset, [keys.root])).toString('base64'),
  };
};
