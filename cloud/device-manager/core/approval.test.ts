/** Every decision on every state, by table. */
import { expect, test } from 'vitest';
import { type Decision, decide, type RegistrationStatus } from './approval.ts';

test.each<[RegistrationStatus, Decision, string]>([
  ['pending', 'approve', 'changed to approved'],
  ['pending', 'reject', 'changed to rejected'],
  ['approved', 'approve', 'unchanged'],
  ['approved', 'reject', 'refused'],
  ['rejected', 'approve', 'changed to approved'],
  ['rejected', 'reject', 'unchanged'],
])('a device that is %s, asked to %s: %s', (status, decision, outcome) => {
  const decided = decide(status, decision);
  const text = decided.kind === 'changed' ? `changed to ${decided.status}` : decided.kind;
  expect(text).toBe(outcome);
});
