/** A desired state comes into force once, and is refused for every wrong reason without a trace. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Desired } from '@signalbeam/sync/core/manifest';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { createSeed, signerFromSeed } from '@signalbeam/sync/wire/keys';
import { payloadTypes, thresholdOne } from '@signalbeam/sync/wire/records';
import type { EventBody } from '@signalbeam/sync/wire/rows';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '../store/journal.ts';
import { stateMigrations } from '../store/migrations.ts';
import { openStore } from '../store/open.ts';
import { acceptDesired } from './accept.ts';
import type { ReconcilerParts } from './parts.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const deviceId = '22222222-2222-4222-8222-222222222222';
const bundleId = '33333333-3333-4333-8333-333333333333';
const director = signerFromSeed(createSeed());
const release = signerFromSeed(createSeed());

const desired = (generation: number, more: Partial<Desired> = {}): Desired => ({
  tenantId,
  deviceId,
  generation,
  issuedAt: '2026-01-01T00:00:00.000Z',
  slots: [
    {
      bundleId,
      bundleName: 'hello',
      version: `1.0.${generation}`,
      releaseDigest: `sha256:${'a'.repeat(64)}`,
      rolloutId: null,
      requestedGeneration: generation,
    },
  ],
  ...more,
});

const sealed = (value: unknown, by = director) => sealEnvelope(payloadTypes.desired, value, [by]);

let parts: ReconcilerParts;
let events: EventBody[];

beforeEach(() => {
  const path = join(mkdtempSync(join(tmpdir(), 'accept-')), 'state.db');
  const now = () => 1_000;
  const { database } = openStore({
    path,
    migrations: stateMigrations,
    pageBytes: 4_096,
    check: false,
    now,
  });
  events = [];
  const key = { keyId: director.keyId, publicKey: director.publicKey };
  const others = { keyId: release.keyId, publicKey: release.publicKey };
  parts = {
    identity: { deviceId, tenantId },
    journal: openJournal(database),
    keyset: () => ({
      tenantId,
      version: 1,
      issuedAt: '2026-01-01T00:00:00.000Z',
      roles: { director: [key], release: [others], ingest: [others], membership: [] },
      thresholds: thresholdOne,
    }),
    outbox: { appendEvent: (event: EventBody) => events.push(event), appendReported: () => {} },
    now,
    log: () => {},
  } as unknown as ReconcilerParts;
});

describe('a desired state', () => {
  it('comes into force with its slots, once', () => {
    expect(acceptDesired(parts, sealed(desired(3)))).toEqual({ kind: 'accepted', generation: 3 });
    expect(acceptDesired(parts, sealed(desired(3)))).toEqual({ kind: 'unchanged', generation: 3 });
    expect(parts.journal.desired()?.generation).toBe(3);
    expect(parts.journal.slots().map((slot) => slot.wanted?.version)).toEqual(['1.0.3']);
    expect(events.map(({ type }) => type)).toEqual(['desired-accepted']);
  });

  it('leaves a slot that it no longer names to be removed', () => {
    acceptDesired(parts, sealed(desired(1)));
    acceptDesired(parts, sealed(desired(2, { slots: [] })));
    expect(parts.journal.slots().map((slot) => slot.wanted)).toEqual([null]);
  });

  it.each([
    ['older than the one in force', 'older-generation', () => sealed(desired(4))],
    ['for another device', 'wrong-audience', () => sealed(desired(9, { deviceId: tenantId }))],
    ['of another tenant', 'wrong-audience', () => sealed(desired(9, { tenantId: deviceId }))],
    ['signed by a key of another role', 'unknown-signer', () => sealed(desired(9), release)],
    ['unsigned', 'malformed-envelope', () => Buffer.from(JSON.stringify(desired(9)))],
    ['with a field nobody knows', 'bad-payload', () => sealed({ ...desired(9), extra: 1 })],
    [
      'changed on the way',
      'bad-signature',
      () => {
        const envelope = JSON.parse(Buffer.from(sealed(desired(9))).toString());
        envelope.payload = Buffer.from(JSON.stringify(desired(10))).toString('base64');
        return Buffer.from(JSON.stringify(envelope));
      },
    ],
    ['too large', 'envelope-too-large', () => Buffer.alloc(20_000, 0x20)],
  ])('%s is refused as %s and changes nothing', (_what, code, make) => {
    acceptDesired(parts, sealed(desired(5)));
    const before = JSON.stringify(parts.journal.slots());
    expect(acceptDesired(parts, make())).toMatchObject({ kind: 'refused', code });
    expect(parts.journal.desired()?.generation).toBe(5);
    expect(JSON.stringify(parts.journal.slots())).toBe(before);
    expect(events.at(-1)).toMatchObject({ type: 'desired-refused', data: { code } });
  });

  // Inventory §7.8
  it('changed anywhere on the way is never believed', () => {
    acceptDesired(parts, sealed(desired(5)));
    const before = JSON.stringify(parts.journal.slots());
    const good = Buffer.from(sealed(desired(9)));
    const meaningOf = (bytes: Buffer): string | null => {
      try {
        const { payload, signatures } = JSON.parse(bytes.toString());
        const [{ keyid, sig }] = signatures;
        const decode = (text: string) => Buffer.from(text, 'base64').toString('hex');
        return [keyid, decode(payload), decode(sig)].join();
      } catch {
        return null;
      }
    };
    fc.assert(
      fc.property(
        fc.nat(good.byteLength - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, by, cut) => {
          const changed = cut ? good.subarray(0, at) : Buffer.from(good);
          if (!cut) changed[at] = (changed[at] ?? 0) ^ by;
          // Base64 spells some bytes in two ways: the same bytes are the same record.
          fc.pre(meaningOf(changed) !== meaningOf(good));
          expect(acceptDesired(parts, changed)).toMatchObject({ kind: 'refused' });
          expect(parts.journal.desired()?.generation).toBe(5);
          expect(JSON.stringify(parts.journal.slots())).toBe(before);
        },
      ),
      { numRuns: 300 },
    );
    expect(acceptDesired(parts, good)).toEqual({ kind: 'accepted', generation: 9 });
  });
});
