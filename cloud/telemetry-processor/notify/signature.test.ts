/** Signatures of webhooks, checked by the very code that docs/notifications.md gives to receivers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { handoverMs, newSigningKey, rotated, signatureHeaders } from './signature.ts';

type IsGenuine = (
  headers: Record<string, string>,
  body: string,
  key: string,
  now: number,
) => boolean;
let isGenuine: IsGenuine;

const now = 1_800_000_000_000;
const key = newSigningKey();
const body = '{"events":[]}';
const sign = (keys: Parameters<typeof signatureHeaders>[0], at = now) =>
  signatureHeaders(keys, { id: 'm1', body }, at);

beforeAll(async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/notifications.md'), 'utf8');
  const [, code = ''] = /^```js\n([\s\S]*?)^```/m.exec(page) ?? [];
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  isGenuine = (module as { isGenuine: IsGenuine }).isGenuine;
});

describe('the receiver that is described', () => {
  it('takes what is signed, and nothing that was changed on the way', () => {
    const headers = sign([{ key, until: null }]);
    expect(isGenuine(headers, body, key, now)).toBe(true);
    expect(isGenuine(headers, `${body} `, key, now)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-id': 'm2' }, body, key, now)).toBe(false);
    expect(isGenuine(headers, body, newSigningKey(), now)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-signature': 'v1,' }, body, key, now)).toBe(false);
    expect(isGenuine({}, body, key, now)).toBe(false);
  });

  it('takes nothing that is replayed later', () => {
    const headers = sign([{ key, until: null }]);
    expect(isGenuine(headers, body, key, now + 300_000)).toBe(true);
    expect(isGenuine(headers, body, key, now + 301_000)).toBe(false);
    expect(isGenuine(headers, body, key, now - 301_000)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-timestamp': 'soon' }, body, key, now)).toBe(false);
  });

  it('goes from one key to the next without a gap, and from there to a third', () => {
    const next = newSigningKey();
    const keys = rotated([{ key, until: null }], next, now);
    for (const known of [key, next]) expect(isGenuine(sign(keys), body, known, now)).toBe(true);
    const later = now + handoverMs;
    expect(isGenuine(sign(keys, later), body, key, later)).toBe(false);
    expect(isGenuine(sign(keys, later), body, next, later)).toBe(true);
    const third = newSigningKey();
    const live = rotated(keys, third, now).map((one) => one.key);
    expect(live).toEqual([third, next]);
  });
});
