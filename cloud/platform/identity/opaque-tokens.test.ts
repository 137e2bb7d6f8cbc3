/** Tokens that are no JWT: what is not exactly what was issued is none. */
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { kekFromBytes } from '../keys/kek.ts';
import { issueRefreshToken, readRefreshToken, refreshKey } from './refresh-tokens.ts';
import { serviceTokens } from './secret-tokens.ts';

describe('a refresh token', () => {
  const key = refreshKey(kekFromBytes(randomBytes(32)));
  const claim = { sessionId: randomUUID(), generation: 7 };
  const token = issueRefreshToken(key, claim);

  it('says its session and its generation, under our key only', () => {
    expect(readRefreshToken(key, token)).toEqual(claim);
    expect(readRefreshToken(refreshKey(kekFromBytes(randomBytes(32))), token)).toBe(null);
  });

  it('with another session, generation or proof is none', () => {
    const [kind, session, generation, ...proof] = token.split('_');
    const other = issueRefreshToken(key, { ...claim, generation: 8 })
      .split('_')
      .slice(3);
    for (const wrong of [
      [kind, randomUUID(), generation, ...proof],
      [kind, session, '8', ...proof],
      [kind, session, generation, ...other],
      ['sbs', session, generation, ...proof],
      [kind, session, '07', ...proof],
    ]) {
      expect(readRefreshToken(key, wrong.join('_')), wrong.join('_')).toBe(null);
    }
    for (const wrong of ['', 'sbf_', `${token}x`, token.slice(0, -1), 'x'.repeat(10_000)]) {
      expect(readRefreshToken(key, wrong)).toBe(null);
    }
  });
});

describe('a service token', () => {
  it('is found by its prefix and matches its own salted hash only', () => {
    const [one, two] = [serviceTokens.create(), serviceTokens.create()];
    expect(one.text).toMatch(/^sbs_/);
    expect(serviceTokens.prefixOf(one.text)).toBe(one.prefix);
    expect(serviceTokens.matches(one.text, one)).toBe(true);
    expect(serviceTokens.matches(two.text, one)).toBe(false);
    expect(serviceTokens.matches(one.text, { salt: two.salt, hash: one.hash })).toBe(false);
    for (const text of ['', 'sbs_', one.text.replace('sbs', 'sbk'), `${one.text}x`]) {
      expect(serviceTokens.prefixOf(text)).toBe(null);
      expect(serviceTokens.matches(text, one)).toBe(false);
    }
  });
});
