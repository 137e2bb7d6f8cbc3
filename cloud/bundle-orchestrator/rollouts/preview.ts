/**
 * A rollout before it is made: who would be in which wave, when each could begin and what that hangs on,
 * how much each device would fetch, and who would get nothing or has to wait. Starts nothing. What it
 * can't know it says: times are ranges, bytes are reckoned from what devices said.
 */
import type { Sql } from '@signalbeam/platform/postgres/pool';
import { bundlesPerDeviceMax } from '@signalbeam/sync/core/limits';
import { type Deprecated, deprecatedWords, findToUse } from '../bundles/usable.ts';
import { approvalAsked } from '../core/approval.ts';
import { type Assumed, type ForecastKnown, forecast, type WaveTimes } from '../core/forecast.ts';
import { dependsOn } from '../core/forecast-words.ts';
import { type UnderWay, underWayMeans } from '../core/overtaking.ts';
import { findVersion } from '../store/bundles.ts';
import { type DeviceOutlook, outlookOf, usualDeviceMs } from '../store/rollout-foresight.ts';
import { underWayOn } from '../store/rollout-meetings.ts';
import { findSettings } from '../store/rollout-settings.ts';
import type { Targeted } from '../store/rollout-targets.ts';
import { list, planRollout, type RolloutWish } from './plan.ts';
import {
  assumedWorkMs,
  beginOf,
  type Look,
  type Named,
  type Seen,
  type SeenWave,
  seenOf,
} from './preview-look.ts';
import { type Attention, attentionOf, estimatesOf } from './preview-notes.ts';
import { bytesOf, seenWavesOf } from './preview-seen.ts';
import { calendarOf } from './windows.ts';

/** A container without a health check has to stay up for so long; see the agent. */
const staysUpMs = 5_000;
/** Kinds of devices in a wave, by what they fetch, that are told apart. */
const kindsMax = 10;

type Range = { earliest: string | null; likely: string | null };

export type PreviewDevice = Named & {
  presence: DeviceOutlook['presence'];
  runsIt: boolean;
  bytes: number;
};
export type PreviewWave = {
  name: string;
  devices: number;
  begins: Range;
  /** When the last of its devices could be told. */
  allTold: Range;
  dependsOn: string[];
  bytes: number;
  runIt: number;
  unreached: number;
  /** Its devices by what they fetch, the most first. */
  fetches: { devices: number; bytes: number }[];
  first: PreviewDevice[];
};
export type Preview = {
  devices: number;
  lateJoiners: boolean;
  /** Why it would be refused as things are; null: it would start. */
  refused: string | null;
  /** It is deprecated, and what it means to roll it out all the same. */
  deprecated: (Deprecated & { means: string }) | null;
  bytes: number;
  runIt: number;
  unreached: number;
  /** Images of other registries, whose size is not known here. */
  foreignImages: string[];
  /** Other rollouts of the bundle on the same devices, and what becomes of them. */
  underWay: (Omit<UnderWay, 'isNewer'> & { means: string })[];
  /** Whom it does not reach, or not soon. */
  attention: Attention[];
  /** What is an estimate, and of what. */
  estimates: string[];
  waves: PreviewWave[];
};

const memberOf = (tag: string | null, { tags }: Targeted): string | null =>
  tag === null ? null : (tags.find((one) => one.startsWith(`${tag}=`)) ?? null);

const isoOf = (atMs: number): string | null =>
  Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;

const timesOf = (look: Look): { earliest: WaveTimes[]; likely: WaveTimes[] } => {
  const { wish, calendar, soakMs, usualMs } = look;
  const known: ForecastKnown = {
    beginMs: beginOf(look),
    pace: wish.pace,
    opensAt: calendar,
    waves: look.waves.map(({ wish: { gate }, devices }) => ({
      gate,
      devices: devices.map(({ device, outlook: { runs, presence } }) => {
        const member = memberOf(wish.pace.redundancyTag, device);
        return { site: device.site, member, runs, silent: presence !== 'online' };
      }),
    })),
  };
  const usual: Assumed = {
    deviceMs: Math.max(soakMs, usualMs ?? soakMs + assumedWorkMs),
    silenceLasts: true,
  };
  return {
    earliest: forecast(known, { deviceMs: soakMs, silenceLasts: false }),
    likely: forecast(known, usual),
  };
};

const sumOf = <T>(of: readonly T[], read: (one: T) => number): number =>
  of.reduce((sum, one) => sum + read(one), 0);

const kindsOf = (devices: readonly Seen[]): PreviewWave['fetches'] => {
  const kinds = new Map<number, number>();
  for (const { bytes } of devices) kinds.set(bytes, (kinds.get(bytes) ?? 0) + 1);
  return [...kinds]
    .map(([bytes, count]) => ({ devices: count, bytes }))
    .sort((one, other) => other.devices - one.devices || other.bytes - one.bytes)
    .slice(0, kindsMax);
};

const isSilent = ({ outlook }: Seen): boolean => outlook.presence !== 'online';
const isBusy = ({ outlook }: Seen): boolean => outlook.busyWith !== null;

const before = ({ approvalByAnother }: Look, { wish: { name, gate }, devices }: SeenWave) => {
  const asked = approvalAsked(gate, { requestedBy: '', approvalByAnother });
  return {
    ...{ name, gate: { ...gate, approval: asked }, devices: devices.length },
    silent: devices.filter(isSilent).length,
    busy: devices.filter(isBusy).length,
  };
};

const hangsOn = (look: Look, wave: number): string[] => {
  const { wish, planned, nowMs } = look;
  const last = look.waves[wave - 1];
  if (last !== undefined)
    return dependsOn(before(look, last), wish.pace, planned.standing.size > 0);
  const isLater = wish.startAt !== null && Date.parse(wish.startAt) > nowMs;
  return isLater ? ['The time that was set for its start has come.'] : [];
};

const wavesOf = (look: Look, names: number): PreviewWave[] => {
  const { earliest, likely } = timesOf(look);
  const range = (wave: number, read: (times: WaveTimes) => number): Range => {
    const [one, other] = [earliest[wave], likely[wave]];
    return {
      earliest: one === undefined ? null : isoOf(read(one)),
      likely: other === undefined ? null : isoOf(read(other)),
    };
  };
  return look.waves.map(({ wish: { name }, devices }, wave) => ({
    name,
    devices: devices.length,
    begins: range(wave, ({ beginsAtMs }) => beginsAtMs),
    allTold: range(wave, ({ toldAtMs }) => toldAtMs),
    dependsOn: hangsOn(look, wave),
    bytes: sumOf(devices, ({ bytes }) => bytes),
    runIt: devices.filter(({ outlook }) => outlook.runs).length,
    unreached: devices.filter(isSilent).length,
    fetches: kindsOf(devices),
    first: devices.slice(0, names).map(({ device, outlook, bytes }) => ({
      deviceId: device.deviceId,
      name: device.name,
      presence: outlook.presence,
      runsIt: outlook.runs,
      bytes,
    })),
  }));
};

/** What a version has to soak at least, of all its containers. */
const soakOf = async (sql: Sql, { bundleId, version }: RolloutWish): Promise<number> => {
  const found = await findVersion(sql, bundleId, version);
  const soaks = (found?.containers ?? []).map(
    ({ healthCheck }) => healthCheck?.soakMs ?? staysUpMs,
  );
  return Math.max(0, ...soaks);
};

/** All at once, nobody would see that a busy device did not begin: `start` refuses it then, too. */
const refusedOf = (look: Look): string | null => {
  const { wish } = look;
  if (wish.waves.length > 0 || wish.startAt !== null) return null;
  const busy = seenOf(look).filter(isBusy);
  if (busy.length === 0) return null;
  return `Another rollout of this bundle is at work on ${list(busy.map(({ device }) => device.name))}.`;
};

const deprecationRefused = (
  { allowDeprecated }: RolloutWish,
  deprecated: Deprecated | null,
): string | null =>
  deprecated === null || allowDeprecated
    ? null
    : `${deprecatedWords(deprecated)}. Choose another version, or allow it all the same.`;

const whatItMeans = (look: Look): string => {
  const devices = seenOf(look);
  const fresh = devices.filter(({ outlook }) => !outlook.runs).length;
  const isOne = devices.length === 1;
  const begin =
    fresh === 0
      ? `${isOne ? 'This device runs' : 'All of these devices run'} it already`
      : `${isOne ? 'This device' : `${fresh} of these ${devices.length} devices`} would begin with it`;
  return `${begin}. Whoever runs it goes on, and rollouts may go back to it; it is there until somebody deletes it.`;
};

/** `names`: how many devices of each wave are shown by name. */
export const previewRollout = async (
  sql: Sql,
  tenantId: string,
  wish: RolloutWish,
  { nowMs, names }: { nowMs: number; names: number },
): Promise<Preview> => {
  const { deprecated } = await findToUse(sql, wish);
  const planned = await planRollout(sql, tenantId, wish, nowMs);
  const ids = planned.waves.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
  const { bundleId, version } = wish;
  const asked = { bundleId, version, bundlesMax: bundlesPerDeviceMax };
  const outlooks = await outlookOf(sql, tenantId, asked, ids);
  const { target, bytesOf: bytes } = await bytesOf(sql, tenantId, wish, new Set(outlooks));
  const look: Look = {
    ...{ nowMs, wish, planned, target, waves: seenWavesOf(planned, outlooks, bytes) },
    soakMs: await soakOf(sql, wish),
    usualMs: await usualDeviceMs(sql, tenantId, bundleId),
    approvalByAnother: (await findSettings(sql, tenantId)).approvalByAnother,
    calendar: calendarOf(wish.pace.windows, planned.standing, nowMs),
  };
  const waves = wavesOf(look, names);
  const meeting = { bundleId, startsAt: wish.startAt, ownId: null };
  const met = await underWayOn(sql, tenantId, meeting, ids);
  return {
    devices: ids.length,
    lateJoiners: planned.lateJoiners,
    refused: deprecationRefused(wish, deprecated) ?? refusedOf(look),
    deprecated: deprecated === null ? null : { ...deprecated, means: whatItMeans(look) },
    bytes: sumOf(waves, ({ bytes }) => bytes),
    runIt: sumOf(waves, ({ runIt }) => runIt),
    unreached: sumOf(waves, ({ unreached }) => unreached),
    foreignImages: [...target.foreign],
    underWay: met.map(({ isNewer, ...other }) => ({
      ...other,
      means: underWayMeans({ ...other, isNewer }, version),
    })),
    attention: attentionOf(look, names),
    estimates: estimatesOf(look),
    waves,
  };
};
