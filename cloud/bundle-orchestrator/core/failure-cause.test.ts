import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causeOf } from './failure-cause.ts';

describe('the cause of a failure', () => {
  it.each([
    [
      'Container 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11 exited with 137.',
      'Container 0a1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7caa exited with 137.',
    ],
    [`no image web@sha256:${'a'.repeat(64)}`, `no image web@sha256:${'b'.repeat(64)}`],
    ['dial tcp 10.0.0.7:5000: refused', 'dial tcp 192.168.1.20:5000: refused'],
    ['needs 1,234,567 bytes, 1048576 are free', 'needs 9,999 bytes, 20971520 are free'],
    ['at 2026-03-14T15:09:26Z: timeout', 'at 2027-01-01T00:00:00.123Z: timeout'],
    ['layer 3f2a99b1c0de is broken', 'layer 00ffee12ab34 is broken'],
    ['two\n  lines', 'two lines'],
  ])('%s = %s', (one, other) => {
    expect(causeOf(one)).toBe(causeOf(other));
  });

  it.each([
    ['The probe got 500.', 'The probe got 404.'],
    ['exited with 1', 'exited with 137'],
    ['no space left', 'no such image'],
  ])('%s ≠ %s', (one, other) => {
    expect(causeOf(one)).not.toBe(causeOf(other));
  });

  it('is short, and the same when asked again', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (reason) => {
        const cause = causeOf(reason);
        expect(cause.length).toBeLessThanOrEqual(200);
        expect(causeOf(reason)).toBe(cause);
      }),
    );
  });
});
