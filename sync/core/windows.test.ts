/** Windows as moments: open, closed until the next, or none left, however they are listed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Window, windowStateAt } from './windows.ts';

const windows: Window[] = [
  [100, 200],
  [10, 20],
];

test.each([
  [0, { kind: 'closed', opensAtMs: 10_000 }],
  [10_000, { kind: 'open' }],
  [19_999, { kind: 'open' }],
  [20_000, { kind: 'closed', opensAtMs: 100_000 }],
  [199_999, { kind: 'open' }],
  [200_000, { kind: 'past' }],
])('at %i ms', (now, state) => {
  expect(windowStateAt(windows, now)).toEqual(state);
});

test('no windows mean any time; an empty list means none', () => {
  expect(windowStateAt(undefined, 5)).toEqual({ kind: 'open' });
  expect(windowStateAt([], 5)).toEqual({ kind: 'past' });
});

test('whatever is listed, what is waited for is open when it comes, and nothing opens before', () => {
  const window = fc.tuple(fc.nat(50), fc.nat(50));
  fc.assert(
    fc.property(fc.array(window, { maxLength: 5 }), fc.nat(50), (listed, seconds) => {
      const state = windowStateAt(listed, seconds * 1_000);
      if (state.kind !== 'closed') return;
      expect(windowStateAt(listed, state.opensAtMs)).toEqual({ kind: 'open' });
      for (let at = seconds * 1_000; at < state.opensAtMs; at += 500)
        expect(windowStateAt(listed, at).kind).toBe('closed');
    }),
  );
});
