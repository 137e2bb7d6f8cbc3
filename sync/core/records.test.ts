/** Merging records: any order, duplicate or path gives the same result. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Held,
  kindOf,
  mergeRecords,
  mergeVersions,
  missingFrom,
  type RecordName,
  recordKinds,
  recordNameOf,
  type Versions,
} from './records.ts';

const id = '11111111-1111-4111-8111-111111111111';
const names: RecordName[] = [
  'tenant/root',
  'tenant/keyset',
  'tenant/revocation',
  'site/roster',
  'site/site-key',
  'site/snapshot',
  `device/${id}/desired`,
  `device/${id}/reported`,
  `device/${id}/command`,
  `plan/${id}`,
  `permit/${id}/7`,
  `halt/${'a'.repeat(32)}`,
  `grant/${id}`,
];
const name = fc.constantFrom(...names);
const held = fc.record({
  version: fc.integer({ min: 1, max: 5 }),
  digest: fc.constantFrom('a', 'b', 'c'),
});
const records = fc
  .array(fc.tuple(name, held))
  .map((entries): ReadonlyMap<RecordName, Held> => new Map(entries));
const versions = fc
  .array(fc.tuple(name, fc.integer({ min: 1, max: 9 })))
  .map((entries): Versions => new Map(entries));
const plain = (map: ReadonlyMap<RecordName, unknown>) => Object.fromEntries(map);

describe('merging records', () => {
  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(records, records, records, (a, b, c) => {
        expect(plain(mergeRecords(a, b))).toEqual(plain(mergeRecords(b, a)));
        expect(plain(mergeRecords(mergeRecords(a, b), c))).toEqual(
          plain(mergeRecords(a, mergeRecords(b, c))),
        );
        expect(plain(mergeRecords(a, a))).toEqual(plain(a));
        expect(plain(mergeRecords(mergeRecords(a, b), b))).toEqual(plain(mergeRecords(a, b)));
      }),
    );
  });

  it('never lowers a version and loses no record', () => {
    fc.assert(
      fc.property(records, records, (a, b) => {
        const merged = mergeRecords(a, b);
        for (const one of [a, b]) {
          for (const [key, { version }] of one) {
            expect(merged.get(key)?.version).toBeGreaterThanOrEqual(version);
          }
        }
      }),
    );
  });

  it('of versions alone is the same, and leaves nothing missing', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(plain(mergeVersions(a, b))).toEqual(plain(mergeVersions(b, a)));
        expect(plain(mergeVersions(mergeVersions(a, b), c))).toEqual(
          plain(mergeVersions(a, mergeVersions(b, c))),
        );
        expect(missingFrom(mergeVersions(a, b), b)).toEqual([]);
        for (const missing of missingFrom(a, b)) {
          expect(b.get(missing)).toBeGreaterThan(a.get(missing) ?? 0);
        }
      }),
    );
  });
});

describe('names of records', () => {
  it('are read back, and nothing else is', () => {
    for (const each of names) expect(recordNameOf(each)).toBe(each);
    for (const wrong of ['', 'site/plan', 'device/x/desired', `device/${id}`, `plan/${id}/`]) {
      expect(recordNameOf(wrong)).toBeNull();
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = recordNameOf(text);
        expect(found === null || names.includes(found)).toBe(true);
      }),
    );
  });

  it('say what kind each is', () => {
    const kinds = names.map(kindOf);
    expect(new Set(kinds).size).toBe(names.length);
    // A release is named by its digest, not replicated by version.
    expect(kinds.toSorted()).toEqual(recordKinds.filter((kind) => kind !== 'release').toSorted());
  });
});
