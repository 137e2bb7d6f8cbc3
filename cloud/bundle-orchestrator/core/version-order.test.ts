import { bundleVersion } from '@signalbeam/sync/wire/manifest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions, versionOrderKey } from './version-order.ts';

/** The order as semver.org §11 words it, without keys: what the keys are held against. */
const compareByRule = (left: string, right: string): number => {
  const split = (version: string) => {
    const dash = version.indexOf('-');
    const core = (dash === -1 ? version : version.slice(0, dash)).split('.').map(BigInt);
    return { core, pre: dash === -1 ? [] : version.slice(dash + 1).split('.') };
  };
  const [a, b] = [split(left), split(right)];
  for (const [index, number] of a.core.entries()) {
    const other = b.core[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let index = 0; index < Math.max(a.pre.length, b.pre.length); index += 1) {
    const [one, two] = [a.pre[index], b.pre[index]];
    if (one === undefined) return -1;
    if (two === undefined) return 1;
    const [oneIsNumber, twoIsNumber] = [/^\d+$/.test(one), /^\d+$/.test(two)];
    if (oneIsNumber !== twoIsNumber) return oneIsNumber ? -1 : 1;
    if (oneIsNumber && BigInt(one) !== BigInt(two)) return BigInt(one) < BigInt(two) ? -1 : 1;
    if (!oneIsNumber && one !== two) return one < two ? -1 : 1;
  }
  return 0;
};

const sign = (value: number): number => Math.sign(value);
const number = fc.oneof(
  fc.nat(12).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 12n }).map(String),
);
const identifier = fc.oneof(number, fc.stringMatching(/^[0-9A-Za-z-]{1,5}$/));
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 3 }))
  .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre.length === 0 ? '' : `-${pre.join('.')}`}`)
  .filter((text) => bundleVersion.safeParse(text).success);

describe('the order of versions', () => {
  it('is that of semver.org, from its own example upwards', () => {
    const ascending = [
      '0.9.9',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.2.0',
      '1.10.0',
      '2.0.0',
      '10.0.0',
    ];
    expect([...ascending].reverse().sort(compareVersions)).toEqual(ascending);
  });

  it('is the same by key and by rule for any two versions', () => {
    fc.assert(
      fc.property(version, version, (left, right) => {
        expect(sign(compareVersions(left, right))).toBe(sign(compareByRule(left, right)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has keys whose bytes sort, as the database sorts them', () => {
    fc.assert(
      fc.property(version, version, (left, right) => {
        const bytes = Buffer.compare(
          Buffer.from(versionOrderKey(left)),
          Buffer.from(versionOrderKey(right)),
        );
        expect(sign(bytes)).toBe(sign(compareVersions(left, right)));
      }),
    );
  });
});
