/**
 * What a person can do about a rollout now, why not the rest, and what each would do to its devices,
 * said before it is done. Words only: the page asks and acts.
 */
import { consequenceWords } from '@signalbeam/sync/core/rollout-consequences';
import type { Rollout, RolloutVerb } from '../data/rollout-types.ts';
import type { IconName } from '../ui/icons.ts';

export type RolloutAction = {
  verb: RolloutVerb;
  label: string;
  /** Why it can't be done now; null when it can. */
  refused: string | null;
  look?: string;
  icon?: IconName;
};

export const rolloutVerbs: readonly RolloutVerb[] = [
  'approve',
  'resume',
  'pause',
  'advance',
  'retry',
  'rollback',
  'cancel',
];

const isOver = ({ status }: Rollout): boolean =>
  ['succeeded', 'failed', 'cancelled', 'rolled-back'].includes(status);

/** Why nothing more can be asked of it; null when something can. */
export const overOrBack = (rollout: Rollout): string | null => {
  if (isOver(rollout)) return 'It is over already.';
  return rollout.status === 'rolling-back' ? 'It goes back already.' : null;
};

const advanceRefused = (rollout: Rollout): string | null => {
  if (rollout.status === 'scheduled') return 'It has not begun.';
  if (overOrBack(rollout) !== null) return overOrBack(rollout);
  return rollout.waves.some(({ state }) => state === 'open') ? null : 'No wave is at work.';
};

const rollBackRefused = ({ status, progress }: Rollout): string | null => {
  if (status === 'rolling-back') return 'It goes back already.';
  if (status === 'rolled-back' || status === 'cancelled') return 'There is nothing to take back.';
  const reached = progress.succeeded + progress.inProgress + progress.pending + progress.unreached;
  if (reached > 0) return null;
  return progress.failed > 0 ? null : 'No device was told yet.';
};

const inWaves = ({ waves }: Rollout): boolean => waves.length > 1;

/** Where another person has to look at it, whoever made it may not. `me`: as the audit log calls them. */
const ownRefused = ({ awaitsApproval, requestedBy }: Rollout, me: string): string | null =>
  awaitsApproval === 'another-person' && requestedBy === me
    ? 'You made it: another person approves it.'
    : null;

export const rolloutActions = (rollout: Rollout, me: string): RolloutAction[] => {
  const { status, progress } = rollout;
  const actions: RolloutAction[] = [];
  // There from the start where it will be wanted: a button must not come up under somebody's pointer.
  if (!isOver(rollout) && rollout.waves.some(({ gate }) => gate.approval !== 'none')) {
    const none = rollout.awaitsApproval === null ? 'No wave waits for approval now.' : null;
    const refused = none ?? ownRefused(rollout, me);
    actions.push({ verb: 'approve', label: 'Approve', refused, look: 'primary' });
  }
  if (status === 'paused') {
    actions.push({ verb: 'resume', label: 'Resume', refused: null, look: 'primary' });
  } else if (!isOver(rollout)) {
    actions.push({ verb: 'pause', label: 'Pause', refused: overOrBack(rollout) });
  }
  if (inWaves(rollout) && !isOver(rollout)) {
    const refused = advanceRefused(rollout) ?? ownRefused(rollout, me);
    actions.push({ verb: 'advance', label: 'Next wave', refused });
  }
  const noFailed = progress.failed === 0 ? 'No device has failed.' : null;
  const isBack = ['rolling-back', 'rolled-back', 'cancelled'].includes(status);
  actions.push({
    verb: 'retry',
    label: 'Retry failed',
    icon: 'refresh',
    refused: noFailed ?? (isBack ? 'It was taken back.' : null),
  });
  actions.push({
    verb: 'rollback',
    label: 'Roll back',
    refused: rollBackRefused(rollout),
    look: 'danger',
  });
  actions.push({ verb: 'cancel', label: 'Cancel', refused: overOrBack(rollout), look: 'danger' });
  return actions;
};

export type Consequence = {
  title: string;
  body: string;
  leave: string;
  confirm: string;
  /** What is said when it is done. */
  done: string;
  isDanger?: boolean;
};

/** What doing it means, for the devices as they are now. `meant`: the wave that it was asked about. */
export const consequenceOf = (
  verb: RolloutVerb,
  rollout: Rollout,
  meant: number | null,
): Consequence => {
  const wave = meant === null ? 'at work' : (rollout.waves[meant]?.name ?? 'at work');
  const body = consequenceWords(verb, rollout, meant);
  switch (verb) {
    case 'cancel':
      return {
        title: 'Cancel this rollout?',
        body,
        leave: 'Keep going',
        confirm: 'Cancel rollout',
        done: 'The rollout is cancelled.',
        isDanger: true,
      };
    case 'rollback':
      return {
        title: 'Take this rollout back?',
        body,
        leave: 'Keep it',
        confirm: 'Roll back',
        done: 'The devices are told to go back.',
        isDanger: true,
      };
    case 'retry':
      return {
        title: 'Try the failed devices again?',
        body,
        leave: 'Leave them',
        confirm: 'Retry',
        done: 'The failed devices are asked again.',
      };
    case 'pause':
      return {
        title: 'Pause this rollout?',
        body,
        leave: 'Keep going',
        confirm: 'Pause',
        done: 'The rollout is paused.',
      };
    case 'resume':
      return {
        title: 'Let this rollout go on?',
        body,
        leave: 'Leave it paused',
        confirm: 'Resume',
        done: 'The rollout goes on.',
      };
    case 'approve':
      return {
        title: `Approve wave ${wave}?`,
        body,
        leave: 'Not yet',
        confirm: 'Approve',
        done: 'Approved.',
      };
    case 'advance':
      return {
        title: `Let wave ${wave} pass?`,
        body,
        leave: 'Wait for the gate',
        confirm: 'Begin the next wave',
        done: 'The next wave begins.',
      };
  }
};
