import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSameJson } from './same-json.ts';

test('two values are the same exactly when they are written down alike', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(value, value, (left, right) => {
      const copy = JSON.parse(JSON.stringify(left)) as unknown;
      expect(isSameJson(left, copy)).toBe(true);
      const sorted = (of: unknown): string =>
        JSON.stringify(of, (_key, each: unknown) =>
          each !== null && typeof each === 'object' && !Array.isArray(each)
            ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
            : each,
        );
      expect(isSameJson(left, right)).toBe(sorted(left) === sorted(right));
    }),
  );
});

test('a field that differs, is missing or has become a list is seen at any depth', () => {
  const said = { slots: [{ status: 'running', reason: null }], engine: { reachable: true } };
  expect(isSameJson(said, structuredClone(said))).toBe(true);
  expect(isSameJson(said, { ...said, slots: [{ status: 'running', reason: 'x' }] })).toBe(false);
  expect(isSameJson(said, { ...said, slots: [] })).toBe(false);
  expect(isSameJson(said, { ...said, engine: [true] })).toBe(false);
  expect(isSameJson(said, { slots: said.slots })).toBe(false);
  expect(isSameJson({ slots: said.slots }, said)).toBe(false);
  expect(isSameJson({ ...said, power: undefined }, said)).toBe(true);
});
