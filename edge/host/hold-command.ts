/**
 * `hold`: a technician at the device keeps the agent from changing anything for a while, or ends that.
 * It works beside a running agent, which notices within half a minute, and before it is started.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { holdSentence } from '../core/hold.ts';
import { endHold, placeHold } from '../store/hold.ts';
import { readIdentity } from '../store/identity.ts';
import type { Options } from './options.ts';

export const holdDevice = (options: Options<'hold'>, now: number): string => {
  const { state: folder, end, reason } = options;
  if (readIdentity(folder) === null) {
    throw new FleetError('not-registered', `There is no agent in ${folder}.`, {
      next: 'Give its folder with --state, or register the device first.',
    });
  }
  if (end)
    return endHold(folder, now)
      ? 'The hold is ended. What waited begins within half a minute.'
      : 'There was no hold to end.';
  const hold = placeHold(folder, { reason, by: 'command', minutes: options.for }, now);
  return [
    holdSentence(hold),
    'Within half a minute the agent starts, stops, removes and repairs nothing; an update that has begun to take over is finished.',
    'End it with signalbeam-agent hold --end.',
  ].join('\n');
};
