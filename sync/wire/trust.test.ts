/** How roots and keys follow one another, what theft allows, and that no path changes the outcome. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordKind, RecordName } from '../core/records.ts';
import { installHold, staleParts } from '../core/staleness.ts';
import { timeFloorMs } from '../core/time-floor.ts';
import { moveToSite, versionStepMax, witnessTime } from '../core/trust.ts';
import type { Signer } from './keys.ts';
import {
  devices,
  issuedAt,
  keys,
  newSigner,
  planId,
  samples,
  sealSample,
} from './records.fixture.ts';
import {
  accept,
  builtAtMs,
  code,
  desiredBytes,
  desiredName,
  enrolled,
  keysetBytes,
  member,
  nameOf,
  offer,
  rootBytes,
  rosterBytes,
  seal,
  snapshotBytes,
} from './trust.fixture.ts';
import { offerRecord, pinRoot } from './trust.ts';

describe('roots', () => {
  const [a, b, c] = [newSigner(), newSigner(), newSigner()];

  it('follow one another, signed by the old threshold and their own', () => {
    const two = accept(
      enrolled,
      'tenant/root',
      rootBytes(2, [keys.root, a, b], { keys: [a, b, c], threshold: 2 }),
    );
    expect(two.root).toMatchObject({ version: 2, threshold: 2 });
    const three = accept(two, 'tenant/root', rootBytes(3, [b, c], { keys: [b, c], threshold: 2 }));
    expect(three.root.version).toBe(3);
  });

  it('are refused when one is skipped (root-version-skipped)', () => {
    expect(code(enrolled, 'tenant/root', rootBytes(3, [keys.root]))).toBe('root-version-skipped');
  });

  it('are refused below either threshold (threshold-not-met, unknown-signer)', () => {
    const few = rootBytes(2, [keys.root, a], { keys: [a, b, c], threshold: 2 });
    expect(code(enrolled, 'tenant/root', few)).toBe('threshold-not-met');
    const notByOld = rootBytes(2, [a, b], { keys: [a, b], threshold: 2 });
    expect(code(enrolled, 'tenant/root', notByOld)).toBe('unknown-signer');
    const two = accept(
      enrolled,
      'tenant/root',
      rootBytes(2, [keys.root, a, b], { keys: [a, b, c], threshold: 2 }),
    );
    expect(code(two, 'tenant/root', rootBytes(3, [a], { keys: [a], threshold: 1 }))).toBe(
      'threshold-not-met',
    );
    expect(code(two, 'tenant/keyset', keysetBytes(2, {}, [a]))).toBe('threshold-not-met');
    expect(code(two, 'tenant/keyset', keysetBytes(2, {}, [a, b]))).toBe('accepted');
  });

  it('one key that signs twice counts once', () => {
    const twice = rootBytes(2, [keys.root, a, a], { keys: [a, b], threshold: 2 });
    expect(code(enrolled, 'tenant/root', twice)).toBe('threshold-not-met');
  });

  it('that expired still lead to the next one', () => {
    const late = witnessTime(enrolled, 'ingest', Date.parse('2040-01-01'), [keys.ingest.keyId]);
    const old = { expiresAt: '2026-02-01T00:00:00.000Z' };
    const two = accept(late, 'tenant/root', rootBytes(2, [keys.root], old));
    const three = accept(
      two,
      'tenant/root',
      rootBytes(3, [keys.root], { expiresAt: '2045-01-01T00:00:00.000Z' }),
    );
    expect(staleParts(three, null)).toEqual([]);
  });

  it('that trust no signer of the key set end it, and its floors stay until the next one', () => {
    const at5 = accept(enrolled, desiredName, desiredBytes(5));
    const two = accept(at5, 'tenant/root', rootBytes(2, [keys.root, a], { keys: [a] }));
    expect(two.keyset).toBeNull();
    expect(code(two, desiredName, desiredBytes(6))).toBe('no-keyset');
    expect(installHold(staleParts(two, null))).toContain('key set');
    // A replay through the gap: the director is the same, so its floor must be, too.
    const again = accept(two, 'tenant/keyset', keysetBytes(1, {}, [a]));
    expect(code(again, desiredName, desiredBytes(4))).toBe('rollback');
    expect(code(again, desiredName, desiredBytes(6))).toBe('accepted');
  });

  it('are pinned only when their own keys signed them', () => {
    expect(pinRoot(rootBytes(1, [a], { keys: [b] }), builtAtMs)).toMatchObject({
      code: 'unknown-signer',
    });
    expect(pinRoot(rootBytes(1, [a], { keys: [a, b], threshold: 2 }), builtAtMs)).toMatchObject({
      code: 'threshold-not-met',
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(pinRoot(bytes, builtAtMs).kind).toBe('refused');
      }),
    );
  });
});

describe('a stolen key', () => {
  it.each([
    ['director', desiredName, (v: number, by: Signer) => desiredBytes(v, by)],
    ['membership', 'site/roster', (v: number, by: Signer) => rosterBytes(v, {}, by)],
  ] as const)('of the %s is worth nothing once the key set has another', (role, name, make) => {
    const fresh = newSigner();
    const stolen = accept(enrolled, name, make(7, keys[role]));
    const rotated = accept(stolen, 'tenant/keyset', keysetBytes(2, { [role]: fresh }));
    expect(code(rotated, name, make(8, keys[role]))).toBe('unknown-signer');
    expect(code(rotated, name, make(8, fresh))).toBe('accepted');
  });

  it('of ingest says no more time, and what it said is forgotten', () => {
    const ahead = witnessTime(enrolled, 'ingest', Date.parse('2100-01-01'), [keys.ingest.keyId]);
    expect(timeFloorMs(ahead.time)).toBe(Date.parse('2100-01-01'));
    const rotated = accept(ahead, 'tenant/keyset', keysetBytes(2, { ingest: newSigner() }));
    expect(timeFloorMs(rotated.time)).toBe(Date.parse(issuedAt));
    const again = witnessTime(rotated, 'ingest', Date.parse('2100-01-01'), [keys.ingest.keyId]);
    expect(timeFloorMs(again.time)).toBe(Date.parse(issuedAt));
  });

  it('of the root is worth nothing once a root without it follows, by threshold', () => {
    const [a, b] = [newSigner(), newSigner()];
    const both = { keys: [keys.root, a, b], threshold: 2 };
    const two = accept(enrolled, 'tenant/root', rootBytes(2, [keys.root, a], both));
    const three = accept(two, 'tenant/root', rootBytes(3, [a, b], { keys: [a, b], threshold: 2 }));
    expect(code(three, 'tenant/keyset', keysetBytes(9))).toBe('unknown-signer');
  });

  it('can run versions ahead only so far, and its rotation takes them back (fast-forward)', () => {
    expect(code(enrolled, desiredName, desiredBytes(Number.MAX_SAFE_INTEGER))).toBe('fast-forward');
    const ahead = accept(enrolled, desiredName, desiredBytes(versionStepMax));
    const fresh = newSigner();
    expect(code(ahead, desiredName, desiredBytes(8))).toBe('rollback');
    const rotated = accept(ahead, 'tenant/keyset', keysetBytes(2, { director: fresh }));
    expect(code(rotated, desiredName, desiredBytes(8, fresh))).toBe('accepted');
    // Others' floors stay: a rotation is no way to roll them back.
    const both = accept(ahead, 'site/roster', rosterBytes(5));
    const after = accept(both, 'tenant/keyset', keysetBytes(2, { director: fresh }));
    expect(code(after, 'site/roster', rosterBytes(4))).toBe('rollback');
  });

  it('of membership cannot keep out the key set that withdraws it', () => {
    const trap = snapshotBytes(2, { root: 900_000, keyset: 900_000, revocation: 9, roster: 9 });
    const trapped = accept(enrolled, 'site/snapshot', trap);
    const fresh = newSigner();
    const freed = accept(trapped, 'tenant/keyset', keysetBytes(2, { membership: fresh }));
    expect(freed.snapshot).toBeNull();
    expect(code(freed, 'site/roster', rosterBytes(2, {}, fresh))).toBe('accepted');
    const farAhead = snapshotBytes(3, { roster: 9 + 2 * versionStepMax, revocation: 9 });
    const at9 = accept(trapped, 'site/roster', rosterBytes(9));
    expect(code(at9, 'site/snapshot', farAhead)).toBe('fast-forward');
  });
});

describe('devices and people', () => {
  const sample = (kind: RecordKind) => {
    const found = samples.find((each) => each.kind === kind);
    if (found === undefined) throw new Error(kind);
    return found;
  };

  it('sign for themselves, as long as they are members (not-a-member)', () => {
    const reported = sealSample(sample('reported'));
    const permit = sealSample(sample('permit'));
    expect(code(enrolled, nameOf('reported'), reported)).toBe('not-a-member');
    expect(code(member, nameOf('reported'), reported)).toBe('accepted');
    expect(code(member, nameOf('permit'), permit)).toBe('accepted');
    const byOther = seal('reported', sample('reported').value, devices[1].signer);
    expect(code(member, nameOf('reported'), byOther)).toBe('unknown-signer');
    const notMine = seal('permit', sample('permit').value, devices[1].signer);
    expect(code(member, nameOf('permit'), notMine)).toBe('threshold-not-met');
  });

  it('are refused once they are revoked (revoked-device)', () => {
    const revoked = accept(member, 'tenant/revocation', sealSample(sample('revocation')));
    expect(code(revoked, nameOf('reported'), sealSample(sample('reported')))).toBe(
      'revoked-device',
    );
    expect(code(revoked, nameOf('permit'), sealSample(sample('permit')))).toBe('unknown-signer');
  });

  it('halt by the director, or by a grant that is in force (no-grant)', () => {
    expect(code(enrolled, nameOf('halt'), sealSample(sample('halt')))).toBe('accepted');
    const ada = devices[0].signer;
    const byAda = { ...sample('halt').value, author: ada.keyId, grantId: planId };
    const name: RecordName = `halt/${ada.keyId}`;
    expect(code(enrolled, name, seal('halt', byAda, ada))).toBe('unknown-signer');
    const granted = accept(enrolled, nameOf('grant'), sealSample(sample('grant')));
    expect(code(granted, name, seal('halt', byAda, ada))).toBe('accepted');
    const everywhere = { ...byAda, site: null };
    expect(code(granted, name, seal('halt', everywhere, ada))).toBe('no-grant');
    const asDirector = { ...byAda, author: keys.director.keyId };
    expect(code(granted, nameOf('halt'), seal('halt', asDirector, ada))).toBe('no-grant');
    const later = witnessTime(granted, 'ingest', Date.parse('2028-01-01'), [keys.ingest.keyId]);
    expect(code(later, name, seal('halt', byAda, ada))).toBe('unknown-signer');
    const withdrawn = seal(
      'grant',
      { ...sample('grant').value, version: 2, revoked: true },
      keys.director,
    );
    const without = accept(granted, nameOf('grant'), withdrawn);
    expect(code(without, name, seal('halt', byAda, ada))).toBe('unknown-signer');
  });
});

describe('whatever the path', () => {
  const all: readonly [[RecordName, Uint8Array], ...[RecordName, Uint8Array][]] = [
    ['site/roster', rosterBytes(9, {}, newSigner())],
    ...[1, 2, 3].map((v): [RecordName, Uint8Array] => ['site/roster', rosterBytes(v)]),
    ...[1, 2, 3, 4].map((v): [RecordName, Uint8Array] => [desiredName, desiredBytes(v)]),
    ...[1, 2].map((v): [RecordName, Uint8Array] => [
      'site/snapshot',
      snapshotBytes(v, { roster: v }),
    ]),
    [desiredName, desiredBytes(9, keys.membership)],
  ];

  it('the same records end in the same belief, and no version ever falls', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...all.keys()], { minLength: all.length }),
        fc.array(fc.nat(all.length - 1), { maxLength: 6 }),
        (order, again) => {
          let trust = enrolled;
          // Twice, as anti-entropy does: what was refused for its order comes again.
          for (const index of [...order, ...again, ...order]) {
            const [name, bytes] = all[index] ?? all[0];
            const offered = offer(trust, name, bytes);
            if (offered.kind !== 'accepted') continue;
            for (const [held, { version }] of trust.floors) {
              expect(offered.trust.floors.get(held)?.version).toBeGreaterThanOrEqual(version);
            }
            trust = offered.trust;
          }
          const versions = [...trust.floors].map(([name, { version }]) => [name, version]);
          expect(Object.fromEntries(versions)).toMatchObject({
            'site/roster': 3,
            'site/snapshot': 2,
            [desiredName]: 4,
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('another site begins anew; the tenant and the device go on', () => {
    const busy = accept(
      accept(member, 'site/snapshot', snapshotBytes(3)),
      desiredName,
      desiredBytes(5),
    );
    const moved = moveToSite(busy);
    expect([...moved.floors.keys()].toSorted()).toEqual(
      [desiredName, 'tenant/keyset', 'tenant/root'].toSorted(),
    );
    const there = offerRecord(moved, 'plant-8', 'site/roster', rosterBytes(1, { site: 'plant-8' }));
    expect(there.kind).toBe('accepted');
    expect(offerRecord(moved, 'plant-8', 'site/roster', rosterBytes(2))).toMatchObject({
      code: 'wrong-audience',
    });
  });
});
