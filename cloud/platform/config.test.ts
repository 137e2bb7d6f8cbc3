/** The environment: wrong values are named, secrets are not shown. */
import { FleetError } from '@signalbeam/sync/core/errors';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { defaultRateLimits } from './http/rate-limit.ts';

const least = {
  DATABASE_URL: 'postgres://sb:hunter2@127.0.0.1/sb',
  SIGNALBEAM_KEK_FILE: '/etc/signalbeam/kek',
};
const messageOf = (env: Record<string, string | undefined>): string => {
  try {
    readConfig(env);
    return 'accepted';
  } catch (error) {
    return error instanceof FleetError ? error.message : String(error);
  }
};

describe('the configuration', () => {
  it('needs a database and a key only, and stays on loopback', () => {
    expect(readConfig({ ...least, SOMETHING_ELSE: 'x' })).toMatchObject({
      natsUrl: 'nats://127.0.0.1:4222',
      host: '127.0.0.1',
      port: 8080,
      kek: { file: '/etc/signalbeam/kek' },
      redisUrl: null,
      azureConnectionString: null,
    });
  });

  it('takes several addresses where a list makes sense', () => {
    const config = readConfig({
      ...least,
      NATS_URL: 'nats://a:4222,nats://b:4222',
      SIGNALBEAM_LEAF_URL: 'nats-leaf://a:7422,nats-leaf://b:7422',
    });
    expect(config.leafUrls).toEqual(['nats-leaf://a:7422', 'nats-leaf://b:7422']);
    expect(config.deviceNatsUrls).toEqual(['nats://a:4222', 'nats://b:4222']);
  });

  it('changes the limits of requests one by one, or ends them', () => {
    const limitsOf = (text: string) =>
      readConfig({ ...least, SIGNALBEAM_RATE_LIMITS: text }).rateLimits;
    expect(limitsOf('')).toEqual(defaultRateLimits);
    expect(limitsOf('user=5, sign-in=0')).toEqual({ ...defaultRateLimits, user: 5, 'sign-in': 0 });
    expect(Object.values(limitsOf('off'))).toEqual([0, 0, 0, 0]);
  });

  it('lets nobody sign up unless it is told to, and then by which server their mails go', () => {
    expect(readConfig(least).signUp).toBeNull();
    const open = {
      ...{ ...least, SIGNALBEAM_SIGN_UP: 'open', SIGNALBEAM_SMTP_FROM: 'fleet@example.org' },
      SIGNALBEAM_PUBLIC_URL: 'https://fleet.example.org/',
    };
    const serverOf = (url: string) => readConfig({ ...open, SIGNALBEAM_SMTP_URL: url }).signUp;
    expect(serverOf('smtps://me%40x:p%2Cw@mail.example.org')).toEqual({
      mail: {
        ...{ host: 'mail.example.org', port: 465, security: 'tls', from: 'fleet@example.org' },
        ...{ username: 'me@x', password: 'p,w' },
      },
      publicUrl: 'https://fleet.example.org',
    });
    expect(serverOf('smtp://mail')?.mail).toMatchObject({ port: 587, security: 'starttls' });
    expect(serverOf('smtp://10.0.0.5:25?tls=none')?.mail).toMatchObject({
      ...{ port: 25, security: 'none', username: null, password: null },
    });
    expect(messageOf(open)).toContain('SIGNALBEAM_SMTP_URL is missing');
    const wrong = messageOf({ ...open, SIGNALBEAM_SMTP_URL: 'http://u:hunter2@mail' });
    expect(wrong).toContain('SIGNALBEAM_SMTP_URL must be a URL that starts with smtp://');
    expect(wrong).not.toContain('hunter2');
  });

  it.each([
    [{ SIGNALBEAM_RATE_LIMITS: 'users=5' }, 'SIGNALBEAM_RATE_LIMITS must be'],
    [{ SIGNALBEAM_RATE_LIMITS: 'constructor=5' }, 'SIGNALBEAM_RATE_LIMITS must be'],
    [
      { SIGNALBEAM_NOTIFY_NETWORKS: '10.0.0.0/8,10.0.0.0/33' },
      'SIGNALBEAM_NOTIFY_NETWORKS must be',
    ],
    [{ DATABASE_URL: undefined }, 'DATABASE_URL is missing'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be a URL that starts with postgres://'],
    [{ PORT: '99999' }, 'PORT'],
    [{ PORT: 'eighty' }, 'PORT'],
    [{ NATS_URL: 'localhost' }, 'NATS_URL must be'],
    [{ SIGNALBEAM_LOG_LEVEL: 'loud' }, 'SIGNALBEAM_LOG_LEVEL'],
    [{ SIGNALBEAM_KEK_FILE: undefined }, 'SIGNALBEAM_KEK_FILE'],
    [{ SIGNALBEAM_KEK_FILE: '' }, 'SIGNALBEAM_KEK_FILE'],
    [{ SIGNALBEAM_PUBLIC_URL: 'javascript:alert(1)' }, 'SIGNALBEAM_PUBLIC_URL'],
  ])('refuses %j and names it', (change, text) => {
    const message = messageOf({ ...least, ...change });
    expect(message).toContain(text);
    expect(message).not.toContain('hunter2');
  });

  it('names all that is wrong at once', () => {
    const message = messageOf({ PORT: '-1' });
    expect(message).toContain('DATABASE_URL');
    expect(message).toContain('PORT');
  });
});
