import { expect, test } from 'vitest';
import { graceMs, idleMsMax, renewalOf, sessionMsMax } from './session.ts';

const createdAtMs = 1_000_000;
const known = { generation: 5, createdAtMs, renewedAtMs: createdAtMs + 60_000 };
const now = known.renewedAtMs + graceMs;

test('the newest token renews, until the sign-in is too old', () => {
  expect(renewalOf(known, 5, now)).toEqual({
    ...{ kind: 'renewed', generation: 6, expiresAtMs: now + idleMsMax },
  });
  const late = createdAtMs + sessionMsMax - 1;
  expect(renewalOf(known, 5, late)).toMatchObject({ expiresAtMs: createdAtMs + sessionMsMax });
});

test('the one before it is taken for a moment; all others mean that two have it', () => {
  expect(renewalOf(known, 4, now)).toEqual({ kind: 'again' });
  expect(renewalOf(known, 4, now + 1)).toEqual({ kind: 'reused' });
  for (const generation of [1, 3, 6, 100]) {
    expect(renewalOf(known, generation, now)).toEqual({ kind: 'reused' });
  }
});
