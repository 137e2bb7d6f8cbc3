/**
 * A channel's settings, as they are kept: what may be shown, and secrets that rest sealed under the
 * key-encryption key with the channel's own id bound in. Whoever holds an open channel must not let
 * a secret out: `withoutSecrets` takes them out of what receivers say.
 */
import type { Kek } from '@signalbeam/platform/keys/kek';
import { z } from 'zod';

const email = z.strictObject({
  host: z.string(),
  port: z.int(),
  security: z.enum(['tls', 'starttls', 'none']),
  username: z.string().nullable(),
  from: z.string(),
  to: z.array(z.string()),
});
export type EmailSettings = z.infer<typeof email>;
/** Of addresses that are secrets only this much is shown. */
const origin = z.strictObject({ origin: z.string() });
const pagerduty = z.strictObject({ url: z.string() });
const urlSecret = z.strictObject({ url: z.string() });

/** Two are live while one takes over from the other. */
const signingKey = z.strictObject({ key: z.string(), until: z.number().nullable() });
export type SigningKey = z.infer<typeof signingKey>;

const kept = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('email'),
    settings: email,
    secrets: z.strictObject({ password: z.string().nullable() }),
  }),
  z.strictObject({ kind: z.literal('slack'), settings: origin, secrets: urlSecret }),
  z.strictObject({ kind: z.literal('teams'), settings: origin, secrets: urlSecret }),
  z.strictObject({
    kind: z.literal('pagerduty'),
    settings: pagerduty,
    secrets: z.strictObject({ routingKey: z.string() }),
  }),
  z.strictObject({
    kind: z.literal('webhook'),
    settings: origin,
    secrets: z.strictObject({ url: z.string(), keys: z.array(signingKey) }),
  }),
]);
/** With its secrets open. */
export type Target = z.infer<typeof kept>;

const contextOf = (of: { tenantId: string; id: string }): string =>
  `notification channel ${of.tenantId} ${of.id}`;

export const sealSecrets = (kek: Kek, of: { tenantId: string; id: string }, target: Target) =>
  kek.seal(Buffer.from(JSON.stringify(target.secrets)), contextOf(of));

export type KeptChannel = {
  id: string;
  tenantId: string;
  kind: string;
  settings: unknown;
  secretsSealed: Buffer;
};

/** Throws `kek-mismatch` when the channel was sealed under another key, or for another place. */
export const openTarget = (kek: Kek, channel: KeptChannel): Target => {
  const secrets = JSON.parse(kek.open(channel.secretsSealed, contextOf(channel)).toString());
  return kept.parse({ kind: channel.kind, settings: channel.settings, secrets });
};

const textsOf = (target: Target): string[] => {
  switch (target.kind) {
    case 'email':
      return target.secrets.password === null ? [] : [target.secrets.password];
    case 'slack':
    case 'teams': {
      const { pathname } = new URL(target.secrets.url);
      return [target.secrets.url, pathname];
    }
    case 'pagerduty':
      return [target.secrets.routingKey];
    case 'webhook': {
      const { pathname, search } = new URL(target.secrets.url);
      const keys = target.secrets.keys.map(({ key }) => key);
      return [target.secrets.url, `${pathname}${search}`, ...keys];
    }
  }
};

/** What a receiver said, for people who may not know its secrets; it may have repeated them. */
export const withoutSecrets = (target: Target, text: string): string =>
  textsOf(target)
    .filter((secret) => secret.length > 3)
    .flatMap((secret) => [secret, Buffer.from(secret).toString('base64')])
    .reduce((shown, secret) => shown.replaceAll(secret, '•••'), text);
