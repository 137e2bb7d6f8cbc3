import { describe, expect, it } from 'vitest';
import { judgeSignUp, nextTryMs, signUpLimits, signUpMail } from './sign-up.ts';

const none = { ofAddress: 0, ofClient: 0, ofAll: 0 };

describe('who asks to sign up', () => {
  it('is sent a link, until the address had enough of them: then nothing is sent, and nothing said', () => {
    expect(judgeSignUp(none)).toBe('mail');
    expect(judgeSignUp({ ...none, ofAddress: signUpLimits.ofAddress })).toBe('silent');
  });

  it('is refused when a client, or everybody together, asks too often', () => {
    expect(judgeSignUp({ ...none, ofClient: signUpLimits.ofClient })).toBe('refuse');
    expect(judgeSignUp({ ...none, ofAll: signUpLimits.ofAll })).toBe('refuse');
    // Whatever the address had: the answer must not tell of it.
    const flooded = { ofAddress: 99, ofClient: signUpLimits.ofClient, ofAll: 99 };
    expect(judgeSignUp(flooded)).toBe('refuse');
  });
});

describe('a mail', () => {
  it('is tried again later and later, and given up within the life of its link', () => {
    let now = 0;
    const tries: number[] = [];
    for (let count = 0; ; count += 1) {
      const next = nextTryMs(count, now);
      if (next === null) break;
      expect(next).toBeGreaterThan(now);
      now = next;
      tries.push(now);
    }
    expect(tries.length).toBeGreaterThan(5);
    expect(now).toBeLessThan(24 * 3_600_000);
  });

  it('bears the link, or tells who has an account where it is, and no link', () => {
    const url = 'https://fleet.example.org';
    expect(signUpMail({ link: `${url}/sign-up#s` }, url).text).toContain(`${url}/sign-up#s`);
    const known = signUpMail({ known: true }, url);
    expect(known.text).toContain(`${url}/`);
    expect(known.text).not.toContain('sign-up#');
  });
});
