import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentialsPath, readCredentials, writeCredentials } from './credentials.ts';

const profile = {
  ...{ url: 'https://fleet.example', email: 'a@b.example', tenantName: 'plant' },
  ...{ token: 'secret', expiresAt: '2026-01-01T00:00:00.000Z' },
};
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the file of sign-ins', () => {
  it('is where XDG says, and at home if nothing is said', () => {
    expect(credentialsPath({ XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe(
      '/x/signalbeam/credentials.json',
    );
    expect(credentialsPath({ HOME: '/h' })).toBe('/h/.config/signalbeam/credentials.json');
  });

  it('is its owner’s alone, whole, and empty before the first', () => {
    const path = join(dir, 'one/credentials.json');
    expect(readCredentials(path).profiles).toEqual({});
    writeCredentials(path, { version: 1, current: 'default', profiles: { default: profile } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(readCredentials(path).profiles['default']).toEqual(profile);
  });

  it('is refused when others may read it, or when it is damaged, without telling its content', () => {
    const path = join(dir, 'two.json');
    writeFileSync(path, '{"token":"secret"', { mode: 0o600 });
    expect(() => readCredentials(path)).toThrow(/is not understood/);
    expect(() => readCredentials(path)).not.toThrow(/secret/);
    chmodSync(path, 0o640);
    expect(() => readCredentials(path)).toThrow(
      expect.objectContaining({ code: 'credentials-exposed' }),
    );
  });
});
