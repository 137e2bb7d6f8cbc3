/**
 * Who may connect, and to do what. A device's credentials cover its own subjects; a gateway's its
 * site's, over leaf links only, without any JetStream API. Both are for the device's own key, so
 * the cloud never holds a device's private key. They do not expire: an expiry would kill a
 * cut-off site.
 */
import { createUser, encodeUser, fmtCreds, type Permissions } from '@nats-io/jwt';
import { assertTokens, devicePermissions } from '@signalbeam/sync/wire/permissions';
import { tenantScope } from '@signalbeam/sync/wire/subjects';
import type { Keyring, NatsKey } from '../keys/keyring.ts';

export type DeviceUser = {
  tenantId: string;
  site: string;
  deviceId: string;
  /** The device's public nkey, `U…`. */
  publicKey: string;
};

const permissionsOf = (site: string, device: string): Permissions => {
  const { publish, subscribe } = devicePermissions(site, device);
  return { pub: { allow: publish, deny: [] }, sub: { allow: subscribe, deny: [] } };
};

// `down.<account>.…` too: the leaf link is checked on the exporter's name of an import.
const gatewayPermissions = (site: string, accountKey: string): Permissions => ({
  pub: {
    allow: [
      'signalbeam.devices.>',
      'signalbeam.telemetry.>',
      `signalbeam.hello.${site}.*`,
      `signalbeam.record.${site}.*`,
      `signalbeam.record.${tenantScope}.*`,
      `_INBOX.${site}.>`,
    ],
    deny: [],
  },
  sub: {
    allow: [`signalbeam.down.${site}.>`, `down.${accountKey}.${site}.>`, `_INBOX.${site}.>`],
    deny: [],
  },
});

/** For a device that connects to its leaf, or to the hub where a site has no leaf. */
export const deviceUserJwt = async (keyring: Keyring, user: DeviceUser): Promise<string> => {
  const { account } = await keyring.tenant(user.tenantId);
  return encodeUser(user.deviceId, user.publicKey, account.keyPair, {
    ...permissionsOf(user.site, user.deviceId),
    allowed_connection_types: ['STANDARD', 'WEBSOCKET'],
  });
};

/** For the leaf that a device runs while it is its site's gateway. */
export const gatewayUserJwt = async (keyring: Keyring, user: DeviceUser): Promise<string> => {
  assertTokens(user.site, user.deviceId);
  const { account } = await keyring.tenant(user.tenantId);
  return encodeUser(`gateway-${user.deviceId}`, user.publicKey, account.keyPair, {
    ...gatewayPermissions(user.site, account.publicKey),
    allowed_connection_types: ['LEAFNODE', 'LEAFNODE_WS'],
  });
};

/** Credentials with a key made on the spot, for one connection of this process. */
export const serviceCreds = async (account: NatsKey, name: string): Promise<Uint8Array> => {
  const user = createUser();
  return fmtCreds(await encodeUser(name, user, account.keyPair, {}), user);
};
