/** Whether a tenant may be deleted for good yet: suspended for long enough to be missed, or to be asked for. */

const dayMs = 86_400_000;
export const graceDays = 30;
/** Within it what was under way when the tenant was suspended has come to its end in every replica. */
const settledMs = 60_000;

/** `none`: whoever runs the cloud says that nobody comes back. */
export type Grace = 'full' | 'none';
export type MayDelete =
  | { kind: 'yes' }
  | { kind: 'not-suspended' }
  | { kind: 'grace'; leftDays: number }
  | { kind: 'settling' };

export const mayDelete = (suspendedAtMs: number | null, grace: Grace, nowMs: number): MayDelete => {
  if (suspendedAtMs === null) return { kind: 'not-suspended' };
  const untilMs = suspendedAtMs + graceDays * dayMs;
  if (grace === 'full' && nowMs < untilMs) {
    return { kind: 'grace', leftDays: Math.ceil((untilMs - nowMs) / dayMs) };
  }
  return nowMs < suspendedAtMs + settledMs ? { kind: 'settling' } : { kind: 'yes' };
};

/** What is the matter, and what to do. */
export const graceWords = (name: string, answer: MayDelete): [string, string] => {
  switch (answer.kind) {
    case 'not-suspended':
      return [
        `Tenant ${name} is not suspended.`,
        `Suspend it first: suspend-tenant --tenant ${name} --reason TEXT`,
      ];
    case 'grace':
      return [
        `Tenant ${name} may still come back: it is kept for ${answer.leftDays} more days.`,
        'Wait, or say that it does not: --before-grace-ends',
      ];
    case 'settling':
      return [`Tenant ${name} was suspended a moment ago.`, 'Try again in a minute.'];
    case 'yes':
      return [`Tenant ${name} may be deleted.`, 'Say --yes.'];
  }
};
