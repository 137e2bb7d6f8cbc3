/**
 * The fleet's linked device with its return timed, enrolled by the bench's own keyring: what benches
 * of thousands of connections stand on.
 */
import type { Keyring } from '@signalbeam/platform/keys/keyring';
import { deviceUserJwt } from '@signalbeam/platform/nats/users';
import type { Desired } from '@signalbeam/sync/core/manifest';
import type { Trust } from '@signalbeam/sync/core/trust';
import type { CarrierOptions } from '@signalbeam/sync/nats/nats-carrier';
import type { VirtualDevice } from '@signalbeam/telemetry-processor/virtual-device.suite';
import { createLinkedDevice } from '../fleet/linked-device.ts';

export type LinkedAgent = Awaited<ReturnType<typeof startLinkedAgent>>;

/** When each part of coming back was done: `performance.now()`, null while it is not. */
export type Returned = {
  welcomed: number | null;
  desiredCompared: number | null;
  snapshotCompared: number | null;
};
const notYet: Returned = { welcomed: null, desiredCompared: null, snapshotCompared: null };

export const startLinkedAgent = async (parts: {
  hubUrl: string;
  keyring: Keyring;
  tenantId: string;
  device: VirtualDevice;
  trust: Trust;
  /** As it is shipped unless the bench says otherwise. */
  redialMs?: CarrierOptions['redialMs'];
  /** A new desired state that it may believe. */
  onDesired?: (desired: Desired) => void;
}) => {
  const { hubUrl, keyring, tenantId, device, trust, redialMs, onDesired } = parts;
  const { deviceId, site, nkey, seed, signer } = device;
  const jwt = await deviceUserJwt(keyring, { tenantId, site, deviceId, publicKey: nkey });
  let returned = { ...notYet };
  const linked = createLinkedDevice({
    ...{ deviceId, site, seed, signer, jwt, trust, hubUrls: [hubUrl] },
    ...{ beatMs: 60_000, hold: true, bootId: 'bench' },
    ...(redialMs === undefined ? {} : { redialMs }),
    ...(onDesired === undefined ? {} : { onDesired }),
    compared: () => {
      returned.desiredCompared ??= performance.now();
    },
    looked: (name) => {
      if (name === 'site/snapshot') returned.snapshotCompared ??= performance.now();
    },
    reached: () => {
      returned.welcomed ??= performance.now();
    },
  });
  linked.connect();
  return {
    ...linked,
    returned: () => returned,
    /** From now on its return is timed. */
    forget: (): void => {
      returned = { ...notYet };
    },
    /** All it had to say is confirmed, and it has compared what comes down. */
    isSteady: (): boolean =>
      linked.state() === 'connected' &&
      returned.welcomed !== null &&
      returned.desiredCompared !== null &&
      returned.snapshotCompared !== null &&
      linked.isHeard(),
  };
};
