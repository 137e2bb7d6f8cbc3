/** Sessions by a grant end with it, or at once when it is taken back. */
import { expect, test } from 'vitest';
import { createSessions } from './sessions.ts';

const hourMs = 3_600_000;

test('a session ends with its grant, or after a shift, whichever is first', () => {
  let now = 0;
  const sessions = createSessions(() => now);
  const short = sessions.open({ grantId: 'g', name: 'Ada', expiresAtMs: hourMs });
  const long = sessions.open({ grantId: 'h', name: 'Grace', expiresAtMs: 99 * hourMs });
  expect([short.expiresAt, long.expiresAt]).toEqual([hourMs, 8 * hourMs]);
  expect(sessions.holder(short.token)).toBe('Ada');
  now = hourMs;
  expect(sessions.expiry(short.token)).toBeNull();
  expect(sessions.expiry(long.token)).toBe(8 * hourMs);
});

test('one that is taken back ends its sessions, and no others, for good', () => {
  const revoked = new Set<string>();
  const sessions = createSessions(
    () => 0,
    (grantId) => revoked.has(grantId),
  );
  const [one, other] = ['g', 'h'].map((grantId) =>
    sessions.open({ grantId, name: grantId, expiresAtMs: hourMs }),
  );
  const byCode = sessions.open();
  revoked.add('g');
  expect(sessions.expiry(one?.token)).toBeNull();
  revoked.clear();
  expect(sessions.expiry(one?.token)).toBeNull();
  expect(sessions.expiry(other?.token)).toBe(hourMs);
  expect(sessions.expiry(byCode.token)).not.toBeNull();
});
