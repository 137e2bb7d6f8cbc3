/** Registration tokens as text and as what is kept of them. */
import { expect, test } from 'vitest';
import { makeToken, matchesToken, prefixOf } from './token-secret.ts';

test('a token matches its own hash and no other', () => {
  const [mine, other] = [makeToken(), makeToken()];
  expect(matchesToken(mine.token, mine)).toBe(true);
  expect(matchesToken(other.token, mine)).toBe(false);
  expect(matchesToken(mine.token, { ...mine, salt: other.salt })).toBe(false);
  expect(prefixOf(mine.token)).toBe(mine.prefix);
});

test('neither the secret nor the token is in what is stored', () => {
  const { token, salt, secretHash } = makeToken();
  const secret = token.split('_')[2] ?? '';
  expect(secret).toHaveLength(32);
  expect(Buffer.concat([salt, secretHash]).includes(Buffer.from(secret))).toBe(false);
});

test.each([
  '',
  'sbr_',
  'sbr_abc',
  'SBR_01234567_01234567890123456789012345678901',
  '\0',
  'sbk_01234567_01234567890123456789012345678901',
  'sbr_0123456i_01234567890123456789012345678901',
  'sbr_01234567_01234567890123456789012345678901\n',
])('what is no token is none: %j', (text) => {
  expect(prefixOf(text)).toBeNull();
  expect(matchesToken(text, makeToken())).toBe(false);
});
