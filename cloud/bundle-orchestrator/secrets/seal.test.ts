/** How much of secrets one desired state holds, and what is left out when that is not enough. */
import { recordBytesMax, secretBytesMax } from '@signalbeam/sync/core/limits';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { sealDesired } from '@signalbeam/sync/wire/records';
import {
  bundleId,
  devices,
  expiresAt,
  issuedAt,
  keys,
  tenantId,
} from '@signalbeam/sync/wire/records.fixture';
import { sealSecret } from '@signalbeam/sync/wire/secret';
import { expect, it } from 'vitest';
import { withinBytes, withSecrets } from './seal.ts';

const [{ deviceId, member }] = devices;
const { sealingKey } = member;
const slots: Slot[] = [
  {
    ...{ bundleId, bundleName: 'web', version: '1.0.0' },
    releaseDigest: `sha256:${'a'.repeat(64)}`,
    ...{ rolloutId: null, requestedGeneration: 1 },
  },
];

/** One secret of each size, as the device gets them. */
const given = (sizes: readonly number[]) => {
  const secrets = sizes.flatMap((bytes, index) => {
    const about = { name: `secret-number-${index}`, revision: `${tenantId}.1` };
    return sealSecret(Buffer.alloc(bytes, 'x'), about, { tenantId, deviceId, sealingKey }) ?? [];
  });
  let kept: string[] = [];
  const envelope = withinBytes([{ bundleId, secrets }], (sealed) => {
    kept = sealed.flatMap((slot) => slot.secrets.map(({ name }) => name));
    const desired = { tenantId, deviceId, generation: 1, issuedAt, expiresAt };
    return sealDesired({ ...desired, slots: withSecrets(slots, sealed) }, keys.director);
  });
  expect(envelope.byteLength).toBeLessThanOrEqual(recordBytesMax);
  return kept;
};

it('holds twenty secrets of 6 KB together, or two of the largest', () => {
  expect(given(Array.from({ length: 20 }, () => 300))).toHaveLength(20);
  expect(given([secretBytesMax, secretBytesMax])).toHaveLength(2);
});

it('leaves out the largest first, as many as it must', () => {
  const sizes = [secretBytesMax, 100, 4_000, 4_050, 4_010];
  const names = ['secret-number-1', 'secret-number-2', 'secret-number-4'];
  expect(given(sizes)).toEqual(names);
});
