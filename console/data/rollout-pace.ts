/** How fast a rollout goes and when, in words, and from what a person typed. */
import type { RolloutPace } from './rollout-types.ts';

export type PaceChoice = {
  /** As a person writes it, by their own clock; empty: at once. */
  startAt: string;
  /** Empty: at any time. */
  cron: string;
  timeZone: string;
  minutes: number;
  devicesPerHourMax: number | null;
  perSiteMax: number | null;
  redundancyTag: string;
  deviceTimeoutMinutes: number | null;
  retriesMax: number | null;
  /** Empty: it waits for the windows of sites. */
  ignoreSiteWindows: string;
};

export const noPace: PaceChoice = {
  startAt: '',
  cron: '',
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  minutes: 60,
  devicesPerHourMax: null,
  perSiteMax: null,
  redundancyTag: '',
  deviceTimeoutMinutes: null,
  retriesMax: null,
  ignoreSiteWindows: '',
};

/** How long after it failed one is told again, and twice as long each further time. */
export const retryAfterMinutes = 5;

export const paceOf = (choice: PaceChoice): RolloutPace => {
  const { cron, timeZone, minutes, devicesPerHourMax, perSiteMax } = choice;
  const tag = choice.redundancyTag.trim();
  return {
    windows: cron.trim() === '' ? [] : [{ cron: cron.trim(), timeZone, minutes, sites: null }],
    devicesPerHourMax,
    perSiteMax,
    redundancyTag: tag === '' ? null : tag,
    deviceTimeoutMs:
      choice.deviceTimeoutMinutes === null ? null : choice.deviceTimeoutMinutes * 60_000,
    retriesMax: choice.retriesMax ?? 0,
    retryAfterMs: retryAfterMinutes * 60_000,
  };
};

/** Null: at once, or what was written is no time. */
export const startAtOf = ({ startAt }: PaceChoice): string | null => {
  const ms = startAt === '' ? Number.NaN : new Date(startAt).getTime();
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
};

const windowWords = ({
  cron,
  timeZone,
  minutes,
  sites,
}: RolloutPace['windows'][number]): string => {
  const where = sites === null ? '' : ` at ${sites.join(', ')}`;
  return `only${where} for ${minutes} min from “${cron}” (${timeZone})`;
};

const spanWords = (ms: number): string =>
  ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${Math.round(ms / 6_000) / 10} min`;

/** Empty for a rollout that tells everybody at once. */
export const paceWords = (pace: RolloutPace): string =>
  [
    ...pace.windows.map(windowWords),
    ...(pace.devicesPerHourMax === null ? [] : [`at most ${pace.devicesPerHourMax} an hour`]),
    ...(pace.perSiteMax === null ? [] : [`at most ${pace.perSiteMax} at work at a site`]),
    ...(pace.redundancyTag === null
      ? []
      : [`one at a time of those with the same ${pace.redundancyTag}`]),
    ...(pace.deviceTimeoutMs === null
      ? []
      : [`at most ${spanWords(pace.deviceTimeoutMs)} for a device`]),
    ...(pace.retriesMax === 0
      ? []
      : [`who fails tries again ${pace.retriesMax}×, first after ${spanWords(pace.retryAfterMs)}`]),
  ].join(' · ');
