/** Sentences for a person on a ladder: what the link does, what waits, and what to do about it. Pure. */
import { clockOf, countedOf } from '../data/format.ts';
import type { Mark } from '../ui/glyph.ts';
import type { LocalDevice, LocalLane, LocalLink } from './types.ts';

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

/** Empty when nothing waits. */
export const backlogSentence = (lane: LocalLane, link: LocalLink, now: number): string => {
  if (lane.backlogRows === 0) return '';
  const oldest = lane.oldestAt === null ? '' : `, the oldest from ${clockOf(lane.oldestAt, now)}`;
  const when =
    link.state === 'connected'
      ? 'They are being sent.'
      : 'They will be sent when the link is back.';
  return `${countedOf(lane.backlogRows, 'row')} of ${lane.lane} waiting${oldest}. ${when}`;
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
  const failed = device.slots.find((slot) => slot.status === 'failed');
  if (failed !== undefined) {
    const runs =
      failed.runningVersion === null ? 'Nothing of it runs' : `${failed.runningVersion} runs again`;
    return {
      mark: { shape: 'triangle', tone: 'bad', word: 'An update failed' },
      sentence: `${failed.bundleName} ${failed.version}: ${failed.reason ?? 'no reason given'}. ${runs}.`,
    };
  }
  if (device.waiting !== '')
    return { mark: { shape: 'half', tone: 'info', word: 'Working' }, sentence: device.waiting };
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
