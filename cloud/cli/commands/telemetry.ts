/** What devices measure and how well they are. */
import type { Schemas } from '@signalbeam/client';
import { type Context, command } from '../command.ts';
import { ago } from '../core/words.ts';
import { findDevice, findGroup } from './find.ts';

const deviceWord = { name: 'DEVICE', about: "a device's name or id" };
const hourMs = 3_600_000;
const rangeMs = {
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': 24 * hourMs,
  '7d': 168 * hourMs,
  '30d': 720 * hourMs,
  '1y': 8_760 * hourMs,
} as const;
const ranges = Object.keys(rangeMs) as (keyof typeof rangeMs)[];
const aggregates = ['avg', 'min', 'max', 'sum', 'count', 'last'] as const;
const shownMetrics = ['cpuPercent', 'memoryPercent', 'diskPercent', 'loadAverage'] as const;
const pointsMax = 30;

/** Three figures are enough to compare by. */
const figure = (value: number | null | undefined): string =>
  value == null ? '–' : Number(value.toPrecision(3)).toString();

const metrics = command({
  name: 'devices metrics',
  summary: 'What devices measured over a range, from samples, hours or days',
  words: [{ ...deviceWord, many: true }],
  flags: {
    range: { type: 'string', choices: ranges, value: 'RANGE', about: 'until now (1h)' },
    step: { type: 'string', value: 'STEP', about: 'of a point: 5m, 1h, 1d' },
    aggregate: { type: 'string', choices: aggregates, value: 'WHICH', about: 'of a step (avg)' },
  },
  examples: [
    'devices metrics gateway-1 --range 24h',
    'devices metrics gateway-1 gateway-2 --range 30d --step 1d --aggregate max',
  ],
  run: async ({ client, output, surroundings }, words, values) => {
    const devices = await Promise.all(words.map((word) => findDevice(client(), word)));
    const names = new Map(devices.map(({ id, name }) => [id, name]));
    const to = surroundings.now();
    const range = rangeMs[(values.range ?? '1h') as keyof typeof rangeMs];
    const query = {
      devices: [...names.keys()].join(','),
      metrics: shownMetrics.join(','),
      from: new Date(to - range).toISOString(),
      to: new Date(to).toISOString(),
      aggregate: (values.aggregate ?? 'avg') as (typeof aggregates)[number],
      maxPoints: pointsMax,
      ...(values.step === undefined ? {} : { step: values.step }),
    };
    const answer = await client().get('/api/telemetry/metrics', { params: { query } });
    const rows = answer.series.flatMap(({ deviceId, points }) =>
      points.map(({ at, values: read }) => ({ name: names.get(deviceId) ?? deviceId, at, read })),
    );
    const columns = [
      { title: 'AT', of: ({ at }: (typeof rows)[number]) => at, whole: true },
      { title: 'DEVICE', of: ({ name }: (typeof rows)[number]) => name },
      ...shownMetrics.map((title, index) => ({
        title,
        of: ({ read }: (typeof rows)[number]) => figure(read[index]),
      })),
    ];
    output.hint(`From ${answer.source}; a point is ${answer.stepMs / 1_000} s.`);
    await output.list(columns, pagesOf(rows), 'There is nothing of this range.');
  },
});

async function* pagesOf<Row>(rows: Row[]): AsyncGenerator<Row[]> {
  yield rows;
}

const health = command({
  name: 'devices health',
  summary: 'How well a device is, 0 to 100, and why',
  words: [deviceWord],
  examples: ['devices health gateway-1'],
  run: async ({ client, output, surroundings }, [word = '']) => {
    const { id, name } = await findDevice(client(), word);
    const found = await client().get('/api/devices/{id}/health', { params: { path: { id } } });
    const { score, level, notHeardSince, parts } = found;
    const since = notHeardSince === null ? null : Date.parse(notHeardSince);
    output.one(found, [
      ['device', name],
      ['score', score === null ? 'none: it is silent' : `${score} of 100 (${level})`],
      ...(since === null ? [] : [['not heard since', ago(since, surroundings.now())] as const]),
      ...Object.entries(parts).map(
        ([part, { points, most, says }]) => [part, `${points}/${most} ${says}`] as const,
      ),
    ]);
  },
});

const spreadMetrics = [
  ...(['cpuPercent', 'memoryPercent', 'memoryUsedBytes', 'diskPercent', 'diskUsedBytes'] as const),
  ...(['loadAverage', 'temperatureCelsius'] as const),
] as const;
const eachBy = ['avg', 'min', 'max'] as const;
type Spread = Schemas['MetricPercentiles']['points'][number];
const spreadColumns = (['devices', 'min', 'p50', 'p95', 'p99', 'max'] as const).map((name) => ({
  title: name.toUpperCase(),
  of: (point: Spread) => figure(point[name]),
}));
const spreadFlags = {
  metric: {
    type: 'string',
    choices: spreadMetrics,
    value: 'METRIC',
    about: 'what is looked at (cpuPercent)',
  },
  range: { type: 'string', choices: ranges, value: 'RANGE', about: 'until now (1h)' },
  step: { type: 'string', value: 'STEP', about: 'of a point: 5m, 1h, 1d' },
  each: {
    type: 'string',
    choices: eachBy,
    value: 'WHICH',
    about: 'what a device counts with in a step (avg)',
  },
} as const;
type SpreadFlags = { [name in keyof typeof spreadFlags]?: string };

const spread = async (
  { client, output, surroundings }: Context,
  of: { site: string } | { groupId: string },
  { metric, range, step, each }: SpreadFlags,
): Promise<void> => {
  const to = surroundings.now();
  const query = {
    ...of,
    metric: (metric ?? 'cpuPercent') as (typeof spreadMetrics)[number],
    each: (each ?? 'avg') as (typeof eachBy)[number],
    from: new Date(to - rangeMs[(range ?? '1h') as keyof typeof rangeMs]).toISOString(),
    to: new Date(to).toISOString(),
    maxPoints: pointsMax,
    ...(step === undefined ? {} : { step }),
  };
  const answer = await client().get('/api/telemetry/percentiles', { params: { query } });
  output.hint(
    `Over ${answer.devices} devices, from ${answer.source}; a point is ${answer.stepMs / 1_000} s.`,
  );
  const columns = [{ title: 'AT', of: ({ at }: Spread) => at, whole: true }, ...spreadColumns];
  await output.list(columns, pagesOf(answer.points), 'There is nothing of this range.');
};

const ofSite = command({
  name: 'sites metrics',
  summary: 'How a metric is spread over the devices of a site: p50, p95 and p99 of their means',
  words: [{ name: 'SITE', about: "a site's name" }],
  flags: spreadFlags,
  examples: ['sites metrics plant-7 --metric memoryPercent --range 24h'],
  run: (context, [site = ''], values) => spread(context, { site }, values),
});

const ofGroup = command({
  name: 'groups metrics',
  summary: 'How a metric is spread over the devices of a group: p50, p95 and p99 of their means',
  words: [{ name: 'GROUP', about: "a group's name or id" }],
  flags: spreadFlags,
  examples: ['groups metrics presses --metric temperatureCelsius --range 7d --each max'],
  run: async (context, [word = ''], values) => {
    const { id: groupId } = await findGroup(context.client(), word);
    await spread(context, { groupId }, values);
  },
});

export const telemetryCommands = [metrics, ofSite, ofGroup, health];
