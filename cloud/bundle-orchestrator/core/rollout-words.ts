/**
 * What a rollout waits for, as one sentence for people: how its devices stand, which wave is at work
 * and what its gate still needs. Names at most three devices, the unreached first, since they are
 * what a person can do something about. Pure.
 */
import type { PaceWait } from './pace.ts';
import {
  isAwaited,
  isFinal,
  isUnreached,
  openIn,
  type Progress,
  type RolloutRow,
  type RolloutStatus,
} from './rollout.ts';
import { timeEndsAt, type WaveState, type WaveWait } from './wave-plan.ts';

/** Names in one sentence; the rest is a number, so the sentence stays one. */
const namesMax = 3;
const dayMs = 86_400_000;

const two = (value: number): string => String(value).padStart(2, '0');

const clock = (atMs: number): string => {
  const minutes = Math.floor((atMs % dayMs) / 60_000);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)} UTC`;
};

const isSameDay = (one: number, other: number): boolean =>
  Math.floor(one / dayMs) === Math.floor(other / dayMs);

/** `14:02 UTC`, and how far away when that is not today. */
const moment = (atMs: number, nowMs: number): string => {
  if (isSameDay(atMs, nowMs)) return clock(atMs);
  const hours = Math.max(1, Math.round((atMs - nowMs) / 3_600_000));
  return `${clock(atMs)}, in ${hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`}`;
};

/** `since 14:02 UTC`, or how long ago when that was not today. */
const since = (atMs: number, nowMs: number): string => {
  if (isSameDay(atMs, nowMs)) return `since ${clock(atMs)}`;
  const hours = Math.max(1, Math.round((nowMs - atMs) / 3_600_000));
  return hours < 48 ? `for ${hours} h` : `for ${Math.round(hours / 24)} days`;
};

const aboutRow = (row: RolloutRow, nowMs: number, why: string): string => {
  if (row.presence === 'never') return `${row.name}, which has never connected`;
  if (isUnreached(row)) {
    return row.lastSeenAtMs === null
      ? `${row.name}, unreached`
      : `${row.name}, unreached ${since(row.lastSeenAtMs, nowMs)}`;
  }
  if (row.status === 'planned') return `${row.name}, ${why}`;
  if (row.status === 'rolling-back') return `${row.name} to go back`;
  return row.status === 'pending' ? `${row.name} to begin` : `${row.name} to finish`;
};

/** `rows`: the first few that are not final; `progress` counts all there are. */
export const sayDevices = (
  rows: readonly RolloutRow[],
  progress: Progress,
  nowMs: number,
  untold = 'where another rollout of it is at work',
): string => {
  const open = rows.filter((row) => !isFinal(row.status));
  const awaited =
    progress.pending + progress.inProgress + progress.rollingBack + progress.unreached;
  const left = awaited + progress.planned;
  if (open.length === 0 || left === 0) return '';
  const order = [...open.filter(isUnreached), ...open.filter((row) => !isUnreached(row))];
  const told = order.filter((row) => isAwaited(row.status));
  // One that was not told yet is named only where nothing else is waited for.
  const named = (told.length > 0 ? told : order)
    .slice(0, namesMax)
    .map((row) => aboutRow(row, nowMs, untold));
  const rest = (told.length > 0 ? awaited : left) - named.length;
  if (rest > 0) named.push(`${rest} more`);
  const failed = progress.failed > 0 ? `, ${progress.failed} failed` : '';
  const counted =
    progress.rollingBack > 0
      ? `${progress.rolledBack} of ${progress.rolledBack + left + progress.succeeded} went back`
      : `${progress.succeeded} of ${progress.total} confirmed`;
  return `${counted}${failed}; waiting for ${named.join('; ')}`;
};

const title = (wave: WaveState, count: number): string =>
  `Wave ${wave.name} (${wave.wave + 1} of ${count})`;

const devicesOf = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const sayGate = (wait: Extract<WaveWait, { kind: 'devices' }>, nowMs: number): string => {
  const { gate, openedAtMs } = wait.wave;
  const { unreached } = wait.wave.counts;
  const rule = gate.unreached;
  const leftOut =
    rule.rule === 'go-on' &&
    unreached > 0 &&
    openedAtMs !== null &&
    nowMs < openedAtMs + rule.afterMs
      ? `; the ${unreached} unreached are left out from ${moment(openedAtMs + rule.afterMs, nowMs)}`
      : '';
  switch (wait.verdict.kind) {
    case 'missing':
      return `; its gate needs ${devicesOf(wait.verdict.confirms)} more${leftOut}`;
    case 'too-few-reached':
      return `; only ${wait.verdict.reached} were reached, at least ${wait.verdict.reachedMin} have to be`;
    default:
      return '';
  }
};

const first = (devices: number): string =>
  devices === 1 ? '1 device is told' : `${devices} devices are told`;

const sayPaceWait = (wait: PaceWait, nowMs: number): string => {
  const { devices } = wait;
  switch (wait.kind) {
    case 'window':
      if (wait.opensAtMs > farthestMs) {
        return `the maintenance window of ${devicesOf(devices)} never opens again`;
      }
      return `${first(devices)} when ${
        wait.sites > 1
          ? `the maintenance windows of ${wait.sites} sites open, the first, of ${wait.site},`
          : `the maintenance window of ${wait.site} opens`
      } at ${moment(wait.opensAtMs, nowMs)}`;
    case 'rate':
      return `${first(devices)} at the rate that was set, the next at ${moment(wait.freeAtMs, nowMs)}`;
    case 'site': {
      const others = wait.sites > 1 ? ` and ${wait.sites - 1} other sites` : '';
      return `${first(devices)} when others at ${wait.site}${others} are done`;
    }
    case 'redundancy': {
      const others = wait.members > 1 ? ` and of ${wait.members - 1} other groups` : '';
      return `${first(devices)} when the others of ${wait.member}${others}, which stand in for them, are done`;
    }
    case 'retry':
      return `${devicesOf(devices)} that failed ${devices === 1 ? 'tries' : 'try'} again, the ${devices === 1 ? 'one' : 'first'} at ${moment(wait.firstAtMs, nowMs)}`;
  }
};

/** What a date can say; a window beyond it does not open. */
const farthestMs = 8.64e15;

const sayPace = (waits: readonly PaceWait[], nowMs: number): string =>
  waits.map((wait) => `; ${sayPaceWait(wait, nowMs)}`).join('');

const namedOf = (names: readonly string[], count: number): string => {
  if (names.length === 0) return '';
  const rest = count - names.length;
  return `: ${names.join('; ')}${rest > 0 ? `; ${rest} more` : ''}`;
};

/** What a gate lacks though enough confirmed. */
const sayLack = (
  wait: Extract<WaveWait, { kind: 'health' | 'alerts' }>,
  names: readonly string[],
): string => {
  const { gate, counts, evidence } = wait.wave;
  const confirmed = `${counts.succeeded} of ${counts.total} confirmed`;
  if (evidence === null) return `${confirmed}; its devices’ health is looked at in a moment`;
  if (wait.kind === 'alerts') {
    const those =
      wait.open === 1 ? 'an alert that was raised on it' : `${wait.open} alerts that were raised`;
    return `${confirmed}; waiting until ${those} since it began (${gate.alertFreeFrom} or worse) ${wait.open === 1 ? 'is' : 'are'} resolved${namedOf(names, wait.open)}`;
  }
  const lacking = counts.succeeded - evidence.well;
  return `${confirmed}; its gate needs a health score of ${gate.healthScoreMin} from ${devicesOf(wait.missing)} more${namedOf(names, lacking)}`;
};

export type WaitingKnown = {
  rollout: {
    status: RolloutStatus;
    requestedBy: string;
    statusReason: string | null;
    /** Why it does not wait for the windows of sites; null: it does. */
    windowsIgnored: string | null;
  };
  waves: readonly WaveState[];
  wait: WaveWait;
  /** Why some who could be told are not. */
  paceWaits: readonly PaceWait[];
  /** Who is not well, or which alerts are open, where a gate waits for that. */
  lacking: readonly string[];
  rows: readonly RolloutRow[];
  progress: Progress;
  /** Of those that failed and are to try again, those whose turn it is not yet. */
  toRetry: number;
};

/** When it stops by itself. */
const sayTime = (wave: WaveState, nowMs: number): string => {
  const endsAtMs = timeEndsAt(wave, nowMs);
  return endsAtMs === null || endsAtMs <= nowMs
    ? ''
    : `; it stops if that is not so by ${moment(endsAtMs, nowMs)}`;
};

const sayWave = (known: WaitingKnown, nowMs: number): string => {
  const { wait, waves, rows, progress, rollout } = known;
  const soon = known.toRetry > 0 ? 'which is told in a moment' : undefined;
  const untold = known.paceWaits.length > 0 ? 'which is told later' : soon;
  switch (wait.kind) {
    case 'start':
      return `Starts ${moment(wait.atMs, nowMs)}`;
    case 'devices': {
      const devices = `${sayDevices(rows, wait.wave.counts, nowMs, untold)}${sayPace(known.paceWaits, nowMs)}`;
      const until = sayTime(wait.wave, nowMs);
      if (waves.length === 1) return `${devices}${until}`;
      return `${title(wait.wave, waves.length)}: ${devices}${sayGate(wait, nowMs)}${until}`;
    }
    case 'health':
    case 'alerts': {
      const lack = `${sayLack(wait, known.lacking)}${sayTime(wait.wave, nowMs)}`;
      return waves.length === 1 ? lack : `${title(wait.wave, waves.length)}: ${lack}`;
    }
    case 'soak':
      return `${title(wait.wave, waves.length)} is good so far; its soak ends ${moment(wait.endsAtMs, nowMs)}`;
    case 'approval': {
      const who = wait.byAnother
        ? `somebody other than ${rollout.requestedBy.replace(/^user:/, '')}`
        : 'somebody';
      return `${title(wait.wave, waves.length)} is good; waiting for ${who} to approve it`;
    }
    case 'stragglers':
      return `${sayDevices(rows, progress, nowMs, untold)}${sayPace(known.paceWaits, nowMs)}`;
    case 'nothing':
      return '';
  }
};

/** An emergency is said for as long as it lasts. */
const withIgnored = (sentence: string, reason: string | null): string =>
  sentence === '' || reason === null
    ? sentence
    : `${sentence}; no window of a site is waited for: ${reason.replace(/[.\s]+$/, '')}`;

const withRetried = (sentence: string, toRetry: number): string => {
  if (toRetry === 0) return sentence;
  const those = `${devicesOf(toRetry)} that failed ${toRetry === 1 ? 'tries' : 'try'} again in a moment`;
  return sentence === '' ? those : `${sentence}; ${those}`;
};

/** Empty when it waits for nothing. */
export const sayWaiting = (known: WaitingKnown, nowMs: number): string => {
  const left = openIn(known.progress);
  if (known.rollout.status === 'cancelled' && left > 0) {
    return `${devicesOf(left)} ${left === 1 ? 'has' : 'have'} yet to get back what was there before`;
  }
  const { status, windowsIgnored } = known.rollout;
  return status === 'paused'
    ? `Paused. ${(known.rollout.statusReason ?? 'Nothing more is told until it is resumed').replace(/\.$/, '')}`
    : withIgnored(withRetried(sayWave(known, nowMs), known.toRetry), windowsIgnored);
};
