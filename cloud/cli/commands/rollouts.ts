/** Rollouts: start one, watch it to its end, stop it, let failed devices try again. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Schemas } from '@signalbeam/client';
import { nameOfActor } from '@signalbeam/sync/core/actor';
import {
  consequenceWords,
  type SteerVerb,
  waveAtWork,
} from '@signalbeam/sync/core/rollout-consequences';
import { type Context, command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { progressLine } from '../core/progress.ts';
import type { Column } from '../core/table.ts';
import { fitTo } from '../core/text.ts';
import { ago, counted, durationMs, state } from '../core/words.ts';
import { type ExitCode, exitCodes, UsageError } from '../exit.ts';
import { filterFlags, filterOf } from './choose.ts';
import { findBundle, findDevice } from './find.ts';
import { pageLimit, printList } from './listing.ts';
import { planFlags, planOf, targetOf } from './rollout-plan.ts';
import { showPreview } from './rollout-preview.ts';

type Rollout = Schemas['Rollout'];
type Failure = Schemas['RolloutFailures']['failures'][number];
const rolloutWord = { name: 'ROLLOUT', about: 'its id' };
const waitFlags = {
  wait: { type: 'boolean', about: 'watch it until it has ended; 7 if it did not succeed' },
  timeout: { type: 'string', value: 'TIME', about: 'wait at most so long, such as 30m; then 8' },
} as const;
const lookEveryMs = 1_000;
/** What one rollout takes. */
const devicesMax = 10_000;

const ignoredLine = ({ windowsIgnored, windowsIgnoredBy, windowsIgnoredAt }: Rollout): string =>
  windowsIgnoredBy === null
    ? `ignored: ${windowsIgnored}`
    : `ignored by ${nameOfActor(windowsIgnoredBy)} at ${windowsIgnoredAt}: ${windowsIgnored}`;

const metLine = ({ version, devices, status, rolloutId }: Schemas['RolloutMeeting']): string =>
  `${version} on ${counted(devices, 'device')} (${status.replaceAll('-', ' ')}, ${rolloutId})`;

const waveLine = ({ state, progress, passedBy }: Rollout['waves'][number]): string => {
  const { succeeded, failed, total } = progress;
  const done = `${succeeded} of ${counted(total, 'device')} done`;
  const wrong = failed === 0 ? '' : `, ${failed} failed`;
  const by = passedBy === null ? '' : `, let pass by ${nameOfActor(passedBy)}`;
  return `${state}, ${done}${wrong}${by}`;
};

const lines = (rollout: Rollout) =>
  [
    ['id', rollout.id],
    ['status', rollout.status],
    ['progress', progressLine(rollout, false)],
    // One wave is the rollout itself.
    ...(rollout.waves.length < 2 ? [] : rollout.waves).map(
      (wave) => [`wave ${wave.name}`, waveLine(wave)] as const,
    ),
    ['started', `${rollout.createdAt} by ${nameOfActor(rollout.createdBy)}`],
    ...rollout.overtakes.map((met) => ['overtakes', metLine(met)] as const),
    ...rollout.overtakenBy.map((met) => ['overtaken by', metLine(met)] as const),
    ...(rollout.windowsIgnored === null ? [] : [['site windows', ignoredLine(rollout)] as const]),
    ...(rollout.completedAt === null ? [] : [['ended', rollout.completedAt] as const]),
  ] as const;

/** One line that is written over on a terminal; elsewhere a line whenever something changed. */
const progressTo = ({ surroundings, output }: Context) => {
  const { answers, columns, err } = surroundings;
  let shown = '';
  return {
    show: (rollout: Rollout): void => {
      const line = progressLine(rollout, answers);
      if (line === shown || (output.forPrograms && !answers)) return;
      shown = line;
      err(answers ? `\r\u001b[K${fitTo(line, (columns ?? 80) - 1)}` : `${line}\n`);
    },
    end: (): void => {
      if (answers && shown !== '') err('\n');
    },
  };
};

const timeoutOf = (text: string | undefined): number => {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const ms = durationMs(text);
  if (ms === null) throw new UsageError('--timeout is a time such as 90s, 30m or 2h.');
  return ms;
};

/** A paused rollout waits for a person, so nobody waits for it. */
const goesOn = ({ status }: Rollout): boolean =>
  status === 'scheduled' || status === 'in-progress' || status === 'rolling-back';

const follow = async (context: Context, first: Rollout, timeoutMs: number): Promise<ExitCode> => {
  const { surroundings, output } = context;
  const client: Client = context.client();
  const progress = progressTo(context);
  const params = { path: { id: first.id } };
  const until = surroundings.now() + timeoutMs;
  let rollout = first;
  try {
    progress.show(rollout);
    while (goesOn(rollout)) {
      if (surroundings.now() >= until) break;
      await sleep(lookEveryMs, undefined, { signal: surroundings.stopped });
      rollout = await client.get('/api/rollouts/{id}', { params });
      progress.show(rollout);
    }
  } finally {
    progress.end();
  }
  output.one(rollout, lines(rollout));
  if (goesOn(rollout) || rollout.status === 'paused') return exitCodes.stillWaiting;
  return rollout.status === 'succeeded' ? exitCodes.ok : exitCodes.rolloutFailed;
};

const columns = (now: number): readonly Column<Rollout>[] => [
  { title: 'ID', of: ({ id }) => id, whole: true },
  { title: 'BUNDLE', of: ({ bundleName, version }) => `${bundleName} ${version}` },
  { title: 'STATUS', of: ({ status }) => state(status), whole: true },
  {
    title: 'DONE',
    of: ({ progress }) => `${progress.succeeded} of ${progress.total}`,
    whole: true,
  },
  { title: 'FAILED', of: ({ progress }) => String(progress.failed), whole: true },
  { title: 'STARTED', of: ({ createdAt }) => ago(Date.parse(createdAt), now), whole: true },
  { title: 'WAITING FOR', of: ({ waiting }) => waiting },
];

const list = command({
  name: 'rollouts list',
  summary: 'List rollouts, the newest first',
  flags: listFlags,
  examples: ['rollouts list', 'rollouts list --limit 1 --json'],
  run: async (context, _words, values) => {
    const params = { query: { limit: pageLimit(values) } };
    await printList(context, values, {
      columns: columns(context.surroundings.now()),
      pages: context.client().pages('/api/rollouts', { params }),
      none: 'There were no rollouts.',
    });
  },
});

const show = command({
  name: 'rollouts show',
  summary: 'Show one rollout, with what it waits for',
  words: [rolloutWord],
  flags: waitFlags,
  examples: ['rollouts show 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11 --wait'],
  run: async (context, [id = ''], values): Promise<ExitCode> => {
    const timeoutMs = timeoutOf(values.timeout);
    const rollout = await context.client().get('/api/rollouts/{id}', { params: { path: { id } } });
    if (values.wait === true) return follow(context, rollout, timeoutMs);
    context.output.one(rollout, lines(rollout));
    return exitCodes.ok;
  },
});

const rowStatuses = [
  ...(['planned', 'pending', 'in-progress', 'succeeded', 'failed', 'cancelled'] as const),
  ...(['rolling-back', 'rolled-back'] as const),
];

const devices = command({
  name: 'rollouts devices',
  summary: 'How each device of a rollout stands',
  words: [rolloutWord],
  flags: {
    ...listFlags,
    status: { type: 'string', value: 'STATUS', choices: rowStatuses, about: 'only those' },
  },
  examples: [
    'rollouts devices 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11',
    'rollouts devices 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11 --status failed --all',
  ],
  run: async (context, [id = ''], values) => {
    const status = rowStatuses.find((one) => one === values.status);
    const chosen = status === undefined ? {} : { status };
    const params = { path: { id }, query: { limit: pageLimit(values), ...chosen } };
    await printList<Schemas['RolloutDevice']>(context, values, {
      columns: [
        { title: 'DEVICE', of: ({ name }) => name },
        { title: 'STATUS', of: (row) => state(row.status), whole: true },
        { title: 'REASON', of: ({ reason }) => reason ?? '' },
      ],
      pages: context.client().pages('/api/rollouts/{id}/devices', { params }),
      none: 'There are no devices in it.',
    });
  },
});

const failures = command({
  name: 'rollouts failures',
  summary: 'Why devices of a rollout failed, by cause',
  words: [rolloutWord],
  examples: ['rollouts failures 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11'],
  run: async (context, [id = '']) => {
    const params = { path: { id } };
    const answer = await context.client().get('/api/rollouts/{id}/failures', { params });
    await context.output.list<Failure>(
      [
        { title: 'DEVICES', of: ({ devices: count }) => String(count), whole: true },
        { title: 'CAUSE', of: ({ cause }) => cause },
        { title: 'AS ON', of: ({ newest }) => newest.name },
        { title: 'LAST LINE', of: ({ newest }) => newest.logTail.at(-1) ?? '' },
      ],
      Readable.from([answer.failures]),
      'No device has failed.',
    );
  },
});

type FilterValues = Parameters<typeof filterOf>[1];

const filterValues = (values: FilterValues): FilterValues => {
  const { query, site, status, group, search } = values;
  const given = Object.entries({ query, site, status, group, search });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
};

/** Ids of whom the filter chooses, up to what one rollout takes. */
const chosenIds = async (client: Client, values: FilterValues) => {
  const query = { ...(await filterOf(client, values)), limit: 200 };
  const ids: string[] = [];
  for await (const { id } of client.items('/api/devices', { params: { query } })) {
    if (ids.length === devicesMax) {
      throw new UsageError(`One rollout takes at most ${devicesMax} devices: choose fewer.`);
    }
    ids.push(id);
  }
  return ids;
};

/** By their site or group where that is all that was said, else one by one. */
const whom = async (client: Client, filter: FilterValues, words: readonly string[]) => {
  const target = await targetOf(client, filter);
  if (target !== null) return { target };
  const named = await Promise.all(words.map((word) => findDevice(client, word)));
  const deviceIds = words.length > 0 ? named.map(({ id }) => id) : await chosenIds(client, filter);
  if (deviceIds.length > 0) return { deviceIds };
  throw new UsageError('Nobody is chosen by that; nothing was started.');
};

const start = command({
  name: 'rollouts start',
  summary: 'Roll a version out to devices, all at once or in waves',
  words: [
    { name: 'BUNDLE', about: "a bundle's name or id" },
    { name: 'VERSION', about: 'such as 1.2.0' },
    { name: 'DEVICE', about: "a device's name or id", many: true, optional: true },
  ],
  flags: {
    ...filterFlags,
    ...planFlags,
    ...waitFlags,
    'allow-deprecated': { type: 'boolean', about: 'also if the version is deprecated' },
    'dry-run': {
      type: 'boolean',
      about: 'only say who gets what and when; 5 if it would be refused',
    },
  },
  examples: [
    "rollouts start hello 1.2.0 --query 'ring=canary AND status=online' --wait --timeout 30m",
    'rollouts start hello 1.2.0 gateway-1 gateway-2',
    'rollouts start hello 1.2.0 --site plant-7 --json',
    'rollouts start hello 1.2.0 --group canaries --strategy canary --soak 1h --approval another',
    'rollouts start hello 1.2.0 --site plant-7 --strategy thirds --dry-run',
    "rollouts start hello 1.2.0 --site plant-7 --window '0 2 * * *' --time-zone Europe/Berlin --per-site 2",
  ],
  run: async (context, [bundleWord = '', version = '', ...words], values): Promise<ExitCode> => {
    const client = context.client();
    const timeoutMs = timeoutOf(values.timeout);
    const plan = await planOf(values, context.surroundings.input);
    const filter = filterValues(values);
    const isFiltered = Object.keys(filter).length > 0;
    const isNamed = isFiltered || 'target' in plan;
    if (isNamed === words.length > 0 || (isFiltered && 'target' in plan)) {
      throw new UsageError('Name devices, or choose them with --query, --site, --group …');
    }
    const bundle = await findBundle(client, bundleWord);
    const target = 'target' in plan ? {} : await whom(client, filter, words);
    const allowDeprecated = values['allow-deprecated'] === true;
    const body = { bundleId: bundle.id, version, ...target, ...plan, allowDeprecated };
    if (values['dry-run'] === true) {
      return showPreview(context, await client.post('/api/rollouts/preview', { body }));
    }
    const rollout = await client.post('/api/rollouts', { body });
    if (values.wait === true) return follow(context, rollout, timeoutMs);
    context.output.one(rollout, lines(rollout));
    return exitCodes.ok;
  },
});

/** What can't be taken back by another verb is asked first, with what it means for the devices as they are now. */
const steering = (verb: SteerVerb, summary: string, asks: boolean) =>
  command({
    name: `rollouts ${verb}`,
    summary,
    words: [rolloutWord],
    flags: { ...waitFlags, yes: { type: 'boolean', about: "don't ask" } },
    examples: [`rollouts ${verb} 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11`],
    run: async (context, [id = ''], values): Promise<ExitCode> => {
      const timeoutMs = timeoutOf(values.timeout);
      const client = context.client();
      const path = { id };
      const before = await client.get('/api/rollouts/{id}', { params: { path } });
      const isOver = !goesOn(before) && verb !== 'rollback';
      if (asks && !isOver) await context.confirm(consequenceWords(verb, before), values.yes);
      const wave = waveAtWork(before);
      const rollout =
        wave !== null && (verb === 'approve' || verb === 'advance')
          ? await client.post(`/api/rollouts/{id}/${verb}`, { params: { path, query: { wave } } })
          : await client.post(`/api/rollouts/{id}/${verb}`, { params: { path } });
      if (values.wait === true) return follow(context, rollout, timeoutMs);
      context.output.one(rollout, lines(rollout));
      return exitCodes.ok;
    },
  });

const cancel = steering(
  'cancel',
  'Stop a rollout: unfinished devices get back what they had',
  true,
);
const retry = steering('retry', 'Let the failed devices of a rollout try again', false);

const pause = steering(
  'pause',
  'Hold a rollout: nobody more is told, who has not begun gets back what it had',
  false,
);
const resume = steering('resume', 'Let a paused rollout go on', false);
const approve = steering('approve', 'Approve the wave that waits for it', false);
const advance = steering('advance', 'Let the wave at work pass, whatever its gate says', true);
const rollBack = steering(
  'rollback',
  'Take a rollout back: every device it reached gets what it had before',
  true,
);

const ignoreSiteWindows = command({
  name: 'rollouts ignore-site-windows',
  summary: 'An emergency: a rollout waits for no maintenance window of a site any more',
  words: [rolloutWord],
  flags: { reason: { type: 'string', value: 'TEXT', about: 'why; shown and kept with it' } },
  examples: [
    "rollouts ignore-site-windows 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11 --reason 'The hole is used'",
  ],
  run: async (context, [id = ''], { reason }) => {
    if (reason === undefined) throw new UsageError('Say why with --reason.');
    const params = { path: { id } };
    const rollout = await context
      .client()
      .post('/api/rollouts/{id}/ignore-site-windows', { params, body: { reason } });
    context.output.one(rollout, lines(rollout));
  },
});

const heedSiteWindows = command({
  name: 'rollouts heed-site-windows',
  summary: 'Have a rollout wait for the maintenance windows of sites again',
  words: [rolloutWord],
  examples: ['rollouts heed-site-windows 6f1c2a0e-5a0b-4a52-9d6e-0a4a2f5d7c11'],
  run: async (context, [id = '']) => {
    const params = { path: { id } };
    const rollout = await context.client().post('/api/rollouts/{id}/heed-site-windows', { params });
    context.output.one(rollout, lines(rollout));
  },
});

export const rolloutCommands = [
  ...[list, show, devices, failures, start, retry, cancel],
  ...[pause, resume, approve, advance, rollBack, ignoreSiteWindows, heedSiteWindows],
];
