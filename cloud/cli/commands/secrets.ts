/** Secrets that bundles name. A value is typed unseen or comes on standard input, never in a command. */
import type { Client, Schemas } from '@signalbeam/client';
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { type Context, command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Column } from '../core/table.ts';
import { durationMs } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { findDevice } from './find.ts';
import { pageLimit, printList } from './listing.ts';

type Secret = Schemas['Secret'];

const secretWord = { name: 'SECRET', about: "a secret's name or id" };
const placeFlags = {
  site: { type: 'string', value: 'SITE', about: 'of this site, in place of the tenant’s' },
  device: { type: 'string', value: 'DEVICE', about: 'of this device, in place of its site’s' },
} as const;
const valueFlags = {
  'value-stdin': { type: 'boolean', about: 'read the value from standard input, as it is' },
} as const;

const placeText = ({ scope }: Secret): string => {
  if (scope.kind === 'tenant') return 'the whole tenant';
  return scope.kind === 'site' ? `site ${scope.site}` : `device ${scope.deviceId}`;
};

const columns: readonly Column<Secret>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'FOR', of: placeText },
  { title: 'REVISION', of: ({ revision }) => String(revision), whole: true },
  { title: 'DEVICES', of: ({ devices }) => String(devices), whole: true },
  { title: 'WAITING', of: ({ waiting }) => String(waiting), whole: true },
  { title: 'CHANGED', of: ({ changedAt }) => changedAt.slice(0, 16), whole: true },
  { title: 'BY', of: ({ changedBy }) => nameOfActor(changedBy) },
  { title: 'ID', of: ({ id }) => id, whole: true },
];

/** A value of several lines ends as its file does; a line that was typed has no end. */
const readValue = async (
  { answers, askSecret, input }: Context['surroundings'],
  fromInput: boolean,
): Promise<string> => {
  if (fromInput) return input();
  if (answers) return askSecret('Value (not shown): ');
  throw new UsageError('There is nobody to ask for the value: hand it in with --value-stdin.');
};

const findSecret = async (client: Client, word: string): Promise<Secret> => {
  const found: Secret[] = [];
  for await (const page of client.pages('/api/secrets', { params: { query: { limit: 200 } } })) {
    found.push(...page.filter(({ id, name }) => id === word || name === word));
  }
  const [only] = found;
  if (only === undefined) throw new UsageError(`There is no secret \`${word}\`.`);
  if (found.length === 1) return only;
  const each = found.map((one) => `${one.id} (${placeText(one)})`).join(', ');
  throw new UsageError(`Several secrets are called \`${word}\`; name one by its id: ${each}.`);
};

const list = command({
  name: 'secrets list',
  summary: 'List secrets by name; their values are never shown',
  flags: listFlags,
  examples: ['secrets list', 'secrets list --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    const pages = context.client().pages('/api/secrets', { params });
    await printList(context, values, { columns, pages, none: 'There are no secrets.' });
  },
});

const create = command({
  name: 'secrets create',
  summary: 'Make a secret for the tenant, or for one site or device',
  words: [{ name: 'NAME', about: 'as bundles name it: lower-case letters, digits and dashes' }],
  flags: { ...placeFlags, ...valueFlags },
  examples: [
    'secrets create database-password',
    'secrets create tls-key --site plant-7 --value-stdin < key.pem',
  ],
  run: async ({ client, output, surroundings }, [name = ''], values) => {
    const { site, device } = values;
    const value = await readValue(surroundings, values['value-stdin'] === true);
    const deviceId = device === undefined ? undefined : (await findDevice(client(), device)).id;
    const body = {
      ...{ name, value },
      ...(site === undefined ? {} : { site }),
      ...(deviceId === undefined ? {} : { deviceId }),
    };
    const secret = await client().post('/api/secrets', { body });
    output.one(secret, [['', `The secret ${secret.name} is set for ${placeText(secret)}.`]]);
  },
});

const minutesOf = (text: string | undefined): number => {
  if (text === undefined) return 0;
  const ms = durationMs(text);
  if (ms === null) throw new UsageError(`--over ${text} is no time such as 10m or 2h.`);
  return Math.ceil(ms / 60_000);
};

const rotate = command({
  name: 'secrets rotate',
  summary: 'Give a secret another value; what uses it starts again with it',
  words: [secretWord],
  flags: {
    ...valueFlags,
    over: {
      type: 'string',
      value: 'TIME',
      about: 'devices get it one by one over so long, such as 2h; all at once if left out',
    },
  },
  examples: [
    'secrets rotate database-password --over 2h',
    'secrets rotate tls-key --value-stdin < key.pem',
  ],
  run: async ({ client, output, surroundings }, [word = ''], values) => {
    const { id } = await findSecret(client(), word);
    const value = await readValue(surroundings, values['value-stdin'] === true);
    const body = { value, overMinutes: minutesOf(values.over) };
    const secret = await client().put('/api/secrets/{id}', { params: { path: { id } }, body });
    const { name, revision, devices } = secret;
    output.one(secret, [
      [
        '',
        `The secret ${name} has its value number ${revision}; ${devices} devices get it${values.over === undefined ? '' : ` over ${values.over}`}.`,
      ],
    ]);
  },
});

const remove = command({
  name: 'secrets delete',
  summary: 'Delete a secret that no device needs',
  words: [secretWord],
  flags: { yes: { type: 'boolean', about: "don't ask" } },
  examples: ['secrets delete database-password'],
  run: async ({ client, output, confirm }, [word = ''], values) => {
    const secret = await findSecret(client(), word);
    const { id, name } = secret;
    await confirm(
      `This deletes the secret ${name} for ${placeText(secret)}, which can't be undone.`,
      values.yes,
    );
    await client().delete('/api/secrets/{id}', { params: { path: { id } } });
    output.say(`The secret ${name} is deleted.`);
  },
});

export const secretCommands = [list, create, rotate, remove];
