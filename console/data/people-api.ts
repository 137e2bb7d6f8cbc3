/** Accounts, their tokens and the audit log, as the console asks for them. */
import { ApiError, type Ask } from './request.ts';
import type {
  AuditEntry,
  AuditFilter,
  IdentityProvider,
  Invitation,
  Person,
  ProviderCheck,
  Role,
  ServiceAccount,
  SignInChoices,
  SignInSession,
} from './types.ts';

const segment = encodeURIComponent;

export const peopleApi = (ask: Ask) => ({
  people: async () => (await ask<{ users: Person[] }>('GET', '/api/users')).users,
  changePerson: (
    read: Person,
    change: { role?: Role; sites?: string[] | null; disabled?: boolean },
  ) =>
    ask<Person>('PATCH', `/api/users/${segment(read.id)}`, change, {
      ...{ read, target: `user:${read.id}` },
    }),
  removePerson: (id: string) => ask<null>('DELETE', `/api/users/${segment(id)}`),
  resetSecondFactor: (id: string) => ask<null>('DELETE', `/api/users/${segment(id)}/totp`),
  invitations: async () =>
    (await ask<{ invitations: Invitation[] }>('GET', '/api/users/invitations')).invitations,
  invite: (wish: { email: string; role: Role; sites: string[] | null }) =>
    ask<Invitation & { link: string }>('POST', '/api/users/invitations', wish),
  withdrawInvitation: (id: string) => ask<null>('DELETE', `/api/users/invitations/${segment(id)}`),
  acceptInvitation: (wish: { secret: string; name: string; password: string }) =>
    ask<unknown>('POST', '/api/auth/invitation', wish),
  signUp: (email: string) => ask<null>('POST', '/api/auth/sign-up', { email }),
  confirmSignUp: (wish: { secret: string; tenantName: string; name: string; password: string }) =>
    ask<unknown>('POST', '/api/auth/sign-up/confirmation', wish),
  providers: () => ask<SignInChoices>('GET', '/api/auth/providers'),
  /** Null where there is none yet. */
  provider: async (): Promise<IdentityProvider | null> => {
    try {
      return await ask<IdentityProvider>('GET', '/api/identity-provider');
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  },
  saveProvider: (
    read: IdentityProvider,
    wish: Omit<IdentityProvider, 'hasSecret'> & { clientSecret?: string | null },
    tenantId: string,
  ) =>
    ask<IdentityProvider>('PUT', '/api/identity-provider', wish, {
      ...{ read, target: `tenant:${tenantId}` },
    }),
  removeProvider: () => ask<null>('DELETE', '/api/identity-provider'),
  checkProvider: (issuer: string) =>
    ask<ProviderCheck>('POST', '/api/identity-provider/check', { issuer }),
  serviceAccounts: async () =>
    (await ask<{ serviceAccounts: ServiceAccount[] }>('GET', '/api/service-accounts'))
      .serviceAccounts,
  createServiceAccount: (wish: { name: string; role: Role; sites: string[] | null }) =>
    ask<ServiceAccount>('POST', '/api/service-accounts', wish),
  removeServiceAccount: (id: string) => ask<null>('DELETE', `/api/service-accounts/${segment(id)}`),
  createServiceToken: (id: string, validityDays: number) =>
    ask<{ token: string }>('POST', `/api/service-accounts/${segment(id)}/tokens`, { validityDays }),
  revokeServiceToken: (id: string, tokenId: string) =>
    ask<null>('DELETE', `/api/service-accounts/${segment(id)}/tokens/${segment(tokenId)}`),
  changePassword: (password: string, newPassword: string) =>
    ask<null>('POST', '/api/auth/password', { password, newPassword }),
  proposeTotp: (password: string) =>
    ask<{ secret: string; uri: string }>('POST', '/api/auth/totp', { password }),
  confirmTotp: async (code: string) =>
    (await ask<{ recoveryCodes: string[] }>('POST', '/api/auth/totp/confirmation', { code }))
      .recoveryCodes,
  removeTotp: (password: string) => ask<null>('POST', '/api/auth/totp/removal', { password }),
  sessions: async () =>
    (await ask<{ sessions: SignInSession[] }>('GET', '/api/auth/sessions')).sessions,
  endSession: (id: string) => ask<null>('DELETE', `/api/auth/sessions/${segment(id)}`),
  audit: (filter: AuditFilter, cursor: string | null) => {
    const query = new URLSearchParams({ limit: '50' });
    for (const [name, value] of Object.entries(filter)) if (value !== '') query.set(name, value);
    if (cursor !== null) query.set('cursor', cursor);
    return ask<{ entries: AuditEntry[]; nextCursor: string | null }>('GET', `/api/audit?${query}`);
  },
  verifyAudit: (from: number) =>
    ask<{
      checked: number;
      faults: { kind: string; entryId: number | null }[];
      next: number | null;
    }>('GET', `/api/audit/verification?from=${from}`),
});
