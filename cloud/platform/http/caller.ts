/**
 * Who makes a request, and the guards that routes put before their handlers. The tenant is part
 * of the caller, so it comes from the credential and from nowhere else.
 */
import { createMiddleware } from 'hono/factory';
import type { Method } from '../identity/attempts.ts';
import type { Logger } from '../logging/log.ts';
import type { Author } from '../postgres/tenant.ts';
import { type ProblemCode, refusal } from './problem.ts';

export type Role = 'viewer' | 'operator' | 'admin';

/** A person who signed in, or a program by its service account. */
export type UserCaller = {
  kind: 'user';
  account: 'person' | 'service';
  /** The sign-in; programs have none. */
  sessionId: string | null;
  /** The token that a program sends; people have none. */
  tokenId: string | null;
  tenantId: string;
  userId: string;
  /** How they are called in the log: a person's address, `service-account:<name>`. */
  email: string;
  role: Role;
  /** The sites whose things they may see and change; null: of all. */
  sites: readonly string[] | null;
};
/** `approved` is false while a device waits for a person: such a device may only ask how it stands. */
export type DeviceCaller = {
  kind: 'device';
  tenantId: string;
  deviceId: string;
  approved: boolean;
  /** Nothing holds a device to a site but its id. */
  sites: null;
  proof: Method;
};
export type Caller = UserCaller | DeviceCaller;

export type Authentication =
  | { kind: 'none' }
  | { kind: 'refused'; code: ProblemCode; detail: string; next?: string }
  | { kind: 'known'; caller: Caller };

/** Of entity tags (./entity-tag.ts): what the request names, what the answer is, what was looked at. */
export type EntityTags = { ifMatch?: string; version?: string; held?: true };

/** What every handler finds on its context. */
export type ApiEnv = {
  Variables: {
    requestId: string;
    log: Logger;
    authentication: Authentication;
    /** The address of the client, for the audit log; null when unknown. */
    clientAddress: string | null;
    tags: EntityTags;
  };
};
export type UserEnv = ApiEnv & { Variables: { caller: UserCaller } };
export type DeviceEnv = ApiEnv & { Variables: { caller: DeviceCaller } };
export type CallerEnv = ApiEnv & { Variables: { caller: Caller } };

/** What a guard asks for, for whoever describes the routes. */
export type Access =
  | { kind: 'user'; role: Role; everySite: boolean; person: boolean }
  | { kind: 'both'; role: Role }
  | { kind: 'device'; role: 'approved' | 'pending' };

const accesses = new WeakMap<object, Access>();
const guarding = <G extends object>(access: Access, guard: G): G => {
  accesses.set(guard, access);
  return guard;
};
/** What a middleware asks for; undefined when it is no guard. */
export const accessOf = (middleware: object): Access | undefined => accesses.get(middleware);

const rank: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

const known = (authentication: Authentication | undefined): Caller => {
  switch (authentication?.kind) {
    case 'known':
      return authentication.caller;
    case 'refused':
      throw refusal(authentication.code, authentication.detail, {
        next: authentication.next ?? 'Sign in again.',
      });
    case 'none':
    case undefined:
      throw refusal('unauthenticated', 'This needs a sign-in, and the request carries none.', {
        next: 'Sign in, or send an Authorization header.',
      });
  }
};

/**
 * Lets users of at least this role in. `everySite`: what it guards belongs to no site, so whoever is
 * held to some sites may not do it; what belongs to sites Postgres holds to them (`withTenant`).
 * `person`: no program.
 */
export const requireUser = (
  role: Role,
  options: { everySite?: boolean; person?: boolean } = {},
) => {
  const { everySite = false, person = false } = options;
  const guard = createMiddleware<UserEnv>(async (c, next) => {
    const caller = known(c.var.authentication);
    if (caller.kind !== 'user' || rank[caller.role] < rank[role]) {
      throw refusal('forbidden', `This needs a user with the role ${role} or above.`);
    }
    if (everySite && caller.sites !== null) {
      throw refusal('forbidden', 'This needs a user who is not held to some sites.');
    }
    if (person && caller.account !== 'person') {
      throw refusal('forbidden', 'Only a person may do this.');
    }
    c.set('caller', caller);
    await next();
  });
  return guarding({ kind: 'user', role, everySite, person }, guard);
};

/**
 * Lets devices in: approved ones, or with `pending: true` those that still wait too; with
 * `ownKey: true` only those that prove a key which never left them, since an API key, which people
 * carry about, must not get another credential.
 */
export const requireDevice = (options: { pending?: boolean; ownKey?: boolean } = {}) => {
  const guard = createMiddleware<DeviceEnv>(async (c, next) => {
    const caller = known(c.var.authentication);
    if (caller.kind !== 'device') throw refusal('forbidden', 'Only a device may ask this.');
    if (!caller.approved && options.pending !== true) {
      throw refusal('forbidden', 'This device is not approved.', {
        next: 'Approve it in the console.',
      });
    }
    if (options.ownKey === true && caller.proof === 'api-key') {
      throw refusal('forbidden', 'An API key does not open this.', {
        next: 'The agent asks this by the device’s own signature.',
      });
    }
    c.set('caller', caller);
    await next();
  });
  return guarding({ kind: 'device', role: options.pending ? 'pending' : 'approved' }, guard);
};

/** Lets users of at least this role in, and approved devices. */
export const requireCaller = (role: Role) => {
  const guard = createMiddleware<CallerEnv>(async (c, next) => {
    const caller = known(c.var.authentication);
    const allowed = caller.kind === 'device' ? caller.approved : rank[caller.role] >= rank[role];
    if (!allowed) throw refusal('forbidden', `This needs an approved device or the role ${role}.`);
    c.set('caller', caller);
    await next();
  });
  return guarding({ kind: 'both', role }, guard);
};

/** Who acts, as the audit log writes it. */
export const actorOf = (caller: Caller): string =>
  caller.kind === 'device'
    ? `device:${caller.deviceId}`
    : caller.account === 'service'
      ? caller.email
      : `user:${caller.email}`;

/** On whose behalf a request changes something. */
export const authorOf = (variables: {
  caller: Caller;
  clientAddress: string | null;
  requestId: string;
}): Author => {
  const { caller, clientAddress: ip, requestId } = variables;
  const { tenantId, sites } = caller;
  return { tenantId, sites, actor: actorOf(caller), ip, requestId };
};
