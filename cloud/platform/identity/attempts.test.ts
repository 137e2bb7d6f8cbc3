/** Attempts are counted, not listed: a flood takes no more room than one. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Attempt, createAttemptCounts } from './attempts.ts';

const attempt = (more: Partial<Attempt> = {}): Attempt => ({
  tenantId: 't',
  deviceId: 'd',
  method: 'api-key',
  outcome: 'invalid',
  ip: '10.0.0.1',
  userAgent: 'curl/8',
  ...more,
});
const noon = Date.UTC(2026, 10, 27, 12);

// Inventory §7.5
it('counts a flood in one row an hour, with the last address', () => {
  const counts = createAttemptCounts();
  for (let nth = 0; nth < 10_000; nth += 1)
    counts.note(attempt({ ip: `10.0.0.${nth % 200}` }), noon + nth);
  counts.note(attempt({ userAgent: 'x'.repeat(5_000) }), noon + 3_600_000);
  const taken = counts.take();
  expect(taken.counts).toMatchObject([
    { attempts: 10_000, firstAtMs: noon, lastAtMs: noon + 9_999, ip: '10.0.0.199', hourMs: noon },
    { attempts: 1, hourMs: noon + 3_600_000 },
  ]);
  expect(taken.counts[1]?.userAgent).toHaveLength(200);
  expect(counts.take()).toEqual({ counts: [], used: [], dropped: 0 });
});

it('holds no more than it may, and says how many it dropped', () => {
  const counts = createAttemptCounts(100);
  for (let nth = 0; nth < 150; nth += 1) {
    counts.note(
      attempt({ deviceId: randomUUID(), outcome: 'accepted', apiKeyId: randomUUID() }),
      noon,
    );
  }
  const taken = counts.take();
  expect([taken.counts.length, taken.used.length, taken.dropped]).toEqual([100, 100, 50]);
});

it('remembers when a key was used last', () => {
  const counts = createAttemptCounts();
  counts.note(attempt({ outcome: 'accepted', apiKeyId: 'k' }), noon);
  counts.note(attempt({ outcome: 'accepted', apiKeyId: 'k' }), noon + 5);
  expect(counts.take().used).toEqual([['k', noon + 5]]);
});
