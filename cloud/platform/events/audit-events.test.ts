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
    ['alert-rule.reset', 'signalbeam.alerts.rules.reset'],
    ['silence.create', 'signalbeam.alerts.silences.created'],
    ['notification-channel.rotate', 'signalbeam.alerts.channels.rotated'],
    ['secret.rotate', 'signalbeam.bundles.secrets.rotated'],
    ['retention.edit', 'signalbeam.tenants.retention.changed'],
  ];
  for (const [action, subject] of told) expect(of(action, 'x:y')?.subject).toBe(subject);
});

it('says who and which alone, whatever the line of the log tells beside', () => {
  const line = { tenantId, actor: 'user:a@example.org', action: 'secret.create' };
  const told = eventOfAudit({ ...line, target: 'secret:7', ...{ after: { value: 'hush' } } });
  expect(told?.data).toEqual({ id: '7', actor: 'user:a@example.org' });
  expect(JSON.stringify(told)).not.toContain('hush');
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
