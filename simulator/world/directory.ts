/** Who there is: the tenant, its site and its devices by number, and what ingest and the devices know of keys. */
import { publicKeyFromRaw } from '@signalbeam/sync/wire/keys';
import type { Keyset } from '@signalbeam/sync/wire/records';
import type { KnownDevice } from '@signalbeam/telemetry-processor/ingest/directory';
import { type Notary, trusted } from './notary.ts';

export const tenantId = '00000000-0000-4000-8000-0000000000a1';
export const tenantKey = 'ATENANT';
export const site = 'plant-7';

export const deviceIdOf = (number: number): string =>
  `00000000-0000-4000-8000-${(0xd0 + number).toString(16).padStart(12, '0')}`;

export const keysetOf = (notary: Notary): Keyset => {
  const of = (name: string) => [trusted(notary.signer(name))];
  return {
    tenantId,
    version: 1,
    issuedAt: '2026-01-01T00:00:00.000Z',
    roles: {
      release: of('release'),
      director: of('director'),
      ingest: of('ingest'),
      membership: of('membership'),
    },
    thresholds: { release: 1, director: 1, ingest: 1, membership: 1 },
  };
};

export const numberOf = (deviceId: string): number =>
  Number.parseInt(deviceId.slice(-12), 16) - 0xd0;

/** Ingest asks nothing of it here: frames are verified by the notary. */
const someKey = publicKeyFromRaw(Buffer.alloc(32, 9));

export const knownDevices = (notary: Notary, count: number): Map<string, KnownDevice> =>
  new Map(
    Array.from({ length: count }, (_, number) => [
      deviceIdOf(number),
      {
        deviceId: deviceIdOf(number),
        tenantId,
        tenantKey,
        site,
        approved: true,
        publicKey: someKey,
        trustedKey: trusted(notary.signer(`device ${number}`)),
        ingestSigner: notary.signer('ingest'),
      },
    ]),
  );
