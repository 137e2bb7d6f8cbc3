import { expect, it } from 'vitest';
import { eventOfAudit } from './audit-events.ts';

const tenantId = '00000000-0000-4000-8000-000000000001';
const of = (action: string, target: string) =>
  eventOfAudit({ tenantId, actor: 'user:a@example.org', action, target });

it('is told under the subject of its kind, by what became of it', () => {
  expect(of('group.create', 'group:7')).toEqual({
    tenantId,
    type: 'group.created',
    subject: 'signalbeam.devices.groups.created',
    data: { id: '7', actor: 'user:a@example.org' },
  });
  const told: [string, string][] = [
    ['site.rename', 'signalbeam.devices.sites.renamed'],
    ['site.change-windows', 'signalbeam.devices.sites.changed-windows'],
    ['group.delete', 'signalbeam.devices.groups.deleted'],
    ['registration-token.revoke', 'signalbeam.devices.registration-tokens.revoked'],
    ['user.sign-in', 'signalbeam.users.signed-in'],
    ['invitation.accept', 'signalbeam.users.invitations.accepted'],
  ];
  for (const [action, subject] of told) expect(of(action, 'x:y')?.subject).toBe(subject);
});

it('is left to those that tell more, and is nothing for words that are none', () => {
  for (const action of [
    'device.approve',
    'rollout.start',
    'constructor.create',
    'group',
    'a.b.c',
  ]) {
    expect(of(action, 'x:y')).toBeNull();
  }
});

it('is never forgotten: an action of a kind that has events must have one', () => {
  expect(() => of('group.explode', 'group:7')).toThrow('group.explode has no event');
});
