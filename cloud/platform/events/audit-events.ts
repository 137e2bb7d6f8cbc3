/**
 * Domain events of what the audit log tells: groups, sites, people, tokens, keys. What has events of
 * its own, with the facts its consumers need (devices, bundles, rollouts, …), is left to those. Only
 * who, what and which: whoever hears of it asks the API.
 */
import type { DomainEvent } from './outbox.ts';

export type AuditedChange = {
  tenantId: string;
  actor: string;
  /** `group.create` */
  action: string;
  /** `group:<id>` */
  target: string;
};

/** Of each kind that has no events of its own, the subject its events are under. */
const subjects: Record<string, string> = {
  group: 'signalbeam.devices.groups',
  site: 'signalbeam.devices.sites',
  'registration-token': 'signalbeam.devices.registration-tokens',
  'api-key': 'signalbeam.devices.api-keys',
  certificate: 'signalbeam.devices.certificates',
  user: 'signalbeam.users',
  invite: 'signalbeam.users.invites',
  'service-account': 'signalbeam.users.service-accounts',
  keys: 'signalbeam.tenants.keys',
};

/** `create` → `created`, `sign-in` → `signed-in`, `revoke` → `revoked`. */
const pastOf = (verb: string): string => {
  const [first = '', ...rest] = verb.split('-');
  const past = first.endsWith('e') ? `${first}d` : `${first}ed`;
  return [past, ...rest].join('-');
};

export const eventOfAudit = (change: AuditedChange): DomainEvent | null => {
  const { tenantId, actor, action, target } = change;
  const [, kind = '', verb = ''] = /^([a-z-]+)\.([a-z-]+)$/.exec(action) ?? [];
  const under = Object.hasOwn(subjects, kind) ? subjects[kind] : undefined;
  if (under === undefined) return null;
  const past = pastOf(verb);
  const id = target.slice(target.indexOf(':') + 1);
  return { tenantId, type: `${kind}.${past}`, subject: `${under}.${past}`, data: { id, actor } };
};
