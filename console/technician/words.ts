/** Sentences for a person on a ladder: what the link does, what waits, and what to do about it. Pure. */
import { bytesOf, clockOf, countedOf, fullTimeOf, spanOf } from '../data/format.ts';
import type { Mark } from '../ui/glyph.ts';
import { gatewaySentence, siteSentence } from './site-words.ts';
import type { LocalDevice, LocalEvent, LocalLane, LocalLink } from './types.ts';

const wayOf = (via: LocalLink['via']): string => {
  if (via === 'neighbour') return 'through a neighbour';
  return via === 'leaf' ? 'through the site’s leaf' : 'directly';
};

export const linkSentence = (link: LocalLink, now: number): string => {
  const since = clockOf(link.since, now);
  switch (link.state) {
    case 'connected':
      return `Connected to the cloud ${wayOf(link.via)} since ${since}.`;
    case 'connecting':
      return `Connecting since ${since}. What runs here keeps running.`;
    case 'offline':
      return `No link to the cloud since ${since}. What runs here keeps running, and everything is sent when it is back.`;
    case 'waiting-for-approval':
      return 'Not approved yet, so there is no link.';
  }
};

const laneWords: Record<string, string> = {
  events: 'Events',
  reported: 'State reports',
  metrics: 'Measurements',
  backfill: 'Earlier measurements',
};
export const laneWord = (lane: string): string => laneWords[lane] ?? lane;

/** One sentence over all lanes: whether anything waits, what for, and when it goes. */
export const backlogSentence = (link: LocalLink): string => {
  const rows = link.lanes.reduce((sum, { backlogRows }) => sum + backlogRows, 0);
  if (rows === 0) return 'Nothing waits to be sent.';
  if (link.state === 'connected' && link.waiting !== '') return link.waiting;
  const when =
    link.state === 'connected'
      ? 'They are being sent.'
      : `They are safe on this device and will be sent ${link.state === 'waiting-for-approval' ? 'once it is approved' : 'when the link is back'}.`;
  return `${countedOf(rows, 'row')} ${rows === 1 ? 'waits' : 'wait'} to be sent. ${rows === 1 ? when.replace('They are', 'It is') : when}`;
};

/** `1,240 rows, 56 kB`, or that the lane is empty. */
export const laneBacklog = (lane: LocalLane): string =>
  lane.backlogRows === 0
    ? 'nothing waits'
    : `${countedOf(lane.backlogRows, 'row')}, ${bytesOf(lane.backlogBytes)}`;

/** From this on an age read off a phone would mislead. */
const skewMsMin = 60_000;

/** How far the device's clock is from this browser's, in words; empty when it does not matter. */
export const clockSentence = (skewMs: number): string =>
  Math.abs(skewMs) < skewMsMin
    ? ''
    : `This device’s clock is ${spanOf(Math.abs(skewMs))} ${skewMs < 0 ? 'behind' : 'ahead of'} yours. Times here are the device’s.`;

/** Until when, why, and what waits for its end. */
const holdSentence = (hold: NonNullable<LocalDevice['hold']>, device: LocalDevice): string => {
  const why = hold.reason === '' ? '' : `: ${hold.reason.replace(/[.\s]*$/, '')}`;
  const waits = device.slots
    .filter(({ status }) => status === 'pending')
    .map(({ bundleName, version }) => ` ${bundleName} ${version} waits.`);
  return `Nothing is changed here until ${clockOf(hold.untilMs, device.now)}${why}.${waits.join('')}`;
};

/** The worst truth about this device, in one mark and one sentence. */
export const deviceVerdict = (
  device: LocalDevice,
  link: LocalLink,
): { mark: Mark; sentence: string } => {
  if (device.registration === 'pending')
    return {
      mark: { shape: 'dashed', tone: 'warn', word: 'Waiting for approval' },
      sentence: device.waiting,
    };
  if (device.registration !== 'approved')
    return {
      mark: { shape: 'cross', tone: 'bad', word: 'Not in the fleet' },
      sentence: device.waiting,
    };
  if (!device.engine.reachable)
    return {
      mark: { shape: 'triangle', tone: 'bad', word: 'No container engine' },
      sentence: 'Neither Docker nor Podman answers. Start it; this agent finds it by itself.',
    };
  if (device.hold !== null)
    return {
      mark: { shape: 'half', tone: 'warn', word: 'Held by a technician' },
      sentence: holdSentence(device.hold, device),
    };
  const failed = device.slots.find((slot) => slot.status === 'failed');
  if (failed !== undefined) {
    const runs =
      failed.runningVersion === null ? 'Nothing of it runs' : `${failed.runningVersion} runs again`;
    const reason = (failed.reason ?? 'no reason given').replace(/\.$/, '');
    return {
      mark: { shape: 'triangle', tone: 'bad', word: 'An update failed' },
      sentence: `${failed.bundleName} ${failed.version}: ${reason}. ${runs}.`,
    };
  }
  if (device.waiting !== '')
    return { mark: { shape: 'half', tone: 'info', word: 'Working' }, sentence: device.waiting };
  if (device.slots.length === 0)
    return {
      mark: { shape: 'ring', tone: 'idle', word: 'Ready, nothing to run' },
      sentence: 'No bundle is deployed here yet. An operator rolls one out from the cloud.',
    };
  if (link.state === 'offline')
    return {
      mark: { shape: 'disc', tone: 'warn', word: 'Running, cut off' },
      sentence: 'Everything that should run is running. The cloud can’t be reached.',
    };
  return {
    mark: { shape: 'disc', tone: 'ok', word: 'All is well' },
    sentence: 'Everything that should run is running.',
  };
};

/** Why the device can't be asked to look again, or null. */
export const reconcileRefusal = (
  device: LocalDevice,
  signedIn: boolean,
  away: boolean,
): string | null => {
  if (away) return 'The device does not answer.';
  if (device.registration !== 'approved') return 'This device is not approved yet.';
  return signedIn ? null : 'Sign in first, with a code from this device.';
};

/** What to read out or send when calling for help; secrets are not in it, for none are known here. */
export const summaryText = (
  device: LocalDevice,
  link: LocalLink,
  events: readonly LocalEvent[],
): string => {
  const { mark, sentence } = deviceVerdict(device, link);
  return [
    `${device.name} at ${device.site}, ${fullTimeOf(device.now)}`,
    `${mark.word}. ${sentence}`,
    linkSentence(link, device.now),
    backlogSentence(link),
    ...(link.site === null
      ? []
      : [`${siteSentence(link.site)} ${gatewaySentence(link.site, device)}`]),
    ...device.slots.map(
      (slot) =>
        `${slot.bundleName}: wanted ${slot.version}, running ${slot.runningVersion ?? 'nothing'}, ${slot.status}${slot.reason === null ? '' : ` (${slot.reason})`}`,
    ),
    `Agent ${device.agentVersion} on ${device.hostname}, engine ${device.engine.reachable ? `${device.engine.kind} ${device.engine.version}` : 'not answering'}`,
    `Device ${device.deviceId}, fingerprint ${device.fingerprint}`,
    ...events
      .slice(0, 10)
      .map((event) => `${fullTimeOf(event.at)} ${event.severity}: ${event.message}`),
  ].join('\n');
};
