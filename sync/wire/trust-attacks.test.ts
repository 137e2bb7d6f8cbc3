/** Each attack on what a device believes has a test and a code of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteRecordBytesMax } from '../core/limits.ts';
import { installHold, staleParts } from '../core/staleness.ts';
import { witnessTime } from '../core/trust.ts';
import { sealRecord } from './record-envelope.ts';
import {
  desiredWith,
  expiresAt,
  issuedAt,
  keys,
  newSigner,
  rosterWith,
  samples,
  sealSample,
  siteKey,
  trusted,
} from './records.fixture.ts';
import { payloadTypes } from './records.ts';
import { sealSiteKey } from './site-key.ts';
import {
  accept,
  code,
  desiredBytes,
  desiredName,
  enrolled,
  keysetBytes,
  member,
  nameOf,
  offer,
  pinned,
  rootBytes,
  rosterBytes,
  seal,
  snapshotBytes,
} from './trust.fixture.ts';

describe('attacks', () => {
  it('arbitrary software: what nobody with the role signed (unknown-signer)', () => {
    expect(code(enrolled, desiredName, desiredBytes(1, newSigner()))).toBe('unknown-signer');
    for (const other of [keys.root, keys.release, keys.ingest, keys.membership]) {
      expect(code(enrolled, desiredName, desiredBytes(1, other))).toBe('unknown-signer');
    }
  });

  it('an unsigned relay (malformed-envelope)', () => {
    const bytes = Buffer.from(JSON.stringify(desiredWith()));
    expect(code(enrolled, desiredName, bytes)).toBe('malformed-envelope');
    expect(code(pinned, desiredName, desiredBytes(1))).toBe('no-keyset');
  });

  it('rollback: an older version of anything (rollback)', () => {
    const at5 = accept(enrolled, desiredName, desiredBytes(5));
    expect(code(at5, desiredName, desiredBytes(4))).toBe('rollback');
    expect(code(at5, desiredName, desiredBytes(5))).toBe('unchanged');
    const keyset3 = accept(enrolled, 'tenant/keyset', keysetBytes(3));
    expect(code(keyset3, 'tenant/keyset', keysetBytes(2))).toBe('rollback');
    const roster9 = accept(enrolled, 'site/roster', rosterBytes(9));
    expect(code(roster9, 'site/roster', rosterBytes(8))).toBe('rollback');
    const root2 = accept(enrolled, 'tenant/root', rootBytes(2, [keys.root]));
    expect(code(root2, 'tenant/root', rootBytes(1, [keys.root]))).toBe('rollback');
  });

  it('two contents under one version (equivocation)', () => {
    const at1 = accept(enrolled, 'site/roster', rosterBytes(1));
    expect(code(at1, 'site/roster', rosterBytes(1, { members: [] }))).toBe('equivocation');
    const other = rootBytes(1, [keys.root], { expiresAt: '2030-01-01T00:00:00.000Z' });
    expect(code(enrolled, 'tenant/root', other)).toBe('equivocation');
  });

  it('indefinite freeze: shown as stale once a newer time is signed, and only installs wait', () => {
    const frozen = accept(enrolled, 'site/snapshot', snapshotBytes(1));
    expect(installHold(staleParts(frozen, null))).toBeNull();
    const later = witnessTime(frozen, 'ingest', Date.parse('2028-01-01'), [keys.ingest.keyId]);
    const stale = staleParts(later, Date.parse(expiresAt));
    expect(stale.map((one) => one.code)).toEqual([
      'root-expired',
      'snapshot-expired',
      'desired-expired',
    ]);
    expect(installHold(stale)).toContain('root of trust and the desired state have expired');
    expect(installHold(stale.filter(({ what }) => what === 'snapshot'))).toBeNull();
    // What is in force stays so, and newer records still come in.
    expect(later.floors).toEqual(frozen.floors);
    expect(code(later, 'site/snapshot', snapshotBytes(2))).toBe('accepted');
  });

  it('mix-and-match: an old roster beside a new snapshot, an old site key beside a new roster', () => {
    const now = accept(enrolled, 'site/snapshot', snapshotBytes(4, { roster: 7, siteKey: 7 }));
    expect(code(now, 'site/roster', rosterBytes(6))).toBe('mix-and-match');
    expect(code(now, 'site/roster', rosterBytes(7))).toBe('accepted');
    const at9 = accept(now, 'site/roster', rosterBytes(9, { siteKeyGeneration: 2 }));
    const oldKey = sealSiteKey(siteKey, rosterWith({ version: 9 }), 1);
    expect(code(at9, 'site/site-key', seal('site-key', oldKey, keys.membership))).toBe(
      'mix-and-match',
    );
    // A snapshot that names less than what is held lowers nothing.
    const less = accept(at9, 'site/snapshot', snapshotBytes(5, { roster: 8, siteKey: 8 }));
    expect(code(less, 'site/roster', rosterBytes(8))).toBe('rollback');
  });

  it('endless data (envelope-too-large)', () => {
    for (const { kind } of samples) {
      const name = nameOf(kind);
      const bytes = Buffer.alloc(siteRecordBytesMax + 1, 0x20);
      expect(code(member, name, bytes), kind).toBe('envelope-too-large');
    }
  });

  it('wrong audience: another tenant, site or device (wrong-audience)', () => {
    const other = '99999999-9999-4999-8999-999999999999';
    const foreign = seal('desired', desiredWith({ tenantId: other }), keys.director);
    expect(code(enrolled, desiredName, foreign)).toBe('wrong-audience');
    expect(code(enrolled, `device/${other}/desired`, desiredBytes(1))).toBe('wrong-audience');
    expect(code(enrolled, 'site/roster', rosterBytes(1, { site: 'plant-8' }))).toBe(
      'wrong-audience',
    );
    const root = sealRecord(
      payloadTypes.root,
      {
        tenantId: other,
        version: 2,
        issuedAt,
        expiresAt,
        development: false,
        threshold: 1,
        keys: [trusted(keys.root)],
      },
      [keys.root],
    );
    expect(code(enrolled, 'tenant/root', root)).toBe('wrong-audience');
  });

  it('type confusion: one kind for another, whoever signed it (wrong-type)', () => {
    for (const one of samples) {
      for (const { kind } of samples) {
        if (kind === one.kind) continue;
        expect(code(member, nameOf(kind), sealSample(one)), `${one.kind} as ${kind}`).toBe(
          'wrong-type',
        );
      }
    }
  });

  it('any changed bit of any record is refused', () => {
    for (const sample of samples) {
      const sealed = sealSample(sample);
      fc.assert(
        fc.property(fc.nat(sealed.byteLength * 8 - 1), (bit) => {
          const bytes = Buffer.from(sealed);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(offer(member, nameOf(sample.kind), bytes).kind).toBe('refused');
        }),
        { numRuns: 60 },
      );
    }
  });
});
