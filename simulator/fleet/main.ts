/**
 * `signalbeam fleet`: a simulated fleet against any cloud, by the real protocol. Registers what its
 * folder does not hold yet, then is there until it is stopped. Exit codes are those of the operator's
 * commands, whose sign-in it uses to make registration tokens.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exitCodeOf, UsageError } from '@signalbeam/cli/exit';
import { openSession } from '@signalbeam/cli/session/session';
import { processSurroundings } from '@signalbeam/cli/surroundings';
import type { Client } from '@signalbeam/client';
import { registerDevice } from './enrol.ts';
import { startFleet } from './fleet.ts';
import { addIdentity, type FleetIdentity, readIdentities } from './identities.ts';

const flags = {
  devices: { type: 'string', default: '100' },
  'site-size': { type: 'string', default: '100' },
  prefix: { type: 'string', default: 'fleet' },
  folder: { type: 'string' },
  seed: { type: 'string', default: '1' },
  leave: { type: 'string', default: '0' },
  flap: { type: 'string', default: '0' },
  'bad-version': { type: 'string', default: '0' },
  beat: { type: 'string', default: '30' },
  'sample-every': { type: 'string', default: '60' },
  pace: { type: 'string', default: '1' },
  for: { type: 'string' },
  url: { type: 'string' },
  profile: { type: 'string' },
} as const;

const devicesMax = 20_000;
const siteSizeMax = 200;
const registeringMax = 8;
const tellEveryMs = 10_000;

const readFlags = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : '');
  }
};

const numberOf = (text: string, flag: string, [min, max]: readonly [number, number]): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new UsageError(`--${flag} is a number from ${min} to ${max}, not \`${text}\`.`);
};

const optionsOf = (args: readonly string[]) => {
  const values = readFlags(args);
  const whole = (flag: 'devices' | 'site-size' | 'seed', range: readonly [number, number]) =>
    Math.round(numberOf(values[flag], flag, range));
  const percent = (flag: 'leave' | 'flap' | 'bad-version') =>
    numberOf(values[flag], flag, [0, 100]);
  const seconds = (flag: 'beat' | 'sample-every') => numberOf(values[flag], flag, [1, 3_600]);
  const options = {
    devices: whole('devices', [1, devicesMax]),
    siteSize: whole('site-size', [1, siteSizeMax]),
    seed: whole('seed', [0, 2 ** 31]),
    leave: percent('leave'),
    flap: percent('flap'),
    badVersion: percent('bad-version'),
    beatMs: seconds('beat') * 1_000,
    sampleEveryMs: seconds('sample-every') * 1_000,
    pace: numberOf(values.pace, 'pace', [0.01, 1_000]),
    forMs: values.for === undefined ? null : numberOf(values.for, 'for', [1, 1e6]) * 1_000,
    prefix: values.prefix,
  };
  if (options.leave + options.flap > 100) throw new UsageError('--leave and --flap exceed 100.');
  return { ...options, values };
};

type Options = ReturnType<typeof optionsOf>;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** One token a site, good for exactly the devices that are missing there. */
const registerMissing = async (
  client: () => Client,
  url: string,
  folder: string,
  options: Options,
): Promise<FleetIdentity[]> => {
  const known = readIdentities(folder);
  const { devices, siteSize, prefix } = options;
  const missing = Array.from({ length: Math.max(0, devices - known.length) }, (_, index) => {
    const number = known.length + index;
    return { number, site: `${prefix}-${Math.floor(number / siteSize) + 1}` };
  });
  const made: FleetIdentity[] = [];
  for (const [site, wished] of Map.groupBy(missing, ({ site }) => site)) {
    const description = 'A simulated fleet';
    const body = { site, maxUses: wished.length, validityDays: 1, autoApprove: true, description };
    const { token } = await client().post('/api/registration-tokens', { body });
    const left = wished.values();
    const worker = async (): Promise<void> => {
      for (const { number } of left) {
        const name = `${prefix}-${String(number + 1).padStart(5, '0')}`;
        const identity = await registerDevice(url, { token, name });
        addIdentity(folder, identity);
        made.push(identity);
      }
    };
    await Promise.all(Array.from({ length: registeringMax }, worker));
    say(`Registered ${known.length + made.length} of ${devices} devices`);
  }
  return [...known, ...made].slice(0, devices);
};

const untilConnected = async (
  fleet: Awaited<ReturnType<typeof startFleet>>,
  stopped: AbortSignal,
) => {
  while (!stopped.aborted) {
    const { devices, connected, away } = fleet.counts();
    if (connected + away >= devices) return;
    await sleep(200);
  }
};

const main = async (args: readonly string[]): Promise<void> => {
  const options = optionsOf(args);
  const surroundings = processSurroundings(process, './signalbeam', process.env);
  const { stopped } = surroundings;
  const session = openSession(options.values, surroundings);
  const url = session.url();
  if (url === null) throw new UsageError('Sign in first, or say where the cloud is with --url.');
  const folder = options.values.folder ?? join('.signalbeam', 'fleets', options.prefix);
  const identities = await registerMissing(session.client, url, folder, options);
  const fleet = await startFleet({ ...options, url }, identities, (count) => {
    if (count % 500 === 0) say(`${count} devices have joined`);
  });
  const ends = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ends.abort());
  if (options.forMs !== null) setTimeout(() => ends.abort(), options.forMs);
  await untilConnected(fleet, AbortSignal.any([stopped, ends.signal]));
  globalThis.gc?.();
  const mebibytes = Math.round(process.memoryUsage().rss / 2 ** 20);
  const tell = (): void => {
    const { devices, connected, away, busy, failed } = fleet.counts();
    say(
      `${connected} of ${devices} devices are connected, ${away} are away, ${busy} update, ${failed} refused a version`,
    );
  };
  tell();
  say(
    `Ready: ${identities.length} devices in ${mebibytes} MiB of memory. Ctrl-C stops it; the folder ${folder} keeps who they are.`,
  );
  const timer = setInterval(tell, tellEveryMs);
  while (!ends.signal.aborted) {
    await sleep(2 ** 30, undefined, { signal: ends.signal }).catch(() => undefined);
  }
  clearInterval(timer);
  await fleet.stop();
};

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  const code = exitCodeOf(error);
  if (code === null) throw error;
  const { message, next } = error as Error & { next?: string };
  say([`signalbeam: ${message}`, ...(next === undefined ? [] : [next])].join('\n  '));
  process.exit(code);
}
