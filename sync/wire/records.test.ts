/** Signed records: each opens for its author alone, and no bit, type or unknown field gets by. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bundlesPerDeviceMax,
  recordBytesMax,
  revokedGrantsMax,
  siteRecordBytesMax,
  windowsPerSlotMax,
} from '../core/limits.ts';
import { recordKinds } from '../core/records.ts';
import { siteMembersMax } from '../core/roster.ts';
import { sealEnvelope } from './dsse.ts';
import { openRecord, sealRecord } from './record-envelope.ts';
import {
  devices,
  issuedAt,
  keys,
  keysetWith,
  newSigner,
  rosterWith,
  samples,
  sealSample,
  siteKey,
  tenantId,
  trusted,
} from './records.fixture.ts';
import {
  keysetSchema,
  openDesired,
  openKeyset,
  openRoster,
  payloadTypes,
  sealDesired,
} from './records.ts';
import { sealSecret } from './secret.ts';
import { openSiteKey, sealSiteKey } from './site-key.ts';

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

describe.each(samples.map((sample) => [sample.kind, sample] as const))('a %s', (_kind, sample) => {
  const sealed = sealSample(sample);

  it('opens with exactly what was signed', () => {
    expect(sample.open(sealed)).toMatchObject({ kind: 'opened', value: sample.value });
  });

  it('is refused with any bit changed, cut short or made longer', () => {
    fc.assert(
      fc.property(fc.nat(sealed.byteLength * 8 - 1), (bit) => {
        expect(sample.open(flip(sealed, bit)).kind).toBe('refused');
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(sealed.byteLength - 1), (length) => {
        expect(sample.open(sealed.subarray(0, length)).kind).toBe('refused');
      }),
    );
    expect(sample.open(Buffer.concat([sealed, Buffer.from(' ')])).kind).toBe('refused');
  });

  it('is refused as random bytes or random JSON, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.json()), (input) => {
        expect(sample.open(input).kind).toBe('refused');
      }),
    );
  });

  it('is refused with any one field gone or another, though signed by its author', () => {
    const value = sample.value as Record<string, unknown>;
    const seal = (changed: object) =>
      sample.open(sealRecord(payloadTypes[sample.kind], changed, [sample.signer]));
    for (const field of Object.keys(value)) {
      const { [field]: _gone, ...rest } = value;
      // Key sets made before thresholds were written mean one signature each.
      if (field !== 'thresholds') expect(seal(rest), field).toMatchObject({ code: 'bad-payload' });
      expect(seal({ ...value, [field]: { odd: [Number.MAX_SAFE_INTEGER] } }), field).toMatchObject({
        code: 'bad-payload',
      });
    }
    expect(seal({ ...value, extra: 1 })).toMatchObject({ code: 'bad-payload' });
  });

  it('cannot pass for any other kind, and nobody else can sign it', () => {
    for (const kind of recordKinds.filter((other) => other !== sample.kind)) {
      const posing = sealRecord(payloadTypes[kind], sample.value, [sample.signer]);
      expect(sample.open(posing), kind).toMatchObject({ code: 'wrong-type' });
    }
    for (const other of [...Object.values(keys), newSigner()]) {
      if (other === sample.signer) continue;
      const forged = sealRecord(payloadTypes[sample.kind], sample.value, [other]);
      expect(sample.open(forged)).toMatchObject({ code: 'unknown-signer' });
    }
  });

  it('is refused for its size before anything is read', () => {
    expect(sample.open(Buffer.alloc(siteRecordBytesMax + 1, 0x7b))).toMatchObject({
      code: 'envelope-too-large',
    });
  });
});

describe('old and new programs', () => {
  const type = 'application/vnd.example+json';
  const schema = z.strictObject({ a: z.int(), deep: z.strictObject({ b: z.int() }) });
  const signer = keys.root;
  const expected = { payloadType: type, keys: [trusted(signer)], bytesMax: recordBytesMax, schema };
  const newer = (readableFrom: number) =>
    sealEnvelope(
      type,
      { a: 1, deep: { b: 2, new: { c: 3 } }, alsoNew: [4], schema: 3, readableFrom },
      [signer],
    );

  it('of a newer record an older reader takes what it knows, when the writer allows it', () => {
    expect(openRecord(newer(1), expected, 2)).toMatchObject({
      kind: 'opened',
      value: { a: 1, deep: { b: 2 } },
    });
  });

  it('an older reader refuses what it must not miss, and keeps what it has', () => {
    expect(openRecord(newer(3), expected, 2)).toMatchObject({ code: 'newer-schema' });
  });

  it('a reader holds its own and older records to the letter', () => {
    expect(openRecord(newer(1), expected, 3)).toMatchObject({ code: 'bad-payload' });
    const old = sealEnvelope(type, { a: 1, deep: { b: 2 } }, [signer]);
    expect(openRecord(old, expected, 3)).toMatchObject({ kind: 'opened' });
  });

  it('what a newer record lacks or has wrong is refused all the same', () => {
    const wrong = { a: 'x', deep: { b: 2 }, schema: 3, readableFrom: 1 };
    expect(openRecord(sealEnvelope(type, wrong, [signer]), expected, 2)).toMatchObject({
      code: 'bad-payload',
    });
  });
});

describe('a desired state with windows', () => {
  const slot = {
    bundleId: tenantId,
    bundleName: 'n'.repeat(200),
    version: '1.2.3',
    releaseDigest: `sha256:${'a'.repeat(64)}`,
    rolloutId: tenantId,
    requestedGeneration: 2 ** 40,
  };
  const desired = {
    tenantId,
    deviceId: tenantId,
    generation: 2 ** 40,
    issuedAt,
    expiresAt: issuedAt,
    slots: [slot],
  };
  const windows = Array.from({ length: windowsPerSlotMax }, (_, index): [number, number] => [
    1_800_000_000 + index * 7_200,
    1_800_003_600 + index * 7_200,
  ]);
  const keyset = keysetWith();

  it('is for readers who know of windows; one without is for all', () => {
    const held = sealDesired({ ...desired, slots: [{ ...slot, windows }] }, keys.director);
    expect(openDesired(held, keyset)).toMatchObject({
      kind: 'opened',
      value: { slots: [{ windows }] },
    });
    const marksOf = (bytes: Uint8Array) => {
      const { payload } = JSON.parse(Buffer.from(bytes).toString()) as { payload: string };
      return JSON.parse(Buffer.from(payload, 'base64').toString()) as object;
    };
    expect(marksOf(held)).toMatchObject({ schema: 4, readableFrom: 3 });
    const sealingKey = devices[0].member.sealingKey;
    const about = { name: 'db', revision: `${tenantId}.1` };
    const secret = sealSecret(Buffer.from('x'), about, { ...devices[0], tenantId, sealingKey });
    const slots = [{ ...slot, secrets: secret === null ? [] : [secret] }];
    const secretive = sealDesired({ ...desired, slots }, keys.director);
    expect(openDesired(secretive, keyset)).toMatchObject({ kind: 'opened', value: { slots } });
    expect(marksOf(secretive)).toMatchObject({ schema: 4, readableFrom: 4 });
    expect(marksOf(sealDesired(desired, keys.director))).not.toHaveProperty('readableFrom');
  });

  it('fits a record with all its slots', () => {
    const slots = Array.from({ length: bundlesPerDeviceMax }, () => ({ ...slot, windows }));
    const bytes = sealDesired({ ...desired, slots }, keys.director);
    expect(bytes.byteLength).toBeLessThanOrEqual(recordBytesMax);
    expect(openDesired(bytes, keyset)).toMatchObject({ kind: 'opened' });
  });
});

describe('key sets', () => {
  it('refuse a key under another name, which would count twice towards a threshold', () => {
    const [key] = keysetWith().roles.director;
    const again = { keyId: 'f'.repeat(32), publicKey: key?.publicKey ?? '' };
    const roles = { ...keysetWith().roles, director: [key, again] };
    expect(keysetSchema.safeParse({ ...keysetWith(), roles }).success).toBe(false);
  });

  it('made before there were members let nobody speak for them', () => {
    const { thresholds: _one, ...before } = keysetWith();
    const { membership: _two, ...roles } = before.roles;
    const sealed = sealEnvelope(payloadTypes.keyset, { ...before, roles }, [keys.root]);
    const opened = openKeyset(sealed, [trusted(keys.root)]);
    if (opened.kind !== 'opened') throw new Error(opened.reason);
    const roster = sealRecord(payloadTypes.roster, rosterWith(), [keys.membership]);
    expect(openRoster(roster, opened.value)).toMatchObject({ code: 'unknown-signer' });
  });
});

describe('the site key', () => {
  const record = sealSiteKey(siteKey, rosterWith(), 3);
  const [one, two] = devices;

  it('opens for each member, and for nobody else', () => {
    for (const device of devices) {
      expect(openSiteKey(record, device)).toEqual(siteKey);
    }
    expect(openSiteKey(record, { deviceId: one.deviceId, sealing: two.sealing })).toBeNull();
    expect(openSiteKey(record, { deviceId: tenantId, sealing: one.sealing })).toBeNull();
  });

  it('has boxes that open in this record only', () => {
    const other = sealSiteKey(Buffer.alloc(32, 8), rosterWith({ version: 2 }), 4);
    expect(openSiteKey({ ...other, boxes: record.boxes }, one)).toBeNull();
    expect(openSiteKey({ ...record, generation: 4 }, one)).toBeNull();
    expect(openSiteKey({ ...record, site: 'plant-8' }, one)).toBeNull();
  });

  it('leaves out a member whose sealing key is no key, not the others', () => {
    const bad = { ...two.member, sealingKey: Buffer.alloc(32).toString('base64') };
    const some = sealSiteKey(siteKey, rosterWith({ members: [one.member, bad] }), 1);
    expect(some.boxes.map(({ deviceId }) => deviceId)).toEqual([one.deviceId]);
  });

  it('and the roster of the largest site fit their limit', () => {
    const members = Array.from({ length: siteMembersMax }, (_, index) => ({
      ...one.member,
      deviceId: `22222222-2222-4222-8222-${String(index).padStart(12, '0')}`,
    }));
    const roster = rosterWith({ members, site: 's'.repeat(63), version: 2 ** 50 });
    const key = sealSiteKey(siteKey, roster, 2 ** 50);
    for (const [type, value] of [
      [payloadTypes.roster, roster],
      [payloadTypes['site-key'], key],
      [
        payloadTypes.revocation,
        {
          tenantId,
          version: 1,
          issuedAt,
          devices: members.map(({ deviceId, publicKey }) => ({
            deviceId,
            publicKey,
            revokedAt: issuedAt,
            removal: 'decommissioned' as const,
            wipe: 'workloads' as const,
          })),
          grants: Array.from({ length: revokedGrantsMax }, () => tenantId),
        },
      ],
    ] as const) {
      const bytes = sealRecord(type, value, [keys.membership]);
      expect(bytes.byteLength).toBeLessThanOrEqual(siteRecordBytesMax);
    }
  });
});
