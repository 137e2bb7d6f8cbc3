/** Sealing keys at rest: opens with the same key for the same purpose, and never otherwise. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { kekFromBytes, kekFromText, readKek } from './kek.ts';

describe('the key-encryption key', () => {
  const kek = kekFromBytes(randomBytes(32));
  const secret = Buffer.from('a private key');

  it('opens what it sealed and seals differently each time', () => {
    const sealed = kek.seal(secret, 'key operator');
    expect(kek.open(sealed, 'key operator').equals(secret)).toBe(true);
    expect(sealed.includes(secret)).toBe(false);
    expect(kek.seal(secret, 'key operator').equals(sealed)).toBe(false);
  });

  it('opens nothing for another purpose, under another key, cut or changed', () => {
    const sealed = kek.seal(secret, 'key operator');
    const mismatch = expect.objectContaining({ code: 'kek-mismatch' });
    expect(() => kek.open(sealed, 'key system')).toThrow(mismatch);
    expect(() => kekFromBytes(randomBytes(32)).open(sealed, 'key operator')).toThrow(mismatch);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => kek.open(changed, 'key operator')).toThrow(mismatch);
      expect(() => kek.open(sealed.subarray(0, index), 'key operator')).toThrow(mismatch);
    }
  });

  it('is 32 bytes in base64 and says so otherwise', async () => {
    const text = randomBytes(32).toString('base64');
    const sealed = kekFromText(text).seal(secret, 'x');
    expect(kekFromText(`${text}\n`).open(sealed, 'x').equals(secret)).toBe(true);
    for (const wrong of ['', 'short', randomBytes(31).toString('base64'), `${text}AAAA`]) {
      expect(() => kekFromText(wrong)).toThrow(expect.objectContaining({ code: 'kek-invalid' }));
    }
    await expect(readKek({ file: '/nowhere/kek' })).rejects.toMatchObject({ code: 'kek-missing' });
  });
});
