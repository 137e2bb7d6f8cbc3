/**
 * Sign-in elsewhere: the code flow of OpenID Connect with PKCE, state and nonce. What is asked for
 * and what comes back is openid-client's; here is who that makes somebody. An account is found by
 * issuer and subject, which never change hands; by its address only once, if the tenant allows it and
 * the provider verified the address. Discovery and keys are fetched afresh for each sign-in, so a
 * provider that rotates its keys needs nobody here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { refusal } from '@signalbeam/platform/http/problem';
import { holdQuotaOf } from '@signalbeam/platform/identity/quota';
import { fetchOutside } from '@signalbeam/platform/outside/ask';
import { createReach, isAllowedUrl, type Reach } from '@signalbeam/platform/outside/reach';
import { writeAudit } from '@signalbeam/platform/postgres/audit';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { parseJson } from '@signalbeam/sync/wire/shape';
import * as openid from 'openid-client';
import { z } from 'zod';
import type { Parts } from './api/parts.ts';
import { type Standing, standingOf } from './core/oidc-role.ts';
import { beginSignIn, type From, type Signed } from './sign-in.ts';
import {
  type IdentityProvider,
  insertAttempt,
  readProvider,
  takeAttempt,
} from './store/identity-providers.ts';
import {
  findForSignIn,
  findOidcPerson,
  insertUser,
  isKeeper,
  linkOidc,
  lockForChange,
  type Person,
  updateUser,
} from './store/users.ts';

export const callbackPath = '/api/auth/oidc/callback';
export const attemptMs = 10 * 60_000;
export const answerMsMax = 10_000;
/** Of its description, its keys or its tokens. */
export const answerBytesMax = 256 * 1024;

const refused = (reason: string, cause?: unknown) =>
  refusal('oidc-refused', reason, {
    ...(cause === undefined ? {} : { cause }),
    next: 'Try again, or ask an admin of the tenant.',
  });

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const attemptSchema = z.strictObject({ nonce: z.string(), verifier: z.string() });
export const secretContext = (tenantId: string): string => `oidc client ${tenantId}`;

const callbackUrl = (parts: Parts): URL => {
  const { publicUrl } = parts.config;
  if (publicUrl === null) {
    throw refusal('wrong-state', 'This service does not know its own address.', {
      next: 'Set SIGNALBEAM_PUBLIC_URL and start it again.',
    });
  }
  return new URL(callbackPath, publicUrl);
};

/** A tenant names its provider, and that names where its keys are: none of it leads inside. */
export const providerReach = ({ config }: Parts): Reach =>
  createReach(config.publicUrl, config.identityNetworks);

const discover = async (
  parts: Parts,
  provider: IdentityProvider,
): Promise<openid.Configuration> => {
  const issuer = new URL(provider.issuer);
  const reach = providerReach(parts);
  if (!isAllowedUrl(issuer, reach)) throw refused('The provider is not reached by TLS.');
  const secret =
    provider.secretSealed === null
      ? null
      : parts.kek.open(provider.secretSealed, secretContext(provider.tenantId)).toString();
  const configuration = await openid.discovery(
    issuer,
    provider.clientId,
    undefined,
    secret === null ? openid.None() : openid.ClientSecretPost(secret),
    {
      timeout: answerMsMax / 1_000,
      [openid.customFetch]: fetchOutside(reach, { msMax: answerMsMax, bytesMax: answerBytesMax }),
      execute: [
        openid.enableNonRepudiationChecks,
        ...(issuer.protocol === 'http:' ? [openid.allowInsecureRequests] : []),
      ],
    },
  );
  return configuration;
};

/** Where to send the browser, and the state that it must bring back. */
export const beginOidc = async (
  parts: Parts,
  tenantId: string,
): Promise<{ url: URL; state: string }> => {
  const redirect = callbackUrl(parts);
  const { system } = parts.pools;
  const provider = await readProvider(system, tenantId);
  if (provider === null) throw refusal('not-found', 'There is no such provider.');
  const configuration = await discover(parts, provider).catch((cause) => {
    throw refused('The provider does not answer as it should.', cause);
  });
  const state = randomBytes(32).toString('base64url');
  const nonce = openid.randomNonce();
  const verifier = openid.randomPKCECodeVerifier();
  const sealed = parts.kek.seal(
    Buffer.from(JSON.stringify({ nonce, verifier })),
    `oidc attempt ${tenantId}`,
  );
  const expiresAt = new Date(parts.now() + attemptMs);
  await insertAttempt(system, { stateHash: hashOf(state), tenantId, sealed, expiresAt });
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirect.href,
    scope: 'openid email profile',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  return { url, state };
};

type Claims = Readonly<Record<string, unknown>> & { sub: string };

const exchange = async (
  parts: Parts,
  provider: IdentityProvider,
  answer: { url: URL; state: string; nonce: string; verifier: string },
): Promise<Claims> => {
  try {
    const configuration = await discover(parts, provider);
    const tokens = await openid.authorizationCodeGrant(configuration, answer.url, {
      pkceCodeVerifier: answer.verifier,
      expectedState: answer.state,
      expectedNonce: answer.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('no claims');
    return claims;
  } catch (cause) {
    throw refused('The provider did not confirm this sign-in.', cause);
  }
};

const text = (value: unknown, lengthMax: number): string | null =>
  typeof value === 'string' && value.length > 0 && value.length <= lengthMax ? value : null;

type Sighting = { provider: IdentityProvider; claims: Claims; standing: Standing };

/** The account of this subject: known, linked by its address, or new. */
const findOrMake = async (sql: Sql, sighting: Sighting): Promise<{ id: string; how: string }> => {
  const { provider, claims, standing } = sighting;
  const { tenantId, issuer } = provider;
  const subject = { issuer, subject: claims.sub };
  const known = await findOidcPerson(sql, tenantId, subject);
  if (known !== null) return { id: known.id, how: 'known' };
  const email = text(claims['email'], 254);
  if (email === null) throw refused('The provider does not say your e-mail address.');
  const same = await findForSignIn(sql, email);
  if (same !== null) {
    const may = provider.linkByEmail && claims['email_verified'] === true && !same.linked;
    // Another tenant's account is as taken as one that may not be linked; neither is told apart.
    if (same.tenantId !== tenantId || !may) throw refused('This e-mail address is in use.');
    await linkOidc(sql, same.id, subject);
    return { id: same.id, how: 'linked' };
  }
  const name = text(claims['name'], 200) ?? email;
  const wish = { tenantId, email, name, ...standing, passwordHash: null };
  const made = await insertUser(sql, wish);
  if (made === null) throw refused('This e-mail address is in use.');
  await holdQuotaOf(sql, tenantId, 'users');
  await linkOidc(sql, made.id, subject);
  return { id: made.id, how: 'made' };
};

/** Role and sites follow the provider at each sign-in; the last admin of a tenant stays one. */
const follow = async (sql: Sql, id: string, { standing }: Sighting): Promise<object | null> => {
  const locked = await lockForChange(sql, id);
  if (locked === null) throw refused('This account is gone.');
  const { user, otherAdmins } = locked;
  const { role, sites } = standing;
  const same = user.role === role && JSON.stringify(user.sites) === JSON.stringify(sites);
  const next = { name: user.name, role, sites, disabledAt: user.disabledAt };
  if (same || (isKeeper(user) && !isKeeper(next) && otherAdmins === 0)) return null;
  await updateUser(sql, id, next);
  return { before: { role: user.role, sites: user.sites }, after: { role, sites } };
};

const admitPerson = async (sql: Sql, sighting: Sighting, from: From): Promise<Person> => {
  const { provider, claims } = sighting;
  const { tenantId, issuer } = provider;
  const { id, how } = await findOrMake(sql, sighting);
  const change = how === 'made' ? { after: sighting.standing } : await follow(sql, id, sighting);
  const person = await findOidcPerson(sql, tenantId, { issuer, subject: claims.sub });
  if (person === null || person.disabledAt !== null) throw refused('This account is disabled.');
  if (change !== null || how === 'linked') {
    const actions: Record<string, string> = { made: 'user.create', linked: 'user.link' };
    await writeAudit(sql, {
      ...{ tenantId, actor: `oidc:${issuer}`, ip: from.ip, requestId: from.requestId },
      action: actions[how] ?? 'user.change',
      target: `user:${id}`,
      ...(change ?? {}),
    });
  }
  return person;
};

/** `state` is what the browser kept since it was sent; the URL is where it came back. */
export const finishOidc = async (
  parts: Parts,
  answer: { query: URLSearchParams; state: string | undefined },
  from: From,
): Promise<Signed> => {
  const { query, state } = answer;
  // Not the browser that began it: somebody would be signed in to another one's account.
  if (state === undefined || query.get('state') !== state) {
    throw refused('This sign-in was not begun in this browser, or too long ago.');
  }
  const { system } = parts.pools;
  const attempt = await takeAttempt(system, hashOf(state), new Date(parts.now()));
  if (attempt === null) throw refused('This sign-in was used already, or begun too long ago.');
  const { tenantId } = attempt;
  const opened = parts.kek.open(attempt.sealed, `oidc attempt ${tenantId}`);
  const kept = parseJson(opened, attemptSchema, 4_096);
  const provider = await readProvider(system, tenantId);
  if (kept.kind !== 'parsed' || provider === null) throw refused('The provider was taken away.');
  const url = callbackUrl(parts);
  url.search = query.toString();
  const claims = await exchange(parts, provider, { url, state, ...kept.value });
  const { roleClaim: claim, roleRules: rules, defaultRole } = provider;
  const standing = standingOf(claims, { claim, rules, defaultRole });
  if (standing === null) throw refused('The provider does not name you for this tenant.');
  return transaction(system, async (sql) => {
    const person = await admitPerson(sql, { provider, claims, standing }, from);
    return beginSignIn(sql, parts, person, { ...from, method: 'oidc' });
  });
};
