/**
 * Signatures of webhooks, as Standard Webhooks writes them (https://www.standardwebhooks.com): an
 * HMAC-SHA256 over id, time and body, one for each key that is live, so that a receiver can go from
 * one key to the next without a gap. docs/notifications.md shows how to verify one.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { SigningKey } from './channel.ts';

const prefix = 'whsec_';
/** How long the key before stays live once there is a new one. */
export const handoverMs = 24 * 3_600_000;

export const newSigningKey = (): string => `${prefix}${randomBytes(32).toString('base64')}`;

/** The new key, and the one before it for as long as a handover takes. */
export const rotated = (keys: readonly SigningKey[], key: string, now: number): SigningKey[] => {
  const [newest] = keys.filter(({ until }) => until === null);
  return [
    { key, until: null },
    ...(newest === undefined ? [] : [{ key: newest.key, until: now + handoverMs }]),
  ];
};

const signWith = (key: string, signed: string): string =>
  createHmac('sha256', Buffer.from(key.slice(prefix.length), 'base64'))
    .update(signed)
    .digest('base64');

export const signatureHeaders = (
  keys: readonly SigningKey[],
  message: { id: string; body: string },
  now: number,
): Record<string, string> => {
  const seconds = Math.floor(now / 1_000);
  const signed = `${message.id}.${seconds}.${message.body}`;
  const live = keys.filter(({ until }) => until === null || until > now);
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': live.map(({ key }) => `v1,${signWith(key, signed)}`).join(' '),
  };
};
