/** Codes of authenticator apps, by the vectors of RFC 6238, and that none counts twice. */
import { describe, expect, it } from 'vitest';
import { base32, totpCode, totpStepOf, totpUri } from './totp.ts';

const secret = Buffer.from('12345678901234567890');

describe('a code', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %i seconds is the one of RFC 6238', (seconds, code) => {
    expect(totpCode(secret, seconds * 1000)).toBe(code);
  });

  it('counts a step early or late, once, and never one before it', () => {
    const nowMs = 1_111_111_111_000;
    const step = Math.floor(nowMs / 30_000);
    const code = totpCode(secret, nowMs);
    expect(totpStepOf(secret, code, { after: 0, nowMs })).toBe(step);
    expect(totpStepOf(secret, code, { after: 0, nowMs: nowMs + 30_000 })).toBe(step);
    expect(totpStepOf(secret, code, { after: 0, nowMs: nowMs - 30_000 })).toBe(step);
    expect(totpStepOf(secret, code, { after: 0, nowMs: nowMs + 60_000 })).toBe(null);
    expect(totpStepOf(secret, code, { after: step, nowMs })).toBe(null);
    for (const wrong of ['', '12345', '1234567', 'abcdef', '000000', ' 50471', '٠٥٠٤٧١']) {
      expect(totpStepOf(secret, wrong, { after: 0, nowMs }), wrong).toBe(null);
    }
  });

  it('is made by a secret that apps read', () => {
    expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(base32(Buffer.from('fo'))).toBe('MZXQ');
    expect(totpUri(secret, 'ada@demo.local')).toBe(
      `otpauth://totp/SignalBeam%3Aada%40demo.local?secret=${base32(secret)}&issuer=SignalBeam`,
    );
  });
});
