/** Alerts: listed, shown with their history, taken on and closed; one by its id or many by a filter. */
import type { Client, Schemas } from '@signalbeam/client';
import { nameOfActor } from '@signalbeam/sync/core/actor';
import { type Context, command, type Values } from '../command.ts';
import { listFlags } from '../core/described.ts';
import type { Cell, Column, Tone } from '../core/table.ts';
import { ago, counted } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { findDevice } from './find.ts';
import { pageLimit, printList } from './listing.ts';

type Alert = Schemas['Alert'];
const statuses = ['open', 'active', 'acknowledged', 'resolved'] as const;
const severities = ['info', 'warning', 'critical'] as const;
const alertWord = { name: 'ALERT', about: "an alert's id", many: true, optional: true } as const;

const filterFlags = {
  severity: { type: 'string', value: 'SEVERITY', about: 'only these', choices: severities },
  type: { type: 'string', value: 'TYPE', about: 'such as device-offline' },
  site: { type: 'string', value: 'SITE', about: 'only of this site' },
  device: { type: 'string', value: 'DEVICE', about: 'only of this device, by name or id' },
} as const;
type Filter = Values<typeof filterFlags>;

const tones: Record<Alert['severity'], Tone> = {
  info: 'plain',
  warning: 'waiting',
  critical: 'bad',
};
const severityCell = ({ severity, status }: Alert): Cell => ({
  text: severity,
  tone: status === 'resolved' ? 'faint' : tones[severity],
});

const queryOf = async (client: Client, { severity, type, site, device }: Filter) => ({
  ...(severity === undefined ? {} : { severity: severity as Alert['severity'] }),
  ...(type === undefined ? {} : { type: type as Alert['type'] }),
  ...(site === undefined ? {} : { site }),
  ...(device === undefined ? {} : { device: (await findDevice(client, device)).id }),
});

const columnsAt = (nowMs: number): readonly Column<Alert>[] => [
  { title: 'ID', of: ({ id }) => id, whole: true },
  { title: 'SEVERITY', of: severityCell, whole: true },
  {
    title: 'STATUS',
    of: ({ status, silenced }) => (silenced && status === 'active' ? 'silenced' : status),
    whole: true,
  },
  { title: 'RAISED', of: ({ raisedAt }) => ago(Date.parse(raisedAt), nowMs), whole: true },
  { title: 'WHAT', of: ({ title }) => title },
  { title: 'SITE', of: ({ site }) => site ?? '' },
  { title: 'BY', of: ({ acknowledgedBy: by }) => (by === null ? '' : nameOfActor(by)) },
];

const list = command({
  name: 'alerts list',
  summary: 'List alerts, the newest first; those that are open when nothing else is said',
  flags: {
    ...listFlags,
    status: { type: 'string', value: 'STATUS', about: 'open when left out', choices: statuses },
    ...filterFlags,
  },
  examples: ['alerts list', 'alerts list --severity critical', 'alerts list --status resolved'],
  run: async (context, _words, values) => {
    const client = context.client();
    const status = (values.status ?? 'open') as (typeof statuses)[number];
    const query = { status, limit: pageLimit(values), ...(await queryOf(client, values)) };
    await printList(context, values, {
      columns: columnsAt(context.surroundings.now()),
      pages: client.pages('/api/alerts', { params: { query } }),
      none: status === 'open' ? 'Nothing is wrong that is watched.' : 'There are no such alerts.',
    });
  },
});

const show = command({
  name: 'alerts show',
  summary: 'Show one alert with its history',
  words: [{ name: 'ALERT', about: "the alert's id" }],
  examples: ['alerts show 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11'],
  run: async ({ client, output }, [id = '']) => {
    const alert = await client().get('/api/alerts/{id}', { params: { path: { id } } });
    const { status, silenced, site, deviceName, rolloutId, escalatesAt } = alert;
    const optional = (name: string, value: string | null) =>
      value === null ? [] : [[name, value] as const];
    output.one(alert, [
      ['what', alert.title],
      ['why', alert.detail],
      ['severity', alert.severity],
      ['status', silenced && status === 'active' ? 'active, silenced' : status],
      ['rule', `${alert.ruleName} (${alert.ruleId})`],
      ...optional('why this rule', alert.why),
      ...optional('site', site),
      ...optional('device', deviceName),
      ...optional('rollout', rolloutId),
      ...optional('critical at', escalatesAt),
      ...alert.history.map(
        ({ at, transition, actor, note }) =>
          [
            at,
            `${transition}${actor === null ? '' : ` by ${actor}`}${note === null ? '' : `: ${note}`}`,
          ] as const,
      ),
    ]);
  },
});

/** The alerts that are meant: by id, or whatever is open and fits the filter. */
const chosen = async (
  client: Client,
  ids: readonly string[],
  filter: Filter,
  status: 'open' | 'active',
): Promise<string[]> => {
  const query = await queryOf(client, filter);
  const isFiltered = Object.keys(query).length > 0;
  if (ids.length > 0 && isFiltered) throw new UsageError('Say ids or a filter, not both.');
  if (ids.length > 0) return [...ids];
  if (!isFiltered) throw new UsageError('Say which: an id, or a filter such as --site.');
  const found: string[] = [];
  const params = { query: { status, limit: 200, ...query } };
  for await (const { id } of client.items('/api/alerts', { params })) found.push(id);
  return found;
};

const acting = (
  verb: 'ack' | 'resolve',
  given: { summary: string; done: string; examples: readonly string[] },
) => {
  const flags = {
    note: { type: 'string', value: 'TEXT', about: 'kept with the alert' },
    ...filterFlags,
    yes: { type: 'boolean', about: "don't ask" },
  } as const;
  const path = (
    { ack: '/api/alerts/{id}/acknowledge', resolve: '/api/alerts/{id}/resolve' } as const
  )[verb];
  const act = async (context: Context, ids: readonly string[], note: string): Promise<Alert[]> => {
    const alerts: Alert[] = [];
    for (const id of ids) {
      alerts.push(await context.client().post(path, { params: { path: { id } }, body: { note } }));
    }
    return alerts;
  };
  return command({
    name: `alerts ${verb}`,
    summary: given.summary,
    words: [alertWord],
    flags,
    examples: given.examples,
    run: async (context, words, values) => {
      const status = verb === 'ack' ? 'active' : 'open';
      const ids = await chosen(context.client(), words, values, status);
      if (ids.length === 0) {
        context.output.one([], [['', 'No alert that is open fits.']]);
        return;
      }
      if (words.length === 0 && verb === 'resolve') {
        await context.confirm(`This resolves ${counted(ids.length, 'alert')}.`, values.yes);
      }
      const alerts = await act(context, ids, values.note ?? '');
      context.output.one(alerts, [['', `${counted(alerts.length, 'alert')} ${given.done}.`]]);
    },
  });
};

const acknowledge = acting('ack', {
  summary: 'Take alerts on: they do not escalate, and resolve when they are over',
  done: 'acknowledged',
  examples: [
    "alerts ack 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11 --note 'On my way'",
    'alerts ack --site plant-7',
  ],
});
const resolve = acting('resolve', {
  summary: 'Close alerts; none is raised again before what it tells of was over',
  done: 'resolved',
  examples: [
    'alerts resolve 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11',
    'alerts resolve --site plant-7',
  ],
});

export const alertCommands = [list, show, acknowledge, resolve];
