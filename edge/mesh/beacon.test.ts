import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBeacon, sealBeacon } from './beacon.ts';

const content = { device: '4b6f1f2e-7c0d-4a68-9a3e-6f1f0f6e1a11', port: 8_481 };
const [key, next] = [randomBytes(32), randomBytes(32)];

describe('a beacon', () => {
  test('is read by who holds the site key, also while it is being changed', () => {
    const bytes = sealBeacon(content, key);
    expect(bytes.byteLength).toBeLessThan(200);
    expect(openBeacon(bytes, [key])).toEqual(content);
    expect(openBeacon(bytes, [next, key])).toEqual(content);
    expect(openBeacon(bytes, [next])).toBeNull();
    expect(openBeacon(bytes, [])).toBeNull();
  });

  test('is nothing once any bit of it is changed', () => {
    const bytes = sealBeacon(content, key);
    fc.assert(
      fc.property(fc.nat(bytes.byteLength * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(openBeacon(changed, [key])).toBeNull();
      }),
    );
  });

  test('no bytes at all make it fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(openBeacon(bytes, [key])).toBeNull();
      }),
    );
  });
});
