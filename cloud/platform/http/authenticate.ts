/**
 * Turns a request's credential into a caller, once, before any handler. A request without one goes
 * on as nobody; guards (./caller.ts) decide what each route needs. A cookie counts for unsafe
 * methods only from our own origin, so no other site can act with it.
 */
import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { DeviceIdentity, DeviceLookups } from '../identity/devices.ts';
import { type ServiceTokenLookup, serviceCaller } from '../identity/service-accounts.ts';
import type { SessionLookup } from '../identity/sessions.ts';
import {
  claimedDeviceOf,
  deviceTokenType,
  tokenTypeOf,
  verifyDeviceToken,
  verifyUserToken,
} from '../identity/tokens.ts';
import type { ApiEnv, Authentication } from './caller.ts';

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
  now: () => number;
};

const invalid: Authentication = {
  kind: 'refused',
  code: 'invalid-token',
  detail: 'The credential is not valid.',
};

const known = (device: DeviceIdentity | null): Authentication =>
  device === null || device.registrationStatus === 'rejected'
    ? invalid
    : {
        kind: 'known',
        caller: {
          kind: 'device',
          tenantId: device.tenantId,
          deviceId: device.deviceId,
          approved: device.registrationStatus === 'approved',
          sites: null,
        },
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
  return { kind: 'known', caller: { kind: 'user', account: 'person', sessionId, ...user } };
};

const byServiceToken = async (
  token: string,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const account = await options.serviceTokens(token, options.now());
  return account === null ? invalid : { kind: 'known', caller: serviceCaller(account) };
};

const byDeviceToken = async (
  token: string,
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const claimed = claimedDeviceOf(token);
  const device = claimed === null ? null : await options.devices.byId(claimed);
  if (device === null) return invalid;
  const verified = await verifyDeviceToken(token, device, options.now());
  // A rejected device proved itself, so it may learn that it was rejected (the enrolment route).
  if (verified.kind === 'verified') {
    const { tenantId, deviceId, registrationStatus } = device;
    const approved = registrationStatus === 'approved';
    return { kind: 'known', caller: { kind: 'device', tenantId, deviceId, approved, sites: null } };
  }
  return { kind: 'refused', code: verified.code, detail: verified.reason };
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
  header: (name: string) => string | undefined,
  request: { method: string; cookie: string | undefined },
  options: AuthenticatorOptions,
): Promise<Authentication> => {
  const bearer = header('authorization')?.match(/^Bearer ([\w.-]+)$/i)?.[1];
  if (bearer?.startsWith('sbs_') === true) return byServiceToken(bearer, options);
  if (bearer !== undefined) {
    return tokenTypeOf(bearer) === deviceTokenType
      ? byDeviceToken(bearer, options)
      : byUserToken(bearer, options);
  }
  if (header('authorization') !== undefined) return invalid;
  const apiKey = header('x-api-key');
  if (apiKey !== undefined) {
    const tenantId = header('x-tenant-id') ?? '';
    if (!uuid.test(tenantId)) return invalid;
    return known(await options.devices.byApiKey(apiKey, tenantId, options.now()));
  }
  if (request.cookie === undefined) return { kind: 'none' };
  const forwardedHost = options.trustedProxy === true ? header('x-forwarded-host') : undefined;
  const host = forwardedHost ?? header('host');
  if (!isSafe(request.method) && !isOwnOrigin(header('origin'), host, options.publicUrl)) {
    return {
      kind: 'refused',
      code: 'foreign-origin',
      detail: 'This request came from another site than the console; it was not carried out.',
    };
  }
  return byUserToken(request.cookie, options);
};

export const createAuthenticator =
  (options: AuthenticatorOptions): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const request = { method: c.req.method, cookie: getCookie(c, sessionCookie) };
    c.set(
      'authentication',
      await authenticateRequest((name) => c.req.header(name), request, options),
    );
    await next();
  };
