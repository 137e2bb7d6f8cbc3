/** Passwords and API keys at rest. */
import { describe, expect, it } from 'vitest';
import { apiKeyPrefix, createApiKey, matchesApiKey } from './api-keys.ts';
import { absentUserHash, checkPassword, createPassword, hashPassword } from './passwords.ts';

describe('a password', () => {
  it('matches its own hash only, and the hash does not show it', async () => {
    const password = createPassword();
    const hash = await hashPassword(password);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
    expect(hash).not.toContain(password);
    expect(await checkPassword(hash, password)).toBe(true);
    expect(await checkPassword(hash, `${password} `)).toBe(false);
    expect(await hashPassword(password)).not.toBe(hash);
  });

  it('matches no damaged hash, no absent user, and is not hashed when absurdly long', async () => {
    expect(await checkPassword('', 'x')).toBe(false);
    expect(await checkPassword('$argon2id$broken', 'x')).toBe(false);
    expect(await checkPassword(await absentUserHash(), '')).toBe(false);
    expect(await checkPassword(await hashPassword('x'.repeat(5000)), 'x'.repeat(5000))).toBe(false);
  });
});

describe('an API key', () => {
  // Inventory §7.2
  it('is found by its prefix and matches its own salted hash only', () => {
    const [one, two] = [createApiKey(), createApiKey()];
    expect(apiKeyPrefix(one.apiKey)).toBe(one.prefix);
    expect(matchesApiKey(one.apiKey, one)).toBe(true);
    expect(matchesApiKey(two.apiKey, one)).toBe(false);
    expect(matchesApiKey(one.apiKey, { salt: two.salt, hash: one.hash })).toBe(false);
    expect(one.hash.toString('hex')).not.toContain(one.apiKey);
  });

  it.each(['', 'sbk_', 'sbk_0123456789ab_short', "sbk_' OR 1=1", `x${createApiKey().apiKey}`])(
    'is not %j',
    (text) => {
      expect(apiKeyPrefix(text)).toBeNull();
      expect(matchesApiKey(text, createApiKey())).toBe(false);
    },
  );
});
