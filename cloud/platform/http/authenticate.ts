/**
 * Turns a request's credential into a caller, once, before any handler. A request without one goes
 * on as nobody; guards (./caller.ts) decide what each route needs. A cookie counts for unsafe
 * methods only from our own origin, so no other site can act with it.
 */
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Method, NoteAttempt, Outcome } from '../identity/attempts.ts';
import type { DeviceIdentity, DeviceLookups, Found } from '../identity/devices.ts';
import { type ServiceTokenLookup, serviceCaller } from '../identity/service-accounts.ts';
import type { SessionLookup } from '../identity/sessions.ts';
import {
  claimedDeviceOf,
  claimedTenantOf,
  deviceTokenType,
  tokenTypeOf,
  verifyDeviceToken,
  verifyUserToken,
} from '../identity/tokens.ts';
import type { ApiEnv, Authentication } from './caller.ts';
import { type ClientCertificate, clientCertificateOf } from './client-certificate.ts';
import { deletedWords, suspendedWords } from './problem.ts';

export const sessionCookie = 'sb_session';
/** Sent to `/api/auth` only. */
export const refreshCookie = 'sb_refresh';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type AuthenticatorOptions = {
  userKeys: readonly { keyId: string; publicKey: string }[];
  devices: DeviceLookups;
  /** Asked at every request, so that signing out and losing a role take effect at once. */
  sessions: SessionLookup;
  serviceTokens: ServiceTokenLookup;
  /** Where people reach the console; unsafe requests by cookie must come from it (or from the
   * address they were sent to). */
  publicUrl: string | null;
  /** Whether X-Forwarded-Host is our own proxy's word. */
  trustedProxy?: boolean;
  /** Hears how every device that can be named proved itself, or failed to. */
  note?: NoteAttempt;
  now: () => number;
};

/** What a request shows, whatever its path. */
type Shown = {
  method: string;
  cookie: string | undefined;
  certificate: ClientCertificate | null;
  ip: string | null;
  header: (name: string) => string | undefined;
};

const invalid: Authentication = {
  kind: 'refused',
  code: 'invalid-token',
  detail: 'The credential is not valid.',
};

const expired: Authentication = {
  kind: 'refused',
  code: 'expired-token',
  detail: 'The credential has expired.',
};

/** Who proved themselves learn why; whoever did not learns nothing of the tenant. */
const suspended = (suspension: string): Authentication => ({
  kind: 'refused',
  ...suspendedWords(suspension),
});

/** For who can't be looked up: there may be nobody left of the tenant that it names. */
const unknownOf = async (
  tenantId: string | null,
  { devices }: AuthenticatorOptions,
): Promise<Authentication> =>
  tenantId !== null && (await devices.isDeletedTenant(tenantId))
    ? { kind: 'refused', ...deletedWords }
    : invalid;

/** Says who it is, and notes the attempt. */
const judge = (
  device: DeviceIdentity,
  proof: { method: Method; state: Found['state'] | 'invalid'; apiKeyId?: string | undefined },
  shown: Shown,
  options: AuthenticatorOptions,
): Authentication => {
  const { tenantId, deviceId, registrationStatus } = device;
  const { method, state, apiKeyId } = proof;
  const isOut = registrationStatus === 'rejected' || registrationStatus === 'removed';
  const outcome: Outcome = state !== 'live' ? state : isOut ? registrationStatus : 'accepted';
  options.note?.({
    ...{ tenantId, deviceId, method, outcome, ip: shown.ip },
    ...(apiKeyId === undefined ? {} : { apiKeyId }),
    userAgent: shown.header('user-agent') ?? null,
  });
  if (state !== 'live') return state === 'expired' ? expired : invalid;
  // By its own key a device that is out proves itself, so that it may learn that it is out (the
  // enrolment route); whoever holds another credential of it learns nothing.
  if (isOut && method !== 'signature') return invalid;
  if (device.suspension !== null) return suspended(device.suspension);
  const approved = registrationStatus === 'approved';
  const about = { tenantId, deviceId, approved, proof: method, sites: null };
  return { kind: 'known', caller: { kind: 'device', ...about } };
};

const byUserToken = async (
  token: string,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const verified = await verifyUserToken(token, options.userKeys, options.now());
  if (verified.kind === 'refused') {
    return { kind: 'refused', code: verified.code, detail: verified.reason };
  }
  const user = await options.sessions(verified.value.sessionId, options.now());
  if (user === null || user.userId !== verified.value.userId) {
    return { kind: 'refused', code: 'expired-token', detail: 'This sign-in was ended.' };
  }
  // Who the user is now, not who the token says they were when they signed in.
  const { sessionId } = verified.value;
  const { suspension, ...person } = user;
  if (suspension !== null) return suspended(suspension);
  return {
    kind: 'known',
    caller: { kind: 'user', account: 'person', sessionId, tokenId: null, ...person },
  };
};

const byServiceToken = async (
  token: string,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const account = await options.serviceTokens(token, options.now());
  if (account === null) return invalid;
  if (account.suspension !== null) return suspended(account.suspension);
  return { kind: 'known', caller: serviceCaller(account) };
};

const byDeviceToken = async (
  token: string,
  shown: Shown,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const claimed = claimedDeviceOf(token);
  const device = claimed === null ? null : await options.devices.byId(claimed);
  if (device === null) return unknownOf(claimedTenantOf(token), options);
  const verified = await verifyDeviceToken(token, device, options.now());
  if (verified.kind === 'verified') {
    return judge(device, { method: 'signature', state: 'live' }, shown, options);
  }
  const state = verified.code === 'expired-token' ? 'expired' : 'invalid';
  judge(device, { method: 'signature', state }, shown, options);
  return { kind: 'refused', code: verified.code, detail: verified.reason };
};

const byApiKey = async (
  apiKey: string,
  shown: Shown,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const tenantId = shown.header('x-tenant-id') ?? '';
  if (!uuid.test(tenantId)) return invalid;
  const found = await options.devices.byApiKey(apiKey, tenantId, options.now());
  if (found === null) return unknownOf(tenantId, options);
  const { device, ...rest } = found;
  return judge(device, { method: 'api-key', ...rest }, shown, options);
};

const byCertificate = async (
  certificate: ClientCertificate,
  shown: Shown,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  if (!certificate.isOurs) return invalid;
  const found = await options.devices.byCertificate(certificate, options.now());
  if (found === null) return invalid;
  return judge(found.device, { method: 'certificate', state: found.state }, shown, options);
};

const isSafe = (method: string): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method);

/** Whether the page that sent this is ours: its origin is our public one, or the address asked. */
const isOwnOrigin = (
  origin: string | undefined,
  host: string | undefined,
  publicUrl: string | null,
): boolean => {
  if (origin === undefined || !URL.canParse(origin)) return false;
  if (publicUrl !== null && new URL(publicUrl).origin === origin) return true;
  return host !== undefined && new URL(origin).host === host.toLowerCase();
};

const authenticateRequest = async (
  shown: Shown,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const { header, cookie, certificate } = shown;
  const bearer = header('authorization')?.match(/^Bearer ([\w.-]+)$/i)?.[1];
  if (bearer?.startsWith('sbs_') === true) return byServiceToken(bearer, options);
  if (bearer !== undefined) {
    return tokenTypeOf(bearer) === deviceTokenType
      ? byDeviceToken(bearer, shown, options)
      : byUserToken(bearer, options);
  }
  if (header('authorization') !== undefined) return invalid;
  const apiKey = header('x-api-key');
  if (apiKey !== undefined) return byApiKey(apiKey, shown, options);
  if (certificate !== null) return byCertificate(certificate, shown, options);
  if (cookie === undefined) return { kind: 'none' };
  const forwardedHost = options.trustedProxy === true ? header('x-forwarded-host') : undefined;
  const host = forwardedHost ?? header('host');
  if (!isSafe(shown.method) && !isOwnOrigin(header('origin'), host, options.publicUrl)) {
    return {
      kind: 'refused',
      code: 'foreign-origin',
      detail: 'This request came from another site than the console; it was not carried out.',
    };
  }
  return byUserToken(cookie, options);
};

export const createAuthenticator =
  (options: AuthenticatorOptions): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const shown: Shown = {
      method: c.req.method,
      cookie: getCookie(c, sessionCookie),
      certificate: clientCertificateOf(c.env),
      ip: c.var.clientAddress,
      header: (name) => c.req.header(name),
    };
    c.set('authentication', await authenticateRequest(shown, options));
    await next();
  };
