/** Two copies of what is believed, of one timeline or of two: nothing falls, and nothing is made up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordName } from './records.ts';
import { type Floor, startTrust, type Trust } from './trust.ts';
import { mergeTrust } from './trust-merge.ts';

const key = (keyId: string) => ({ keyId, publicKey: keyId });
const floor = (version: number, keyId: string): Floor => ({
  version,
  digest: `${keyId} ${version}`,
  keyIds: [keyId],
});
const thresholds = { release: 1, director: 1, ingest: 1, membership: 1 };
const keysetOf = (version: number, by: string) => ({
  version,
  roles: {
    release: [key('release')],
    director: [key('director')],
    ingest: [key('ingest')],
    membership: [key(by)],
  },
  thresholds,
});

type Shape = {
  root?: number;
  keyset?: number;
  membership?: string;
  floors?: readonly (readonly [RecordName, Floor])[];
  more?: Partial<Trust>;
};
/** Root keys stay; those of membership are what the key set names. */
const trustOf = ({
  root = 1,
  keyset = 1,
  membership = 'm1',
  floors = [],
  more = {},
}: Shape): Trust => ({
  ...startTrust('t', { version: root, threshold: 1, keys: [key('root')], expiresAtMs: 9 }, 1),
  keyset: keysetOf(keyset, membership),
  floors: new Map([
    ['tenant/root', floor(root, 'root')],
    ['tenant/keyset', floor(keyset, 'root')],
    ...floors,
  ]),
  ...more,
});
const versions = ({ floors }: Trust) =>
  Object.fromEntries([...floors].map(([name, { version }]) => [name, version]));

describe('two copies of what is believed', () => {
  it('keep the higher floor of each record, and what was learnt with it', () => {
    const left = trustOf({
      floors: [
        ['site/roster', floor(5, 'm1')],
        ['tenant/revocation', floor(1, 'm1')],
      ],
      more: { members: new Map([['a', 'A']]), siteKeyGeneration: 3 },
    });
    const right = trustOf({
      floors: [
        ['site/roster', floor(4, 'm1')],
        ['tenant/revocation', floor(2, 'm1')],
        ['grant/g', floor(1, 'director')],
      ],
      more: {
        revoked: new Set(['B']),
        grants: new Map([
          ['g', { site: 's', key: key('g'), may: ['halt'], expiresAtMs: 1, revoked: true }],
        ]),
        time: { builtAtMs: 1, said: { ingest: { atMs: 70, keyIds: ['ingest'] } } },
      },
    });
    for (const merged of [mergeTrust(left, right), mergeTrust(right, left)]) {
      expect(versions(merged)).toMatchObject({
        'site/roster': 5,
        'tenant/revocation': 2,
        'grant/g': 1,
      });
      expect(merged.members).toEqual(left.members);
      expect(merged.siteKeyGeneration).toBe(3);
      expect(merged.revoked).toEqual(right.revoked);
      expect(merged.grants).toEqual(right.grants);
      expect(merged.time.said.ingest?.atMs).toBe(70);
    }
  });

  it('are judged by the newest keys: what withdrawn ones ran ahead sets no floor', () => {
    const now = trustOf({ keyset: 2, membership: 'm2', floors: [['site/roster', floor(6, 'm2')]] });
    const before = trustOf({
      floors: [['site/roster', floor(900, 'm1')]],
      more: { time: { builtAtMs: 1, said: { membership: { atMs: 4e12, keyIds: ['m1'] } } } },
    });
    for (const merged of [mergeTrust(now, before), mergeTrust(before, now)]) {
      expect(versions(merged)['site/roster']).toBe(6);
      expect(merged.time.said.membership).toBeUndefined();
    }
  });

  it('take the newest root of one and the newest key set of the other', () => {
    const rooted = trustOf({ root: 2, floors: [['site/roster', floor(3, 'm1')]] });
    const keyed = trustOf({
      keyset: 4,
      membership: 'm4',
      floors: [['site/roster', floor(2, 'm4')]],
    });
    for (const merged of [mergeTrust(rooted, keyed), mergeTrust(keyed, rooted)]) {
      expect(merged.root.version).toBe(2);
      expect(merged.keyset).toEqual(keyed.keyset);
      expect(versions(merged)).toMatchObject({ 'tenant/keyset': 4, 'site/roster': 2 });
    }
  });

  it('never fall below either copy, in any order, however often', () => {
    const names = [
      'site/roster',
      'site/snapshot',
      'tenant/revocation',
      'device/d/desired',
    ] as const;
    const floors = fc
      .uniqueArray(fc.tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 9 })), {
        selector: ([name]) => name,
      })
      .map((list) =>
        list.map(
          ([name, version]) =>
            [name, floor(version, name.startsWith('device') ? 'director' : 'm1')] as const,
        ),
      );
    const trusts = fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), floors)
      .map(([root, keyset, all]) => trustOf({ root, keyset, floors: all }));
    fc.assert(
      fc.property(trusts, trusts, (left, right) => {
        const merged = mergeTrust(left, right);
        expect(versions(mergeTrust(right, left))).toEqual(versions(merged));
        expect(versions(mergeTrust(merged, right))).toEqual(versions(merged));
        for (const copy of [left, right]) {
          for (const [name, { version }] of copy.floors)
            expect(merged.floors.get(name)?.version).toBeGreaterThanOrEqual(version);
        }
      }),
    );
  });
});
