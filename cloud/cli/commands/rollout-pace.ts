/** How fast a rollout goes, as flags: maintenance windows, a rate, limits of sites and redundancy groups. */
import type { Schemas } from '@signalbeam/client';
import type { FlagSpec } from '../core/described.ts';
import { durationMs } from '../core/words.ts';
import { UsageError } from '../exit.ts';

export type Pace = Schemas['RolloutPace'];

export const paceFlags = {
  window: {
    ...{ type: 'string', value: 'CRON', multiple: true },
    about: "tell devices only when it opens, such as '0 2 * * SAT'",
  },
  for: { type: 'string', value: 'TIME', about: 'how long the windows are open; 1h when left out' },
  'time-zone': { type: 'string', value: 'ZONE', about: 'of the windows, such as Europe/Berlin' },
  'per-hour': { type: 'string', value: 'N', about: 'devices to tell in an hour, at most' },
  'per-site': { type: 'string', value: 'N', about: 'devices at work at one site, at most' },
  redundancy: {
    ...{ type: 'string', value: 'TAG' },
    about: 'a tag: of devices with the same value one is at work at once',
  },
  'device-timeout': {
    ...{ type: 'string', value: 'TIME' },
    about: 'a device that is heard of and takes longer fails, such as 30m',
  },
  retries: { type: 'string', value: 'N', about: 'tell one that failed again, up to 10 times' },
  'retry-after': {
    ...{ type: 'string', value: 'TIME' },
    about: 'how long after it failed; twice as long each further time; 5m',
  },
} as const satisfies Record<string, FlagSpec>;

export type PaceValues = {
  window?: string[];
  for?: string;
  'time-zone'?: string;
  'per-hour'?: string;
  'per-site'?: string;
  redundancy?: string;
  'device-timeout'?: string;
  retries?: string;
  'retry-after'?: string;
};

const countOf = (text: string | undefined, flag: string): number | null => {
  if (text === undefined) return null;
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new UsageError(`--${flag} is a number from 1.`);
  return Number(text);
};

const minutesOf = (text: string): number => {
  const ms = durationMs(text);
  if (ms === null || ms < 60_000) throw new UsageError('--for is a time such as 90m or 2h.');
  return Math.round(ms / 60_000);
};

const timeOf = (text: string | undefined, flag: string, minMs: number): number | null => {
  if (text === undefined) return null;
  const ms = durationMs(text);
  if (ms === null || ms < minMs) throw new UsageError(`--${flag} is a time such as 30m or 2h.`);
  return ms;
};

const retriesOf = ({ retries, 'retry-after': after }: PaceValues) => {
  if (retries === undefined && after !== undefined)
    throw new UsageError('--retry-after says more about --retries; there are none.');
  const retriesMax = countOf(retries, 'retries') ?? 0;
  if (retriesMax > 10) throw new UsageError('--retries is a number from 1 to 10.');
  return { retriesMax, retryAfterMs: timeOf(after, 'retry-after', 1_000) ?? 300_000 };
};

export const paceOf = (values: PaceValues): Pace => {
  const crons = values.window ?? [];
  if (crons.length === 0 && (values.for !== undefined || values['time-zone'] !== undefined)) {
    throw new UsageError('--for and --time-zone say more about a --window; there is none.');
  }
  const minutes = minutesOf(values.for ?? '1h');
  const timeZone = values['time-zone'] ?? 'UTC';
  return {
    windows: crons.map((cron) => ({ cron, timeZone, minutes, sites: null })),
    devicesPerHourMax: countOf(values['per-hour'], 'per-hour'),
    perSiteMax: countOf(values['per-site'], 'per-site'),
    redundancyTag: values.redundancy ?? null,
    deviceTimeoutMs: timeOf(values['device-timeout'], 'device-timeout', 60_000),
    ...retriesOf(values),
  };
};
