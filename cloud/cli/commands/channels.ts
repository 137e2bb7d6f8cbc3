/** Where a tenant's notifications go: channels, whether they work, and what was sent on them. */
import { Readable } from 'node:stream';
import type { Client, Schemas } from '@signalbeam/client';
import { type Context, command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Cell } from '../core/table.ts';
import { ago } from '../core/words.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { findChannel } from './find.ts';
import { pageLimit, printList, wholeNumber } from './listing.ts';

type Channel = Schemas['NotificationChannel'];
type Delivery = Schemas['NotificationDelivery'];

const kinds = ['email', 'slack', 'teams', 'pagerduty', 'webhook'] as const;
const severities = ['info', 'warning', 'critical'] as const;
const statuses = ['waiting', 'delivered', 'given-up', 'passed-over'] as const;
const channelWord = { name: 'CHANNEL', about: 'a channel, by name or id' };

const tones = { working: 'good', failing: 'bad', untried: 'faint', paused: 'waiting' } as const;
const stateCell = ({ health }: Channel): Cell => ({
  text: health.state,
  tone: tones[health.state],
});
const msOf = (at: string | null): number | null => (at === null ? null : Date.parse(at));

/** What it hears, short. */
const hearsOf = ({ hears }: Channel): string =>
  [
    ...(hears.alerts === null
      ? []
      : [`${hears.alerts.severities.join(', ')} alerts`].concat(
          hears.alerts.sites === null ? [] : `of ${hears.alerts.sites.join(', ')}`,
        )),
    ...hears.events,
  ].join('; ');

const list = command({
  name: 'channels list',
  summary: 'List where notifications go, and whether that works',
  examples: ['channels list', 'channels list --json'],
  run: async ({ client, output, surroundings }) => {
    const { channels } = await client().get('/api/notification-channels');
    const now = surroundings.now();
    await output.list<Channel>(
      [
        { title: 'NAME', of: ({ name }) => name },
        { title: 'KIND', of: ({ kind }) => kind, whole: true },
        { title: 'STATE', of: stateCell },
        { title: 'HEARS', of: hearsOf },
        { title: 'LAST SENT', of: ({ health }) => ago(msOf(health.lastDeliveredAt), now) },
        { title: 'WAITING', of: ({ health }) => String(health.waiting) },
        { title: 'WHY', of: ({ health }) => health.reason ?? '' },
      ],
      Readable.from([channels]),
      'There are no channels. Make one with: channels add KIND NAME',
    );
  },
});

const addFlags = {
  'secret-stdin': { type: 'boolean', about: 'read the secret from standard input' },
  severity: {
    type: 'string',
    value: 'SEVERITY',
    multiple: true,
    choices: severities,
    about: 'alerts of this severity; else of every',
  },
  site: { type: 'string', value: 'SITE', multiple: true, about: 'alerts of this site alone' },
  event: { type: 'string', value: 'TYPE', multiple: true, about: 'other events: rollout.*' },
  'no-alerts': { type: 'boolean', about: 'events alone' },
  paused: { type: 'boolean', about: 'make it without using it yet' },
  host: { type: 'string', value: 'HOST', about: 'of e-mail: the server' },
  port: { type: 'string', value: 'PORT', about: 'of e-mail: its port (587)' },
  security: {
    type: 'string',
    value: 'HOW',
    choices: ['starttls', 'tls', 'none'],
    about: 'of e-mail: how it is encrypted (starttls)',
  },
  user: { type: 'string', value: 'NAME', about: 'of e-mail: who signs in; else nobody does' },
  from: { type: 'string', value: 'ADDRESS', about: 'of e-mail: who it is from' },
  to: { type: 'string', value: 'ADDRESS', multiple: true, about: 'of e-mail: who gets it' },
} as const;

type AddValues = {
  'secret-stdin'?: boolean;
  severity?: string[];
  site?: string[];
  event?: string[];
  'no-alerts'?: boolean;
  host?: string;
  port?: string;
  security?: string;
  user?: string;
  from?: string;
  to?: string[];
};

const secretWords = {
  email: 'Password of the mail server: ',
  slack: 'Address of the incoming webhook: ',
  teams: 'Address of the workflow: ',
  pagerduty: 'Integration key: ',
  webhook: 'Address of the webhook: ',
};

/** Never a flag: everybody on a machine sees command lines. */
const readSecret = async (
  { surroundings }: Context,
  kind: (typeof kinds)[number],
  fromInput: boolean,
): Promise<string> => {
  if (fromInput) return (await surroundings.input()).trim();
  if (surroundings.answers) return (await surroundings.askSecret(secretWords[kind])).trim();
  throw new UsageError('There is nobody to ask for the secret: hand it in with --secret-stdin.');
};

const hearsWish = (values: AddValues) => {
  const { severity, site, event = [] } = values;
  const chosen = {
    ...(severity === undefined ? {} : { severities: severity as (typeof severities)[number][] }),
    ...(site === undefined ? {} : { sites: site }),
  };
  return { alerts: values['no-alerts'] === true ? null : chosen, events: event };
};

const mailSettings = (values: AddValues) => {
  const { host, from, to, port, security, user } = values;
  if (host === undefined || from === undefined || to === undefined) {
    throw new UsageError('E-mail needs --host, --from and --to.');
  }
  return {
    ...{ host, from, to, username: user ?? null },
    ...(port === undefined ? {} : { port: wholeNumber(port, 'port', 65_535) }),
    ...(security === undefined ? {} : { security: security as 'starttls' | 'tls' | 'none' }),
  };
};

const makeChannel = async (
  context: Context,
  client: Client,
  given: { kind: (typeof kinds)[number]; name: string; values: AddValues; enabled: boolean },
): Promise<Schemas['MadeNotificationChannel']> => {
  const { kind, name, values, enabled } = given;
  const common = { name, enabled, hears: hearsWish(values) };
  const secret = () => readSecret(context, kind, values['secret-stdin'] === true);
  const path = '/api/notification-channels';
  switch (kind) {
    case 'email': {
      const settings = mailSettings(values);
      const password = settings.username === null ? {} : { password: await secret() };
      return client.post(path, {
        body: { ...common, kind, settings: { ...settings, ...password } },
      });
    }
    case 'pagerduty':
      return client.post(path, {
        body: { ...common, kind, settings: { routingKey: await secret() } },
      });
    case 'slack':
    case 'teams':
    case 'webhook':
      return client.post(path, { body: { ...common, kind, settings: { url: await secret() } } });
  }
};

const add = command({
  name: 'channels add',
  summary: 'Send notifications somewhere; its secret is asked for, or read from standard input',
  words: [
    { name: 'KIND', about: kinds.join(', ') },
    { name: 'NAME', about: 'what to call it' },
  ],
  flags: addFlags,
  examples: [
    'channels add slack ops --severity critical --secret-stdin < webhook-url.txt',
    'channels add webhook ci --no-alerts --event rollout.* --secret-stdin < url.txt',
    'channels add email night --host smtp.example --from fleet@a.example --to ops@a.example',
  ],
  run: async (context, [word = '', name = ''], values) => {
    const kind = kinds.find((each) => each === word);
    if (kind === undefined) throw new UsageError(`KIND is one of ${kinds.join(', ')}.`);
    const enabled = values.paused !== true;
    const made = await makeChannel(context, context.client(), { kind, name, values, enabled });
    const { output } = context;
    output.one(made, [
      ['', `${made.name} is made. Try it with: channels test ${made.name}`],
      ...(made.signingKey === null
        ? []
        : [['Signing key, shown this once', made.signingKey] as const]),
    ]);
  },
});

const test = command({
  name: 'channels test',
  summary: 'Send a test now, and show what the receiver said',
  words: [channelWord],
  examples: ['channels test ops'],
  run: async ({ client, output }, [word = '']): Promise<ExitCode> => {
    const { id, name } = await findChannel(client(), word);
    const params = { path: { id } };
    const answer = await client().post('/api/notification-channels/{id}/test', { params });
    const { outcome, said, tookMs } = answer;
    output.one(answer, [['', `${name}: ${outcome} after ${tookMs} ms. ${said}`]]);
    return outcome === 'delivered' ? exitCodes.ok : exitCodes.refused;
  },
});

const remove = command({
  name: 'channels remove',
  summary: 'Send nothing there any more, and forget what was sent',
  words: [channelWord],
  flags: { yes: { type: 'boolean', about: 'do not ask' } },
  examples: ['channels remove ops'],
  run: async ({ client, output, confirm }, [word = ''], { yes }) => {
    const { id, name } = await findChannel(client(), word);
    await confirm(`This deletes the channel ${name} with its log, which can't be undone.`, yes);
    await client().delete('/api/notification-channels/{id}', { params: { path: { id } } });
    output.say(`${name} is deleted.`);
  },
});

const deliveries = command({
  name: 'channels deliveries',
  summary: 'What was sent, what waits and what was given up, the newest first',
  words: [{ ...channelWord, optional: true }],
  flags: {
    ...listFlags,
    status: { type: 'string', value: 'STATUS', about: 'only these', choices: statuses },
  },
  examples: ['channels deliveries', 'channels deliveries ops --status given-up'],
  run: async (context, [word], values) => {
    const client = context.client();
    const { status } = values;
    const query = {
      limit: pageLimit(values),
      ...(status === undefined ? {} : { status: status as (typeof statuses)[number] }),
    };
    const of = word === undefined ? null : (await findChannel(client, word)).id;
    const pages =
      of === null
        ? client.pages('/api/notification-deliveries', { params: { query } })
        : client.pages('/api/notification-channels/{id}/deliveries', {
            params: { path: { id: of }, query },
          });
    const columns = [
      { title: 'AT', of: ({ queuedAt }: Delivery) => queuedAt, whole: true },
      { title: 'CHANNEL', of: ({ channelName }: Delivery) => channelName },
      { title: 'STATUS', of: ({ status: now }: Delivery) => now, whole: true },
      { title: 'WHAT', of: ({ title }: Delivery) => title },
      { title: 'WHY', of: ({ reason, answer }: Delivery) => reason ?? answer ?? '' },
    ];
    await printList<Delivery>(context, values, { columns, pages, none: 'Nothing was sent yet.' });
  },
});

export const channelCommands = [list, add, test, deliveries, remove];
