/**
 * Domain events of what the audit log tells, by its actions. A kind that has some must have one for
 * each of its actions: an action that was forgotten here is a bug, and is told as one.
 */
import { auditedChanges } from './known-changes.ts';
import type { DomainEvent } from './outbox.ts';

export type AuditedChange = {
  tenantId: string;
  actor: string;
  /** `group.create` */
  action: string;
  /** `group:<id>` */
  target: string;
};

const kindOf = (action: string): string => action.slice(0, action.indexOf('.'));
const kinds = new Set(Object.keys(auditedChanges).map(kindOf));

const isKnown = (action: string): action is keyof typeof auditedChanges =>
  Object.hasOwn(auditedChanges, action);

export const eventOfAudit = (change: AuditedChange): DomainEvent | null => {
  const { tenantId, actor, action, target } = change;
  if (!kinds.has(kindOf(action))) return null;
  if (!isKnown(action)) throw new Error(`the action ${action} has no event in known-changes.ts`);
  const { type, subject } = auditedChanges[action];
  return { tenantId, type, subject, data: { id: target.slice(target.indexOf(':') + 1), actor } };
};
