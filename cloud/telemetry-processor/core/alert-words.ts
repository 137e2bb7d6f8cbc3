/**
 * What alerts say, to people who were asleep: what is wrong, where, since when, and what follows.
 * Times are told in UTC, because nobody knows where the reader is. Pure.
 */
import { type AlertRule, errorWindowMs, type RuleType } from './alert-rules.ts';

export type Facts = {
  rule: Pick<AlertRule, 'type' | 'threshold' | 'forSeconds'>;
  deviceName: string;
  site: string;
  value: number | null;
  /** ISO 8601. */
  since: string;
};
type Words = { title: string; detail: string };

export const spanOf = (seconds: number): string => {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86_400
    ? `${Math.round(seconds / 3600)} h`
    : `${Math.round(seconds / 86_400)} d`;
};

const momentOf = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

const rounded = (value: number | null): string =>
  value === null ? '?' : String(Math.round(value * 10) / 10);

const overThreshold = (what: string, unit: string, { rule, value, since }: Facts): string =>
  `${what} is at ${rounded(value)} ${unit} and has been at ${rounded(rule.threshold)} ${unit} or above since ${momentOf(since)}.`;

const detailOf: Record<Exclude<RuleType, 'rollout-failed'>, (facts: Facts) => Words> = {
  'device-offline': ({ deviceName, site, since }) => ({
    title: `${deviceName} is offline`,
    detail: `Nothing has been heard of ${deviceName} at ${site} since ${momentOf(since)}, while other devices of the site answer or were offline before. What runs on it goes on; what it measured comes when it is back.`,
  }),
  'device-unhealthy': ({ deviceName, value, since }) => ({
    title: `${deviceName} is unhealthy`,
    detail: `The device says that ${rounded(value)} of its parts are not well: containers that fail their health check, bundles that failed, or a container engine that does not answer. So since ${momentOf(since)}.`,
  }),
  'high-error-rate': ({ deviceName, value }) => ({
    title: `${deviceName} reports many errors`,
    detail: `${rounded(value)} errors came in ${spanOf(errorWindowMs / 1_000)}. The device's events say which.`,
  }),
  'high-cpu': (facts) => ({
    title: `The processor of ${facts.deviceName} is busy`,
    detail: overThreshold('Processor use', '%', facts),
  }),
  'high-memory': (facts) => ({
    title: `The memory of ${facts.deviceName} is nearly full`,
    detail: overThreshold('Memory use', '%', facts),
  }),
  'low-disk': (facts) => ({
    title: `The disk of ${facts.deviceName} is nearly full`,
    detail: `${overThreshold('Disk use', '%', facts)} The agent starts no download when the disk falls below its floor.`,
  }),
  'low-battery': ({ deviceName, rule, value, since }) => ({
    title: `The battery of ${deviceName} is low`,
    detail: `${rounded(value === null ? null : 100 - value)} % of its battery are left and no power is connected; it has been at ${rounded(rule.threshold)} % or below since ${momentOf(since)}.`,
  }),
  'high-temperature': (facts) => ({
    title: `${facts.deviceName} is hot`,
    detail: overThreshold('The temperature', '°C', facts),
  }),
};

export const deviceWords = (facts: Facts): Words =>
  facts.rule.type === 'rollout-failed'
    ? { title: facts.deviceName, detail: '' }
    : detailOf[facts.rule.type](facts);

export const siteWords = (site: string, devices: number, since: string): Words => ({
  title: `Site ${site} is offline: ${devices} devices`,
  detail: `Nothing has been heard of any device at ${site} since ${momentOf(since)}. Its gateway or its link to the cloud is the likely cause. The site goes on by itself; this alert stands for its ${devices} devices.`,
});

export const rolloutWords = (
  facts: { bundleName: string; version: string; status: string; total: number },
  failed: number,
): Words => ({
  title: `Rollout of ${facts.bundleName} ${facts.version} failed on ${failed} of ${facts.total} devices`,
  detail: `The rollout is ${facts.status}. Devices that failed went back to what they ran before; the rollout's page groups them by cause.`,
});
