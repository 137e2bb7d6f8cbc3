/** What a device fetches: each blob at most once, and none that a version it has shares. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toFetch, type Weighed } from './fetch-size.ts';

const weighedOf = (sizes: Record<string, number>, foreign: string[] = []): Weighed => ({
  blobs: new Map(Object.entries(sizes)),
  foreign,
  severalPlatforms: false,
});

it('leaves out what versions that are there share with it', () => {
  const target = weighedOf({ base: 100, app: 7 }, ['registry.example/a@sha256:1']);
  expect(toFetch(target, [])).toEqual({ bytes: 107, foreignImages: 1 });
  expect(toFetch(target, [weighedOf({ base: 100, old: 9 })]).bytes).toBe(7);
  expect(toFetch(target, [target])).toEqual({ bytes: 0, foreignImages: 0 });
});

it('is never more than the whole, and less with more that is there', () => {
  const digest = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const any = fc.dictionary(digest, fc.nat(1_000)).map((sizes) => weighedOf(sizes));
  fc.assert(
    fc.property(any, fc.array(any, { maxLength: 3 }), any, (target, had, more) => {
      const whole = [...target.blobs.values()].reduce((sum, size) => sum + size, 0);
      const { bytes } = toFetch(target, had);
      expect(bytes).toBeLessThanOrEqual(whole);
      expect(toFetch(target, [...had, more]).bytes).toBeLessThanOrEqual(bytes);
    }),
  );
});
