/**
 * What a wish makes of a channel: its settings apart from its secrets. A secret that the wish leaves
 * out stays only where it went before, so that nobody gets one sent to an address of their own.
 */
import { type FieldError, refusal } from '@signalbeam/platform/http/problem';
import { isAllowedUrl, type Reach } from '@signalbeam/platform/outside/reach';
import type { ChannelWishBody } from '../api/channel-schemas.ts';
import type { Target } from './channel.ts';
import { newSigningKey } from './signature.ts';

const wrong = (path: string, message: string) => {
  const errors: FieldError[] = [{ path: `settings.${path}`, message }];
  return refusal(
    'invalid-request',
    'The settings of the channel are not complete or not allowed.',
    {
      errors,
    },
  );
};

const allowed = (text: string, reach: Reach): URL => {
  const url = new URL(text);
  if (!isAllowedUrl(url, reach))
    throw wrong('url', 'must begin with https:// and hold no password');
  return url;
};

/** A URL that is a secret: the new one, or the one that is there. */
const secretUrl = (given: string | undefined, before: Target | null, reach: Reach): URL => {
  const kept = before !== null && 'url' in before.secrets ? before.secrets.url : undefined;
  const text = given ?? kept;
  if (text === undefined) throw wrong('url', 'is needed');
  return allowed(text, reach);
};

const emailOf = (wish: ChannelWishBody & { kind: 'email' }, before: Target | null): Target => {
  const { password: given, ...settings } = wish.settings;
  if (settings.username === null) {
    return { kind: 'email', settings, secrets: { password: null } };
  }
  const same =
    before?.kind === 'email' &&
    before.settings.host === settings.host &&
    before.settings.port === settings.port &&
    before.settings.security === settings.security &&
    before.settings.username === settings.username;
  const password = given ?? (same ? before.secrets.password : null);
  if (password === null) throw wrong('password', 'is needed for this server and user name');
  return { kind: 'email', settings, secrets: { password } };
};

const pagerdutyOf = (
  wish: ChannelWishBody & { kind: 'pagerduty' },
  before: Target | null,
  reach: Reach,
): Target => {
  const { url, routingKey: given } = wish.settings;
  allowed(url, reach);
  const same = before?.kind === 'pagerduty' && before.settings.url === url;
  const routingKey = given ?? (same ? before.secrets.routingKey : undefined);
  if (routingKey === undefined) throw wrong('routingKey', 'is needed for this address');
  return { kind: 'pagerduty', settings: { url }, secrets: { routingKey } };
};

/** `before` is the same channel as it is; null: there is none yet. Throws `invalid-request`. */
export const targetOf = (wish: ChannelWishBody, before: Target | null, reach: Reach): Target => {
  switch (wish.kind) {
    case 'email':
      return emailOf(wish, before);
    case 'pagerduty':
      return pagerdutyOf(wish, before, reach);
    case 'slack':
    case 'teams': {
      const { href, origin } = secretUrl(wish.settings.url, before, reach);
      return { kind: wish.kind, settings: { origin }, secrets: { url: href } };
    }
    case 'webhook': {
      const { href, origin } = secretUrl(wish.settings.url, before, reach);
      const keys =
        before?.kind === 'webhook' ? before.secrets.keys : [{ key: newSigningKey(), until: null }];
      return { kind: 'webhook', settings: { origin }, secrets: { url: href, keys } };
    }
  }
};
