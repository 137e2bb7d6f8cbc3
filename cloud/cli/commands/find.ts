/**
 * Things by what people call them: an id, or a name that only one bears. What two bear is refused
 * with their ids, what none bears is not found.
 */
import type { Client, Schemas } from '@signalbeam/client';
import { FleetError } from '@signalbeam/sync/core/errors';
import { notFound } from '../exit.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isId = (word: string): boolean => uuid.test(word);

const one = <T extends { id: string }>(found: readonly T[], what: string, word: string): T => {
  const [first, second] = found;
  if (first === undefined) throw notFound(`There is no ${what} called ${word}.`);
  if (second === undefined) return first;
  const ids = found.map(({ id }) => id).join(', ');
  throw new FleetError('ambiguous', `More than one ${what} is called ${word}: ${ids}.`, {
    next: 'Say which by its id.',
  });
};

/** In quotes everything in a query means itself. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

export const findDevice = async (client: Client, word: string): Promise<Schemas['Device']> => {
  if (isId(word)) return client.get('/api/devices/{id}', { params: { path: { id: word } } });
  const query = { query: `name=${quoted(word)}`, limit: 5 };
  const { devices } = await client.get('/api/devices', { params: { query } });
  return one(devices, 'device', word);
};

const named = async <T extends { id: string }>(
  items: AsyncIterable<T>,
  nameOf: (item: T) => string,
  what: string,
  word: string,
): Promise<T> => {
  const found: T[] = [];
  for await (const item of items) {
    if (item.id === word || nameOf(item).toLowerCase() === word.toLowerCase()) found.push(item);
  }
  return one(found, what, word);
};

const most = { params: { query: { limit: 200 } } };

export const findGroup = (client: Client, word: string): Promise<Schemas['Group']> =>
  isId(word)
    ? client.get('/api/groups/{id}', { params: { path: { id: word } } })
    : named(client.items('/api/groups', most), ({ name }) => name, 'group', word);

export const findBundle = (client: Client, word: string): Promise<Schemas['Bundle']> =>
  isId(word)
    ? client.get('/api/bundles/{id}', { params: { path: { id: word } } })
    : named(client.items('/api/bundles', most), ({ name }) => name, 'bundle', word);

export const findChannel = async (
  client: Client,
  word: string,
): Promise<Schemas['NotificationChannel']> => {
  const { channels } = await client.get('/api/notification-channels');
  const found = channels.filter(({ id, name }) => id === word || name === word);
  return one(found, 'channel', word);
};

/** Tokens are named by their prefix, which is what people keep of them. */
export const findToken = (client: Client, word: string): Promise<Schemas['RegistrationToken']> =>
  named(
    client.items('/api/registration-tokens', most),
    ({ prefix }) => prefix,
    'registration token',
    word,
  );

/** Those in force: who had one and lost it may have another. */
export const findGrant = async (
  client: Client,
  name: string,
  word: string,
): Promise<Schemas['SiteGrant']> => {
  const live = async function* () {
    const params = { path: { name }, query: { limit: 200 } };
    for await (const grant of client.items('/api/sites/{name}/grants', { params })) {
      if (grant.state === 'live') yield grant;
    }
  };
  return named(live(), ({ holder }) => holder, 'grant', word);
};
