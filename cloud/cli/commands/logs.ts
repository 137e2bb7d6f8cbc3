/** `devices logs`: what a container writes, from the device itself; the stream ends the session there. */
import type { Client } from '@signalbeam/client';
import { plainLogText } from '@signalbeam/sync/core/log-session';
import { z } from 'zod';
import { type Context, command } from '../command.ts';
import { type ExitCode, exitCodes, notFound, UsageError } from '../exit.ts';
import { readEvents } from '../terminal/server-events.ts';
import { findDevice } from './find.ts';

const entrySchema = z.union([
  z.object({ at: z.string(), output: z.enum(['stdout', 'stderr']), text: z.string() }),
  z.object({ leftOut: z.number() }),
  z.object({ at: z.string(), note: z.string() }),
]);
type Entry = z.infer<typeof entrySchema>;
const linesSchema = z.object({ entries: z.array(entrySchema) });
const endedSchema = z.object({
  reason: z.string(),
  says: z.string(),
  lastFailure: z
    .object({ at: z.string(), message: z.string(), lines: z.array(z.string()) })
    .nullish(),
});
type Ended = z.infer<typeof endedSchema>;

/** What is not said here did not work, and may another time. */
const codes: Readonly<Record<string, ExitCode>> = {
  complete: exitCodes.ok,
  'time-is-up': exitCodes.ok,
  'container-not-found': exitCodes.notFound,
  'signed-out': exitCodes.notSignedIn,
};

const notes: Readonly<Record<string, string>> = {
  stopped: 'the container stopped',
  started: 'the container started',
  replaced: 'another container took its place',
  'engine-away': 'the container engine does not answer',
};

const tailOf = (text: string): number => {
  const tail = Number(text);
  if (Number.isInteger(tail) && tail >= 0 && tail <= 1_000) return tail;
  throw new UsageError(`--tail is a number up to 1000, not \`${text}\`.`);
};

/** `bundle/container`, or a container's name alone; the only one if nothing is said. */
const chooseContainer = async (client: Client, id: string, word: string | undefined) => {
  const [first = '', second] = word?.split('/') ?? [];
  if (second !== undefined) return { bundle: first, container: second };
  if (first !== '') return { container: first };
  const { containers } = await client.get('/api/devices/{id}/reported', {
    params: { path: { id } },
  });
  const [only, other] = containers;
  if (only === undefined) throw notFound('The device runs no container.');
  const names = containers.map(({ bundleName, name }) => `${bundleName}/${name}`);
  if (other !== undefined) throw new UsageError(`Say which container: ${names.join(', ')}.`);
  return { bundle: only.bundleName, container: only.name };
};

const printEntry = ({ output, surroundings }: Context, entry: Entry, withTimes: boolean): void => {
  if (output.forPrograms) surroundings.out(`${JSON.stringify(entry)}\n`);
  else if ('leftOut' in entry) output.hint(`… ${entry.leftOut} lines left out …`);
  else if ('note' in entry) output.hint(`— ${notes[entry.note] ?? 'something happened'} —`);
  else {
    const text = plainLogText(entry.text);
    const shown = entry.output === 'stderr' ? output.paint(text, 'waiting') : text;
    surroundings.out(withTimes ? `${entry.at} ${shown}\n` : `${shown}\n`);
  }
};

const printEnd = ({ output, surroundings }: Context, ended: Ended): ExitCode => {
  const { reason, says, lastFailure } = ended;
  if (output.forPrograms) surroundings.out(`${JSON.stringify({ ended })}\n`);
  if (reason !== 'complete') output.hint(plainLogText(says));
  if (lastFailure) {
    output.hint(`The last lines kept, of ${lastFailure.at}: ${plainLogText(lastFailure.message)}`);
    for (const line of lastFailure.lines) output.hint(`  ${plainLogText(line)}`);
  }
  return codes[reason] ?? exitCodes.unreachable;
};

const logs = command({
  name: 'devices logs',
  summary: 'What a container on a device writes, from the device itself',
  words: [
    { name: 'DEVICE', about: "a device's name or id" },
    {
      name: 'CONTAINER',
      about: '`bundle/container` or its name, if there are several',
      optional: true,
    },
  ],
  flags: {
    tail: { type: 'string', value: 'N', about: 'so many last lines (200, up to 1000)' },
    since: { type: 'string', value: 'AGE', about: 'none older than this: 90s, 15m, 1h, 2d' },
    follow: { type: 'boolean', about: 'go on with each new line, until Ctrl-C' },
    timestamps: { type: 'boolean', about: 'begin each line with its time' },
  },
  examples: [
    'devices logs gateway-1 hello/web --tail 200 --since 1h --follow',
    'devices logs gateway-1 --jsonl',
  ],
  run: async (context, [word = '', which], values) => {
    const client = context.client();
    const { id } = await findDevice(client, word);
    const query = {
      ...(await chooseContainer(client, id, which)),
      tail: tailOf(values.tail ?? '200'),
      follow: values.follow === true ? ('true' as const) : ('false' as const),
      ...(values.since === undefined ? {} : { since: values.since }),
    };
    const body = (await client.get('/api/devices/{id}/logs', {
      params: { path: { id }, query },
      headers: { accept: 'text/event-stream' },
      parseAs: 'stream',
      signal: context.surroundings.stopped,
    })) as unknown as ReadableStream<Uint8Array>;
    for await (const { event, data } of readEvents(body)) {
      if (event === 'ended') return printEnd(context, endedSchema.parse(JSON.parse(data)));
      if (event !== 'lines') continue;
      const { entries } = linesSchema.parse(JSON.parse(data));
      for (const entry of entries) printEntry(context, entry, values.timestamps === true);
    }
    context.output.hint('The cloud ended the stream.');
    return exitCodes.unreachable;
  },
});

export const logCommands = [logs];
