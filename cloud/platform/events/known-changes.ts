/**
 * Domain events of tenants, and of what the audit log tells: groups, sites, people, tokens, keys,
 * rules of alerts, silences, channels, secrets, what is kept. By the action of the audit's line. What has events of its own, with the facts its consumers need
 * (devices, bundles, rollouts, …), is not here. Only who and which: whoever hears of it asks the API.
 */
import { siteName } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { actor, type EventDefinition, examples, text, time } from './define.ts';

const data = z.object({ id: text(400), actor });

const change = <Type extends string>(type: Type, subject: string, says: string) => ({
  ...{ type, subject: `signalbeam.${subject}`, version: 1, says, data },
  example: { id: examples.other, actor: examples.actor },
});

/** By the action that the audit log writes. */
export const auditedChanges = {
  'group.create': change('group.created', 'devices.groups.created', 'A group was made.'),
  'group.change': change(
    'group.changed',
    'devices.groups.changed',
    "A group's name, description or query is another.",
  ),
  'group.delete': change(
    'group.deleted',
    'devices.groups.deleted',
    'A group is gone; its devices stay.',
  ),
  'site.create': change('site.created', 'devices.sites.created', 'A site was made.'),
  'site.rename': change('site.renamed', 'devices.sites.renamed', 'A site has another title.'),
  'site.change-windows': change(
    'site.changed-windows',
    'devices.sites.changed-windows',
    'A site has other maintenance windows.',
  ),
  'site.delete': change('site.deleted', 'devices.sites.deleted', 'A site is gone.'),
  'site.grant': change('site.granted', 'devices.sites.granted', 'A technician may work at a site.'),
  'site.revoke-grant': change('site.revoked-grant', 'devices.sites.revoked-grant', 'That ended.'),
  'registration-token.create': change(
    'registration-token.created',
    'devices.registration-tokens.created',
    'A registration token was made.',
  ),
  'registration-token.revoke': change(
    'registration-token.revoked',
    'devices.registration-tokens.revoked',
    'A registration token no longer counts.',
  ),
  'api-key.create': change(
    'api-key.created',
    'devices.api-keys.created',
    'A device has a new API key.',
  ),
  'api-key.revoke': change(
    'api-key.revoked',
    'devices.api-keys.revoked',
    'An API key no longer counts.',
  ),
  'certificate.issue': change(
    'certificate.issued',
    'devices.certificates.issued',
    'A device got a certificate; `device.certificate-issued` says which.',
  ),
  'certificate.revoke': change(
    'certificate.revoked',
    'devices.certificates.revoked',
    'A certificate no longer counts; `device.certificate-revoked` says which.',
  ),
  'user.create': change('user.created', 'users.created', 'A person may sign in.'),
  'user.change': change(
    'user.changed',
    'users.changed',
    "A person's name, role or sites are others, or they may no longer sign in.",
  ),
  'user.link': change(
    'user.linked',
    'users.linked',
    'A person is known to the identity provider from now on.',
  ),
  'user.delete': change('user.deleted', 'users.deleted', 'A person is gone.'),
  'user.sign-in': change('user.signed-in', 'users.signed-in', 'A person signed in.'),
  'user.sign-out': change('user.signed-out', 'users.signed-out', 'A person signed out.'),
  'user.end-session': change(
    'user.ended-session',
    'users.ended-session',
    'A person ended a session of theirs.',
  ),
  'user.end-stolen-session': change(
    'user.ended-stolen-session',
    'users.ended-stolen-session',
    'A refresh token was used twice: its session was ended.',
  ),
  'user.change-password': change(
    'user.changed-password',
    'users.changed-password',
    'A person has another password.',
  ),
  'user.propose-totp': change(
    'user.proposed-totp',
    'users.proposed-totp',
    'A person begins to set up a second factor.',
  ),
  'user.confirm-totp': change(
    'user.confirmed-totp',
    'users.confirmed-totp',
    'A person has a second factor.',
  ),
  'user.remove-totp': change(
    'user.removed-totp',
    'users.removed-totp',
    'A person gave their second factor up.',
  ),
  'user.reset-totp': change(
    'user.reset-totp',
    'users.reset-totp',
    "An admin took a person's second factor away.",
  ),
  'invitation.create': change(
    'invitation.created',
    'users.invitations.created',
    'Somebody was invited.',
  ),
  'invitation.withdraw': change(
    'invitation.withdrawn',
    'users.invitations.withdrawn',
    'An invitation no longer counts.',
  ),
  'invitation.accept': change(
    'invitation.accepted',
    'users.invitations.accepted',
    'Somebody took an invitation up.',
  ),
  'identity-provider.change': change(
    'identity-provider.changed',
    'users.identity-provider.changed',
    'People sign in by another identity provider, or by other rules.',
  ),
  'identity-provider.delete': change(
    'identity-provider.deleted',
    'users.identity-provider.deleted',
    'People sign in by no identity provider any more.',
  ),
  'service-account.create': change(
    'service-account.created',
    'users.service-accounts.created',
    'A service account was made.',
  ),
  'service-account.delete': change(
    'service-account.deleted',
    'users.service-accounts.deleted',
    'A service account is gone, with its tokens.',
  ),
  'service-token.create': change(
    'service-token.created',
    'users.service-tokens.created',
    'A service account has a new token.',
  ),
  'service-token.revoke': change(
    'service-token.revoked',
    'users.service-tokens.revoked',
    "A service account's token no longer counts.",
  ),
  'keys.rotate': change('keys.rotated', 'tenants.keys.rotated', 'A signing key was replaced.'),
  'keys.accept': change(
    'keys.accepted',
    'tenants.keys.accepted',
    "The tenant's own key set was taken over.",
  ),
  'alert-rule.create': change('alert-rule.created', 'alerts.rules.created', 'A rule was made.'),
  'alert-rule.change': change(
    'alert-rule.changed',
    'alerts.rules.changed',
    'A rule raises alerts for other causes, for others or not at all.',
  ),
  'alert-rule.reset': change(
    'alert-rule.reset',
    'alerts.rules.reset',
    'A rule that comes with the cloud is as it came.',
  ),
  'alert-rule.delete': change('alert-rule.deleted', 'alerts.rules.deleted', 'A rule is gone.'),
  'silence.create': change(
    'silence.created',
    'alerts.silences.created',
    'Alerts of some kind are kept quiet, now or from a time on.',
  ),
  'silence.change': change(
    'silence.changed',
    'alerts.silences.changed',
    'A silence is for others or for another time.',
  ),
  'silence.delete': change('silence.deleted', 'alerts.silences.deleted', 'A silence is gone.'),
  'notification-channel.create': change(
    'notification-channel.created',
    'alerts.channels.created',
    'A channel was made.',
  ),
  'notification-channel.change': change(
    'notification-channel.changed',
    'alerts.channels.changed',
    'A channel goes elsewhere, hears other things, or is on or off.',
  ),
  'notification-channel.rotate': change(
    'notification-channel.rotated',
    'alerts.channels.rotated',
    'A webhook is signed by another key.',
  ),
  'notification-channel.test': change(
    'notification-channel.tested',
    'alerts.channels.tested',
    'A person tried a channel.',
  ),
  'notification-channel.delete': change(
    'notification-channel.deleted',
    'alerts.channels.deleted',
    'A channel is gone.',
  ),
  'secret.create': change(
    'secret.created',
    'bundles.secrets.created',
    'A secret was stored. What it is, no event tells.',
  ),
  'secret.rotate': change(
    'secret.rotated',
    'bundles.secrets.rotated',
    'A secret has another value.',
  ),
  'secret.delete': change('secret.deleted', 'bundles.secrets.deleted', 'A secret is gone.'),
  'retention.edit': change(
    'retention.changed',
    'tenants.retention.changed',
    'What devices tell is kept for longer, or for less long.',
  ),
} satisfies Record<string, EventDefinition & { type: string }>;

export const tenantEvents = {
  'tenant.created': {
    subject: 'signalbeam.tenants.created',
    version: 1,
    says: 'A tenant was made, with its first administrator.',
    data: z.object({ name: text(200) }),
    example: { name: 'Example Works' },
  },
  'tenant.tier-changed': {
    subject: 'signalbeam.tenants.tier-changed',
    version: 1,
    says: 'A tenant has other limits.',
    data: z.object({ before: text(20), after: text(20) }),
    example: { before: 'free', after: 'paid' },
  },
  'tenant.suspended': {
    subject: 'signalbeam.tenants.suspended',
    version: 1,
    says: 'A tenant is kept out: its people, programs and devices are refused.',
    data: z.object({ reason: text(500) }),
    example: { reason: 'Invoice 2026-118 is open.' },
  },
  'tenant.resumed': {
    subject: 'signalbeam.tenants.resumed',
    version: 1,
    says: 'A tenant is suspended no more.',
    data: z.object({ suspendedAt: time }),
    example: { suspendedAt: examples.at },
  },
  'site.windows-changed': {
    subject: 'signalbeam.tenants.site-windows',
    version: 1,
    says: 'The maintenance windows of a site are those told.',
    data: z.object({
      site: siteName,
      windows: z
        .array(z.object({ cron: text(200), timeZone: text(100), minutes: z.int().min(1) }))
        .max(20),
    }),
    example: {
      site: 'plant-7',
      windows: [{ cron: '0 2 * * SAT', timeZone: 'Europe/Berlin', minutes: 120 }],
    },
  },
} satisfies Record<string, EventDefinition>;
