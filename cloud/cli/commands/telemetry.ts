/** What devices measure and how well they are. */
import { command } from '../command.ts';
import { ago } from '../core/words.ts';
import { findDevice } from './find.ts';

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

export const telemetryCommands = [metrics, health];
