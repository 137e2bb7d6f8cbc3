/** For how many days what is kept; what a change removes is said, and asked, first. */
import type { Schemas } from '@signalbeam/client';
import { command } from '../command.ts';
import { UsageError } from '../exit.ts';

type Retention = Schemas['Retention'];
const names = {
  samples: 'metricsDays',
  hours: 'hoursDays',
  events: 'eventsDays',
  'dead-letters': 'deadLettersDays',
} as const;
type Flag = keyof typeof names;
const flagNames = Object.keys(names) as Flag[];

const lines = (retention: Retention) =>
  flagNames.map((flag) => {
    const { days, chosen, default: usual, max } = retention[names[flag]];
    const why = chosen === null ? 'the default' : `chosen; ${usual} by default`;
    return [flag, `${days} days (${why}, at most ${max})`] as const;
  });

const show = command({
  name: 'retention show',
  summary: 'For how many days samples, hours, events and dead letters are kept',
  examples: ['retention show'],
  run: async ({ client, output }) => {
    const retention = await client().get('/api/telemetry/retention');
    output.one(retention, [['tier', retention.tier], ...lines(retention)]);
  },
});

const wished = (text: string | undefined, chosen: number | null): number | null => {
  if (text === undefined) return chosen;
  if (text === 'default') return null;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`\`${text}\` is no number of days.`);
  return Number(text);
};
const daysFlag = (about: string) => ({ type: 'string', value: 'DAYS', about }) as const;

const edit = command({
  name: 'retention edit',
  summary: 'Keep it for another time; what is older is removed within a day',
  flags: {
    samples: daysFlag('samples and five-minute values; `default` for what the tier says'),
    hours: daysFlag('values of hours'),
    events: daysFlag('events and the history of reports'),
    'dead-letters': daysFlag('what could not be taken'),
    'dry-run': { type: 'boolean', about: 'only say what it would remove' },
    yes: { type: 'boolean', about: "don't ask" },
  },
  examples: ['retention edit --samples 14 --dry-run', 'retention edit --samples default'],
  run: async ({ client, output, confirm }, _words, values) => {
    if (flagNames.every((flag) => values[flag] === undefined)) {
      throw new UsageError('Say what to keep for how long.');
    }
    const before = await client().get('/api/telemetry/retention');
    const of = (flag: Flag) => wished(values[flag], before[names[flag]].chosen);
    const body = {
      ...{ metricsDays: of('samples'), hoursDays: of('hours') },
      ...{ eventsDays: of('events'), deadLettersDays: of('dead-letters') },
    };
    const query = Object.fromEntries(Object.entries(body).filter(([, days]) => days !== null));
    const preview = await client().get('/api/telemetry/retention/preview', { params: { query } });
    const said = preview.changes.map(({ says }) => ['', says] as const);
    if (values['dry-run'] === true) {
      output.one(
        preview,
        said.length === 0 ? [['', 'Everything stays for as long as now.']] : said,
      );
      return;
    }
    if (preview.changes.some(({ removed }) => removed !== null)) {
      await confirm(preview.changes.map(({ says }) => says).join('\n'), values.yes);
    }
    const after = await client().put('/api/telemetry/retention', { body });
    output.one(after, lines(after));
  },
});

export const retentionCommands = [show, edit];
