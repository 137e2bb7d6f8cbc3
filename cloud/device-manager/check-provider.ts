/**
 * Whether people could sign in with a provider, found out before it is trusted: what it says of
 * itself is read as a sign-in would read it, and what stands in the way is said in words. Nobody is
 * signed in, and nothing is kept.
 */
import { type Asked, askOutside } from '@signalbeam/platform/outside/ask';
import { findHost, isAllowedUrl, type Reach } from '@signalbeam/platform/outside/reach';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { answerBytesMax, answerMsMax } from './oidc.ts';

export const findingKinds = ['description', 'issuer', 'endpoints', 'flow', 'keys'] as const;
export type Finding = { what: (typeof findingKinds)[number]; ok: boolean; detail: string };

const address = z.string().max(2_000);
const descriptionSchema = z.looseObject({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
  response_types_supported: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()).optional(),
});
type Description = z.infer<typeof descriptionSchema>;
const keysSchema = z.looseObject({ keys: z.array(z.looseObject({})) });

const read = <T>(
  asked: Asked,
  schema: z.ZodType<T>,
): { kind: 'read'; value: T } | { kind: 'refused'; why: string } => {
  if (asked.kind === 'unreachable') return { kind: 'refused', why: asked.reason };
  const { status, body, cut } = asked.answer;
  if (status !== 200) return { kind: 'refused', why: `It answers HTTP ${status}.` };
  if (cut) return { kind: 'refused', why: `It is larger than ${answerBytesMax} bytes.` };
  const parsed = parseJson(body, schema, answerBytesMax);
  return parsed.kind === 'parsed'
    ? { kind: 'read', value: parsed.value }
    : { kind: 'refused', why: 'It is not what OpenID Connect describes.' };
};

const get = (url: URL, reach: Reach): Promise<Asked> =>
  askOutside({ url, method: 'GET', body: null, headers: { accept: 'application/json' } }, reach, {
    msMax: answerMsMax,
    bytesMax: answerBytesMax,
  });

/** Where we would ask it; null is what we may not or can't. */
const urlOf = (text: string, reach: Reach): URL | null => {
  const url = URL.parse(text);
  return url !== null && isAllowedUrl(url, reach) ? url : null;
};

const endpointsOf = async (description: Description, reach: Reach): Promise<Finding> => {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    const url = urlOf(description[name], reach);
    // People's browsers go to the first; only the others are ours to reach.
    const found =
      url === null || name === 'authorization_endpoint'
        ? null
        : await findHost(url.hostname, reach);
    const why = found?.kind === 'unreachable' ? found.reason : 'It is not reached by https.';
    if (url === null || found?.kind === 'unreachable') {
      return { what: 'endpoints', ok: false, detail: `${name} is ${description[name]}. ${why}` };
    }
  }
  return { what: 'endpoints', ok: true, detail: `Tokens come from ${description.token_endpoint}` };
};

const flowOf = (description: Description): Finding => {
  const { response_types_supported: types, code_challenge_methods_supported: methods } =
    description;
  if (types !== undefined && !types.includes('code')) {
    return { what: 'flow', ok: false, detail: 'It does not offer the code flow.' };
  }
  return methods === undefined || methods.includes('S256')
    ? { what: 'flow', ok: true, detail: 'The code flow, with PKCE' }
    : { what: 'flow', ok: false, detail: 'It does not offer PKCE with S256.' };
};

const keysOf = async (description: Description, reach: Reach): Promise<Finding> => {
  const url = urlOf(description.jwks_uri, reach);
  if (url === null)
    return { what: 'keys', ok: false, detail: 'Its keys are not reached by https.' };
  const found = read(await get(url, reach), keysSchema);
  if (found.kind === 'refused') return { what: 'keys', ok: false, detail: found.why };
  const { length } = found.value.keys;
  return { what: 'keys', ok: length > 0, detail: `${length} key${length === 1 ? '' : 's'}` };
};

/** One finding after the other; the first that fails may hide the rest. */
export const checkProvider = async (issuer: string, reach: Reach): Promise<Finding[]> => {
  const url = urlOf(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, reach);
  if (url === null) {
    return [{ what: 'description', ok: false, detail: 'The address must begin with https://.' }];
  }
  const found = read(await get(url, reach), descriptionSchema);
  if (found.kind === 'refused') {
    return [{ what: 'description', ok: false, detail: `${url.href}: ${found.why}` }];
  }
  const description = found.value;
  const same = description.issuer === issuer;
  return [
    { what: 'description', ok: true, detail: url.href },
    {
      what: 'issuer',
      ok: same,
      detail: same ? issuer : `It calls itself ${description.issuer}; write it exactly so.`,
    },
    await endpointsOf(description, reach),
    flowOf(description),
    await keysOf(description, reach),
  ];
};
