/**
 * What a person can do about a rollout now, why not the rest, and what each would do to its devices,
 * said before it is done. Words only: the page asks and acts.
 */
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

const devices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

const failedWords = (failed: number): string[] => {
  if (failed === 0) return [];
  return [`${failed} failed and ${failed === 1 ? 'keeps what it runs' : 'keep what they run'}.`];
};

const cancelBody = ({ progress, version }: Rollout): string => {
  const told = progress.pending + progress.inProgress + progress.unreached;
  const parts = [
    `${told} ${told === 1 ? 'device has not finished and goes back to what it ran before' : 'devices have not finished and go back to what they ran before'}.`,
  ];
  if (progress.planned > 0) parts.push(`${devices(progress.planned)} will not be told.`);
  if (progress.succeeded > 0) {
    const { succeeded } = progress;
    parts.push(`${succeeded} confirmed and ${succeeded === 1 ? 'keeps' : 'keep'} ${version}.`);
  }
  return [...parts, ...failedWords(progress.failed)].join(' ');
};

const rollBackBody = ({ progress, version }: Rollout): string => {
  const { succeeded, pending, inProgress, unreached, failed } = progress;
  const reached = succeeded + pending + inProgress + unreached;
  const back =
    reached === 0
      ? []
      : [
          `${devices(reached)} will be given what each ran before, also those that confirmed ${version}.`,
        ];
  return [...back, ...failedWords(failed)].join(' ');
};

/** What doing it means, for the devices as they are now. */
export const consequenceOf = (verb: RolloutVerb, rollout: Rollout): Consequence => {
  const { progress, version } = rollout;
  const wave = rollout.waves.find(({ state }) => state === 'open')?.name ?? 'at work';
  switch (verb) {
    case 'cancel':
      return {
        title: 'Cancel this rollout?',
        body: cancelBody(rollout),
        leave: 'Keep going',
        confirm: 'Cancel rollout',
        done: 'The rollout is cancelled.',
        isDanger: true,
      };
    case 'rollback':
      return {
        title: 'Take this rollout back?',
        body: rollBackBody(rollout),
        leave: 'Keep it',
        confirm: 'Roll back',
        done: 'The devices are told to go back.',
        isDanger: true,
      };
    case 'retry':
      return {
        title: 'Try the failed devices again?',
        body: `${progress.failed} failed ${progress.failed === 1 ? 'device installs' : 'devices install'} ${version} again, from the start. The others are not touched.`,
        leave: 'Leave them',
        confirm: 'Retry',
        done: 'The failed devices are asked again.',
      };
    case 'pause':
      return {
        title: 'Pause this rollout?',
        body: `No further wave begins and nobody more is told. ${devices(progress.pending)} that ${progress.pending === 1 ? 'has' : 'have'} not begun ${progress.pending === 1 ? 'keeps' : 'keep'} what ${progress.pending === 1 ? 'it runs' : 'they run'}; those at work finish.`,
        leave: 'Keep going',
        confirm: 'Pause',
        done: 'The rollout is paused.',
      };
    case 'resume':
      return {
        title: 'Let this rollout go on?',
        body: 'It goes on where it was. The failures so far are not held against it again.',
        leave: 'Leave it paused',
        confirm: 'Resume',
        done: 'The rollout goes on.',
      };
    case 'approve':
      return {
        title: `Approve wave ${wave}?`,
        body: 'The next wave begins as soon as it is approved. Your name is kept with it.',
        leave: 'Not yet',
        confirm: 'Approve',
        done: 'Approved.',
      };
    case 'advance':
      return {
        title: `Let wave ${wave} pass?`,
        body: 'The next wave begins now, whatever this one’s gate says. Your name is kept with it.',
        leave: 'Wait for the gate',
        confirm: 'Begin the next wave',
        done: 'The next wave begins.',
      };
  }
};
