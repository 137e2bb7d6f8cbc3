import { bundlesPerDeviceMax } from '@signalbeam/sync/core/limits';
import type { Slot } from '@signalbeam/sync/core/manifest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slotOf, withoutSlot, withRestoredSlot, withSlot } from './slots.ts';

const wanted = (bundleId: string, version = '1.0.0', rolloutId: string | null = null) => ({
  bundleId,
  bundleName: bundleId,
  version,
  releaseDigest: `sha256:${'a'.repeat(64)}`,
  rolloutId,
});
const slot = (bundleId: string, more: Partial<Slot> = {}): Slot => ({
  ...wanted(bundleId),
  requestedGeneration: 1,
  ...more,
});

describe('slots', () => {
  // Inventory §7.29
  it('hold one version per bundle, and asking again is asking anew', () => {
    const one = withSlot([slot('a'), slot('b')], wanted('a', '2.0.0'), 7);
    expect(one).toEqual({
      kind: 'changed',
      slots: [slot('a', { version: '2.0.0', requestedGeneration: 7 }), slot('b')],
    });
    const again = withSlot([slot('a', { requestedGeneration: 7 })], wanted('a'), 8);
    expect(again).toMatchObject({ kind: 'changed', slots: [{ requestedGeneration: 8 }] });
  });

  // Inventory §7.28
  it('move a device from one bundle to another without mixing them up', () => {
    const both = withSlot([slot('a', { version: '3.0.0' })], wanted('b', '1.0.0'), 2);
    expect(both).toMatchObject({
      slots: [
        { bundleId: 'a', version: '3.0.0' },
        { bundleId: 'b', version: '1.0.0' },
      ],
    });
  });

  it('are limited in number', () => {
    const full = Array.from({ length: bundlesPerDeviceMax }, (_, index) => slot(`b${index}`));
    expect(withSlot(full, wanted('one-more'), 2).kind).toBe('too-many');
    expect(withSlot(full, wanted('b3'), 2).kind).toBe('changed');
  });

  it('are taken away, or left alone when they are not there', () => {
    expect(withoutSlot([slot('a')], 'a')).toEqual({ kind: 'changed', slots: [] });
    expect(withoutSlot([slot('a')], 'b')).toEqual({ kind: 'unchanged' });
  });

  it('come back word for word when a rollout is undone', () => {
    const rollout = { id: 'r', bundleId: 'a' };
    const before = slot('a', { version: '0.9.0', requestedGeneration: 3 });
    const during = slot('a', { rolloutId: 'r', requestedGeneration: 9 });
    expect(withRestoredSlot([during, slot('b')], rollout, before)).toEqual({
      kind: 'changed',
      slots: [before, slot('b')],
    });
    expect(withRestoredSlot([during], rollout, null)).toEqual({ kind: 'changed', slots: [] });
  });

  it('come back without the windows of the rollout that once brought them', () => {
    const during = slot('a', { rolloutId: 'r' });
    const before = slot('a', { rolloutId: 'q', windows: [[10, 20]] });
    expect(withRestoredSlot([during], { id: 'r', bundleId: 'a' }, before)).toEqual({
      kind: 'changed',
      slots: [slot('a', { rolloutId: 'q' })],
    });
  });

  it('of a later wish are not undone', () => {
    const later = slot('a', { rolloutId: 'another' });
    const rollout = { id: 'r', bundleId: 'a' };
    expect(withRestoredSlot([later], rollout, null)).toEqual({ kind: 'unchanged' });
    expect(withRestoredSlot([], rollout, slot('a'))).toEqual({ kind: 'unchanged' });
  });

  it('never hold a bundle twice, whatever is asked for in whatever order', () => {
    const act = fc.record({ bundle: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        let slots: Slot[] = [];
        for (const [index, { bundle, remove }] of acts.entries()) {
          const change = remove
            ? withoutSlot(slots, bundle)
            : withSlot(slots, wanted(bundle), index + 1);
          if (change.kind === 'changed') slots = change.slots;
          expect(new Set(slots.map(({ bundleId }) => bundleId)).size).toBe(slots.length);
          expect(slotOf(slots, bundle) === null).toBe(remove);
        }
      }),
    );
  });
});
