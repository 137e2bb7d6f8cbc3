/** Grants at the device: by real records, through the clock and the revocation that it holds. */
import { timeFloorMs } from '@signalbeam/sync/core/time-floor';
import { encodeGrantToken } from '@signalbeam/sync/wire/grant-token';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { sealRecord } from '@signalbeam/sync/wire/record-envelope';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { keys, keysetWith, tenantId } from '@signalbeam/sync/wire/records.fixture';
import { expect, test } from 'vitest';
import { createGrants } from './grants.ts';
import type { Believing } from './trust.ts';

const now = Date.parse('2026-11-27T12:00:00Z');
const hourMs = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();
const grantIds = [1, 2].map((nth) => `00000000-0000-4000-8000-00000000000${nth}`);

const issue = (grantId: string, site: string, expiresAtMs: number): string => {
  const seed = createSeed();
  const { keyId, publicKey } = signerFromSeed(seed);
  const record = {
    ...{ tenantId, site, grantId, version: 1, issuedAt: at(now), expiresAt: at(expiresAtMs) },
    ...{ holder: { name: 'Ada', key: { keyId, publicKey } }, may: ['console'], revoked: false },
  };
  return encodeGrantToken(seed, sealRecord(payloadTypes.grant, record, [keys.director]));
};

const deviceWith = (grants: string[] | null, floorMs = 0) => {
  const revocation = { tenantId, version: 1, issuedAt: at(now), devices: [] };
  const bytes =
    grants === null
      ? null
      : sealRecord(payloadTypes.revocation, { ...revocation, grants }, [keys.membership]);
  const time = { builtAtMs: floorMs, said: {} };
  expect(timeFloorMs(time)).toBe(floorMs);
  return createGrants(
    {
      keyset: () => keysetWith(),
      held: (name) => (name === 'tenant/revocation' ? bytes : null),
      trust: () => ({ time }) as ReturnType<Believing['trust']>,
    },
    { tenantId, site: () => 'plant-7', now: () => now },
  );
};

test('its holder is let in by name until its end, without any link', () => {
  const [grantId = ''] = grantIds;
  expect(deviceWith(null).judge(issue(grantId, 'plant-7', now + hourMs))).toEqual({
    kind: 'granted',
    holder: { grantId, name: 'Ada', expiresAtMs: now + hourMs },
  });
});

test('one of another site, expired by what was signed, or named by the revocation is refused', () => {
  const [grantId = '', other = ''] = grantIds;
  const token = issue(grantId, 'plant-7', now + hourMs);
  const codeOf = (device: ReturnType<typeof deviceWith>, text = token) => {
    const judged = device.judge(text);
    return judged.kind === 'refused' ? judged.code : judged.kind;
  };
  expect(codeOf(deviceWith([]), issue(grantId, 'plant-8', now + hourMs))).toBe('foreign-grant');
  expect(codeOf(deviceWith([], now + hourMs))).toBe('grant-expired');
  expect(codeOf(deviceWith([other]))).toBe('granted');
  const revoking = deviceWith([grantId]);
  expect(codeOf(revoking)).toBe('grant-revoked');
  expect(revoking.isRevoked(grantId)).toBe(true);
  expect(codeOf(deviceWith([]), 'sbg_AAAA')).toBe('wrong-grant');
});
