/**
 * Who a run acts as, and where: flags before the environment before the profile. A profile's token is
 * used for the address that gave it and for no other.
 */
import { type Client, createClient } from '@signalbeam/client';
import { notSignedIn, UsageError } from '../exit.ts';
import type { Surroundings } from '../surroundings.ts';
import {
  type Credentials,
  credentialsPath,
  defaultProfile,
  isProfileName,
  type Profile,
  readCredentials,
  writeCredentials,
} from './credentials.ts';
import { renewingClient } from './renewing.ts';

export type SessionFlags = { url?: string | undefined; profile?: string | undefined };

export const checkUrl = (text: string): string => {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`\`${text}\` is no address of a cloud; it starts with https:// or http://`);
};

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

export type Session = ReturnType<typeof openSession>;

export const openSession = (flags: SessionFlags, surroundings: Surroundings) => {
  const { environment } = surroundings;
  const path = credentialsPath(environment);
  const credentials = (): Credentials => readCredentials(path);
  const chosen = given(flags.profile) ?? given(environment['SIGNALBEAM_PROFILE']);
  if (chosen !== undefined && !isProfileName(chosen)) {
    throw new UsageError(
      `\`${chosen}\` is no name of a profile: lower-case letters, digits, . _ -`,
    );
  }
  const nameOf = (known: Credentials): string => chosen ?? known.current;
  const profile = (): Profile | undefined => {
    const known = credentials();
    return known.profiles[nameOf(known)];
  };
  const askedUrl = given(flags.url) ?? given(environment['SIGNALBEAM_URL']);
  const url = (): string | null =>
    askedUrl === undefined ? (profile()?.url ?? null) : checkUrl(askedUrl);
  const clientAt = (at: string, token: string | null): Client =>
    createClient({ url: at, token: () => token });
  return {
    path,
    credentials,
    profile,
    profileName: (): string => (chosen ?? credentials().current) || defaultProfile,
    url,
    clientAt,
    /** Signed in, or it throws `not-signed-in`. */
    client: (): Client => {
      const at = url();
      if (at === null) throw notSignedIn(null);
      const fromOutside = given(environment['SIGNALBEAM_TOKEN']);
      if (fromOutside !== undefined) return clientAt(at, fromOutside);
      const own = profile();
      if (own === undefined || new URL(own.url).origin !== new URL(at).origin)
        throw notSignedIn(at);
      const known = credentials();
      return renewingClient({ url: at, path, name: nameOf(known), profile: own });
    },
    keep: (name: string, kept: Profile): void => {
      const known = credentials();
      const profiles = { ...known.profiles, [name]: kept };
      writeCredentials(path, { ...known, current: name, profiles });
    },
    use: (name: string): void => writeCredentials(path, { ...credentials(), current: name }),
    forget: (name: string): void => {
      const known = credentials();
      const { [name]: _, ...profiles } = known.profiles;
      const current =
        known.current === name ? (Object.keys(profiles)[0] ?? defaultProfile) : known.current;
      writeCredentials(path, { ...known, current, profiles });
    },
  };
};
