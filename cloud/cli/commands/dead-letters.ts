/** What could not be taken: counted by cause, looked at, tried again, thrown away. */
import type { Client } from '@signalbeam/client';
import { command } from '../command.ts';
import { listFlags } from '../core/described.ts';
import { ago } from '../core/words.ts';
import { exitCodes, UsageError } from '../exit.ts';
import { pageLimit, printList } from './listing.ts';

const letterWord = { name: 'LETTER', about: '`ingest-…` or `events-…`, as the list shows' };
const events = {
  events: { type: 'boolean', about: 'events that a consumer gave up on instead' },
} as const;
const ofCause = {
  cause: { type: 'string', value: 'CAUSE', about: 'of this cause, as `causes` lists them' },
} as const;
const kindOf = (values: { events?: boolean }) =>
  values.events === true ? ('events' as const) : ('ingest' as const);

const letters = command({
  name: 'dead-letters list',
  summary: 'Messages and rows that could not be taken, the newest first',
  flags: { ...listFlags, ...events, ...ofCause },
  examples: ['dead-letters list', 'dead-letters list --events --limit 5'],
  run: async (context, _words, values) => {
    const { cause } = values;
    const only = cause === undefined ? {} : { cause };
    const query = { kind: kindOf(values), limit: pageLimit(values), ...only };
    await printList(context, values, {
      columns: [
        { title: 'ID', of: ({ id }) => id, whole: true },
        { title: 'AT', of: ({ at }) => at, whole: true },
        { title: 'CODE', of: ({ code }) => code },
        { title: 'OF', of: ({ deviceId, consumer }) => deviceId ?? consumer ?? '' },
        { title: 'WHY', of: ({ reason }) => reason },
      ],
      pages: context.client().pages('/api/telemetry/dead-letters', { params: { query } }),
      none: 'Everything could be taken.',
    });
  },
});

const showLetter = command({
  name: 'dead-letters show',
  summary: 'One of them, its secrets cut out',
  words: [letterWord],
  examples: ['dead-letters show ingest-12'],
  run: async ({ client, output }, [id = '']) => {
    const params = { path: { id } };
    const whole = await client().get('/api/telemetry/dead-letters/{id}', { params });
    const { letter, content } = whole;
    output.one(whole, [
      ['at', letter.at],
      ['subject', letter.subject],
      ['why', `${letter.code}: ${letter.reason}`],
      ['content', content ?? `${letter.bytes} bytes, signed and packed`],
    ]);
  },
});

const causes = command({
  name: 'dead-letters causes',
  summary: 'How many there are of each cause, and since when',
  flags: events,
  examples: ['dead-letters causes'],
  run: async ({ client, output, surroundings }, _words, values) => {
    const query = { kind: kindOf(values) };
    const found = await client().get('/api/telemetry/dead-letters/causes', { params: { query } });
    const now = surroundings.now();
    const pages = async function* () {
      yield found.causes;
    };
    type Cause = (typeof found.causes)[number];
    const columns = [
      { title: 'CAUSE', of: ({ cause }: Cause) => cause, whole: true },
      { title: 'LETTERS', of: ({ letters }: Cause) => String(letters), whole: true },
      { title: 'OLDEST', of: ({ oldestAt }: Cause) => ago(Date.parse(oldestAt), now) },
      { title: 'NEWEST', of: ({ newestAt }: Cause) => ago(Date.parse(newestAt), now) },
    ];
    await output.list(columns, pages(), 'Everything could be taken.');
    if (found.isCut) output.hint('Of the newest 10,000; there are more.');
  },
});

/** Which of them are meant: one by its id, or all of a cause. */
const meant = (id: string | undefined, values: { cause?: string; events?: boolean }) => {
  const { cause } = values;
  if ((id === undefined) === (cause === undefined)) {
    throw new UsageError('Name one LETTER, or all of a --cause.');
  }
  return id === undefined ? { kind: kindOf(values), cause: cause ?? '' } : { id };
};

type OfCause = { kind: 'ingest' | 'events'; cause: string };
const doAll = async (client: Client, verb: 'replay' | 'discard', of: OfCause) => {
  const path = `/api/telemetry/dead-letters/${verb}` as const;
  const total = { done: 0, refused: [] as { id: string; reason: string }[] };
  let cursor: string | null = null;
  do {
    const body: OfCause & { cursor?: string } = cursor === null ? of : { ...of, cursor };
    const part = await client.post(path, { body });
    total.done += part.done;
    total.refused.push(...part.refused);
    cursor = part.nextCursor;
  } while (cursor !== null);
  return total;
};

const replay = command({
  name: 'dead-letters replay',
  summary: 'Try one or all of a cause again, and take them off the list',
  words: [{ ...letterWord, optional: true }],
  flags: { ...ofCause, ...events },
  examples: ['dead-letters replay ingest-12', 'dead-letters replay --cause row-refused'],
  run: async ({ client, output }, [word], values) => {
    const which = meant(word, values);
    if ('id' in which) {
      const params = { path: { id: which.id } };
      const done = await client().post('/api/telemetry/dead-letters/{id}/replay', { params });
      output.one(done, [['', `${which.id} was ${done.outcome}.`]]);
      return exitCodes.ok;
    }
    const total = await doAll(client(), 'replay', which);
    const lines = total.refused.map(({ id, reason }) => [id, reason] as const);
    output.one(total, [['', `${total.done} were tried again.`], ...lines]);
    return total.refused.length === 0 ? exitCodes.ok : exitCodes.refused;
  },
});

const discard = command({
  name: 'dead-letters discard',
  summary: 'Throw one or all of a cause away',
  words: [{ ...letterWord, optional: true }],
  flags: { ...ofCause, ...events, yes: { type: 'boolean', about: "don't ask" } },
  examples: ['dead-letters discard ingest-12', 'dead-letters discard --cause row-refused'],
  run: async ({ client, output, confirm }, [word], values) => {
    const which = meant(word, values);
    if ('id' in which) {
      const { id } = which;
      await confirm(`This throws ${id} away, which can't be undone.`, values.yes);
      await client().delete('/api/telemetry/dead-letters/{id}', { params: { path: { id } } });
      output.one({ id }, [['', `${id} is gone.`]]);
      return;
    }
    await confirm(`This throws all of ${which.cause} away, which can't be undone.`, values.yes);
    const total = await doAll(client(), 'discard', which);
    output.one(total, [['', `${total.done} are gone.`]]);
  },
});

export const deadLetterCommands = [letters, causes, showLetter, replay, discard];
