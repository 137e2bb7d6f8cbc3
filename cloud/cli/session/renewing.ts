/**
 * A client that renews its sign-in as it goes. A refresh token counts once: what another run has
 * renewed meanwhile is used, and what gave no new token (another run is just renewing) is not written
 * over what that one keeps.
 */
import { type Client, createClient } from '@signalbeam/client';
import { type Profile, readCredentials, writeCredentials } from './credentials.ts';

export const renewingClient = (at: {
  url: string;
  /** The file of credentials, and whose they are in it. */
  path: string;
  name: string;
  profile: Profile;
}): Client => {
  const { url, path, name } = at;
  let { token } = at.profile;
  const refresh = async (): Promise<boolean> => {
    const known = readCredentials(path);
    const kept = known.profiles[name];
    if (kept?.refreshToken === undefined) return false;
    if (kept.token !== token) {
      token = kept.token;
      return true;
    }
    const body = { refreshToken: kept.refreshToken };
    const renewed = await createClient({ url })
      .post('/api/auth/refresh', { body })
      .catch(() => null);
    if (renewed === null) return false;
    token = renewed.token;
    const { refreshToken, refreshExpiresAt: expiresAt } = renewed;
    if (refreshToken === null || expiresAt === null) return true;
    const profile = { ...kept, token, refreshToken, expiresAt };
    writeCredentials(path, { ...known, profiles: { ...known.profiles, [name]: profile } });
    return true;
  };
  return createClient({ url, token: () => token, refresh });
};
