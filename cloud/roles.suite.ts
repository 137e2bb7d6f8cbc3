/**
 * What every operation asks of who calls it, checked on each by its description: the role it names,
 * and that somebody who is held to another site sees and changes nothing.
 */
import { expect } from 'vitest';
import type { Call } from './calls.suite.ts';
import type { Answer, Operation } from './document.suite.ts';
import type { Request, Tenant } from './two-tenants.suite.ts';

type Ask = (operation: Operation, path: string, request: Request) => Promise<Answer>;

const rank = { viewer: 0, operator: 1, admin: 2 };
type Role = keyof typeof rank;

const leastOf = ({ description }: Operation): Role | undefined =>
  /Needs a user with the role (viewer|operator|admin) or above/.exec(
    description.description ?? '',
  )?.[1] as Role | undefined;

/** Lesser roles are refused; those that are enough are asked only where nothing changes. */
export const expectRoleHeld = async (
  operation: Operation,
  { path, body }: Call,
  tokens: Record<'viewer' | 'operator', string>,
  ask: Ask,
): Promise<void> => {
  const least = leastOf(operation);
  if (least === undefined) return;
  for (const role of ['viewer', 'operator'] as const) {
    const may = rank[role] >= rank[least];
    if (may && operation.method !== 'GET') continue;
    const { status } = await ask(operation, path, { token: tokens[role], body });
    const told = `${operation.key} as ${role}`;
    if (may) expect([401, 403], told).not.toContain(status);
    else expect([told, status]).toEqual([told, 403]);
  }
};

/** One's own account is of no site. */
const own = (key: string): boolean => key.includes(' /api/auth/');
/** Of no site and read by everybody. */
const shared = /^get \/api\/(bundles|groups|artifacts|tags|alert-rules)/;
/** Answer for each device by itself, or only judge. */
const judges = [
  'post /api/devices/bulk',
  'post /api/bundles/validate',
  'post /api/bundles/validate/compose',
  'post /api/bundles/image-tags',
];

export const expectSiteHeld = async (
  operation: Operation,
  { path, body, by }: Call,
  held: { token: string; ours: Tenant },
  ask: Ask,
): Promise<void> => {
  const { key, method } = operation;
  if (by !== 'user' || own(key)) return;
  const { device, second, third, pending, registration, rollout, alert, silence } = held.ours;
  const ids = [device, second, third].map(({ deviceId }) => deviceId);
  const marks = [...ids, ...pending, registration.id, rollout.id, alert, silence.id];
  const { status, text } = await ask(operation, path, { token: held.token, body });
  const told = `${key} → ${status}`;
  if (judges.includes(key)) return;
  if (status < 300) for (const mark of marks) expect(text.includes(mark), told).toBe(false);
  if (shared.test(key)) return;
  const lists = method === 'GET' && !operation.path.includes('{');
  expect(lists ? [200, 204, 403] : [403, 404], told).toContain(status);
};
