/** Silences and maintenance windows: who is not told, of what, until when, and why. */
import type { Client, Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { ago, durationMs } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { findDevice, findGroup } from './find.ts';
import { pageLimit, printList } from './listing.ts';

type Silence = Schemas['AlertSilence'];
type Weekly = NonNullable<Silence['weekly']>;
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const subjectOf = ({ deviceId, site, groupId, tag, ruleId }: Silence): string =>
  [
    ...(deviceId === null ? [] : [`device ${deviceId}`]),
    ...(site === null ? [] : [`site ${site}`]),
    ...(groupId === null ? [] : [`group ${groupId}`]),
    ...(tag === null ? [] : [tag]),
    ...(ruleId === null ? [] : [`rule ${ruleId}`]),
  ].join(', ');

const hoursOf = (weekly: Weekly | null): string =>
  weekly === null
    ? ''
    : `${weekly.days.map((day) => days[day]).join(',')} ${weekly.from} +${weekly.minutes}m ${weekly.timeZone}`;

const list = command({
  name: 'silences list',
  summary: 'List silences and maintenance windows, those that end last first',
  flags: { ...listFlags, ended: { type: 'boolean', about: 'also those that ended' } },
  examples: ['silences list', 'silences list --ended'],
  run: async (context, _words, values) => {
    const query = {
      all: values.ended === true ? ('true' as const) : ('false' as const),
      limit: pageLimit(values),
    };
    const now = context.surroundings.now();
    await printList(context, values, {
      columns: [
        { title: 'ID', of: ({ id }) => id, whole: true },
        { title: 'NOW', of: ({ inForce }) => (inForce ? 'silent' : ''), whole: true },
        { title: 'OF', of: subjectOf },
        { title: 'ENDS', of: ({ endsAt }) => ago(Date.parse(endsAt), now), whole: true },
        { title: 'HOURS', of: ({ weekly }) => hoursOf(weekly) },
        { title: 'REASON', of: ({ reason }) => reason },
      ],
      pages: context.client().pages('/api/alert-silences', { params: { query } }),
      none: 'Nothing is silenced.',
    });
  },
});

const windowFlags = {
  days: { type: 'string', value: 'DAYS', about: 'of a maintenance window: sat,sun' },
  from: { type: 'string', value: 'HH:MM', about: 'when it opens' },
  open: { type: 'string', value: 'TIME', about: 'how long it is open: 2h' },
  'time-zone': { type: 'string', value: 'ZONE', about: 'of the window; UTC when left out' },
} as const;
type WindowValues = { days?: string; from?: string; open?: string; 'time-zone'?: string };

const weeklyOf = (values: WindowValues): Weekly | null => {
  const { days: given, from, open, 'time-zone': timeZone = 'UTC' } = values;
  if (given === undefined && from === undefined && open === undefined) return null;
  if (given === undefined || from === undefined || open === undefined) {
    throw new UsageError('A maintenance window needs --days, --from and --open.');
  }
  const chosen = given.split(',').map((day) => days.indexOf(day.trim().toLowerCase().slice(0, 3)));
  if (chosen.includes(-1)) throw new UsageError(`--days are of ${days.join(', ')}.`);
  const ms = durationMs(open);
  if (ms === null || ms < 60_000) throw new UsageError('--open is a time such as 90m or 2h.');
  return { days: chosen, from, minutes: Math.round(ms / 60_000), timeZone };
};

const namedOf = async (
  client: Client,
  given: { device?: string; group?: string; site?: string; tag?: string; rule?: string },
) => ({
  ...(given.device === undefined ? {} : { deviceId: (await findDevice(client, given.device)).id }),
  ...(given.group === undefined ? {} : { groupId: (await findGroup(client, given.group)).id }),
  ...(given.site === undefined ? {} : { site: given.site }),
  ...(given.tag === undefined ? {} : { tag: given.tag }),
  ...(given.rule === undefined ? {} : { ruleId: given.rule }),
});

const create = command({
  name: 'silences create',
  summary: 'Hold the telling of alerts back for a time; they are recorded all the same',
  words: [{ name: 'REASON', about: 'why, for whoever wonders' }],
  flags: {
    for: { type: 'string', value: 'TIME', about: 'how long: 2h, 30d' },
    device: { type: 'string', value: 'DEVICE', about: 'of this device' },
    site: { type: 'string', value: 'SITE', about: 'of this site' },
    group: { type: 'string', value: 'GROUP', about: 'of a group whose members were chosen' },
    tag: { type: 'string', value: 'TAG', about: 'of devices with this tag' },
    rule: { type: 'string', value: 'RULE', about: "by this rule's id" },
    ...windowFlags,
  },
  examples: [
    "silences create 'The switch is replaced' --site plant-7 --for 2h",
    "silences create 'Night work' --tag ring=late --for 90d --days sat,sun --from 02:00 --open 3h",
  ],
  run: async ({ client, output, surroundings }, [reason = ''], values) => {
    const ms = values.for === undefined ? null : durationMs(values.for);
    if (ms === null) throw new UsageError('--for says how long: 2h, 30d. Every silence ends.');
    const body = {
      ...(await namedOf(client(), values)),
      reason,
      endsAt: new Date(surroundings.now() + ms).toISOString(),
      weekly: weeklyOf(values),
    };
    const made = await client().post('/api/alert-silences', { body });
    output.one(made, [['', `Nobody is told of ${subjectOf(made)} until ${made.endsAt}.`]]);
  },
});

const end = command({
  name: 'silences end',
  summary: 'End a silence: alerts that are still active are told of now',
  words: [{ name: 'SILENCE', about: "a silence's id" }],
  examples: ['silences end 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11'],
  run: async ({ client, output }, [id = '']) => {
    await client().delete('/api/alert-silences/{id}', { params: { path: { id } } });
    output.say('The silence is over.');
  },
});

export const silenceCommands = [list, create, end];
