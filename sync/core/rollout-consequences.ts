/**
 * What a verb means for the devices of a rollout as they are now, in the same sentences wherever it is
 * asked for: console and command. Words only; who may do it and when is the cloud's to say. Pure.
 */
export type SteerVerb =
  | 'approve'
  | 'resume'
  | 'pause'
  | 'advance'
  | 'retry'
  | 'rollback'
  | 'cancel';

type Counts = {
  total: number;
  planned: number;
  pending: number;
  inProgress: number;
  succeeded: number;
  failed: number;
  unreached: number;
};
export type SteeredRollout = {
  version: string;
  progress: Counts;
  waves: readonly { name: string; state: 'waiting' | 'open' | 'passed'; progress: Counts }[];
};

const devices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

/** Which wave a word is about; null when none is at work. */
export const waveAtWork = ({ waves }: SteeredRollout): number | null => {
  const at = waves.findIndex(({ state }) => state === 'open');
  return at === -1 ? null : at;
};

const failedWords = (failed: number): string[] => {
  if (failed === 0) return [];
  return [`${failed} failed and ${failed === 1 ? 'keeps what it runs' : 'keep what they run'}.`];
};

const cancelWords = ({ progress, version }: SteeredRollout): string[] => {
  const { planned, succeeded, failed } = progress;
  const told = progress.pending + progress.inProgress + progress.unreached;
  const unfinished =
    told === 1
      ? '1 device has not finished and goes back to what it ran before.'
      : `${told} devices have not finished and go back to what they ran before.`;
  return [
    ...(told > 0 ? [unfinished] : []),
    ...(planned > 0 ? [`${devices(planned)} will not be told.`] : []),
    ...(succeeded > 0
      ? [`${succeeded} confirmed and ${succeeded === 1 ? 'keeps' : 'keep'} ${version}.`]
      : []),
    ...failedWords(failed),
  ];
};

const rollbackWords = ({ progress, version }: SteeredRollout): string[] => {
  const { succeeded, pending, inProgress, unreached, planned, failed } = progress;
  const reached = succeeded + pending + inProgress + unreached;
  return [
    ...(reached > 0
      ? [
          `${devices(reached)} will be given what each ran before, also those that confirmed ${version}.`,
        ]
      : []),
    ...(planned > 0 ? [`${devices(planned)} will not be told.`] : []),
    ...failedWords(failed),
  ];
};

const pauseWords = ({ progress: { pending } }: SteeredRollout): string[] => [
  'No further wave begins and nobody more is told.',
  ...(pending === 0
    ? []
    : [
        `${devices(pending)} that ${pending === 1 ? 'has' : 'have'} not begun ${pending === 1 ? 'keeps what it runs' : 'keep what they run'}.`,
      ]),
  'Those at work finish.',
];

/** Why a word about that wave comes too late; null: it does not. */
export const wordTooLate = ({ waves }: SteeredRollout, meant: number | null): string | null => {
  const wave = meant === null ? undefined : waves[meant];
  return wave?.state === 'passed' ? `Wave ${wave.name} was passed meanwhile.` : null;
};

/** Whom a wave that begins next is for, `at` being the one at work. */
const nextWords = ({ waves }: SteeredRollout, at: number | null): string => {
  const next = at === null ? undefined : waves[at + 1];
  return next === undefined
    ? 'No wave follows; it is the last one, and counts as passed'
    : `Wave ${next.name}, ${devices(next.progress.total)}, begins`;
};

const advanceWords = (rollout: SteeredRollout, at: number | null): string[] => {
  const wave = at === null ? undefined : rollout.waves[at];
  const { failed = 0, total = 0 } = wave?.progress ?? {};
  return [
    `${nextWords(rollout, at)} now, whatever this one’s gate says.`,
    ...(failed > 0 ? [`Of this one’s ${total}, ${failed} failed.`] : []),
    'Your name is kept with it.',
  ];
};

const retryWords = ({ progress: { failed }, version }: SteeredRollout): string[] => [
  `${failed} failed ${failed === 1 ? 'device installs' : 'devices install'} ${version} again, from the start.`,
  'The others are not touched.',
];

/** `meant`: the wave that a word about one wave is about. */
export const consequenceWords = (
  verb: SteerVerb,
  rollout: SteeredRollout,
  meant: number | null = waveAtWork(rollout),
): string => {
  switch (verb) {
    case 'cancel':
      return cancelWords(rollout).join(' ');
    case 'rollback':
      return rollbackWords(rollout).join(' ');
    case 'retry':
      return retryWords(rollout).join(' ');
    case 'pause':
      return pauseWords(rollout).join(' ');
    case 'resume':
      return 'It goes on where it was. The failures so far are not held against it again.';
    case 'approve':
      return `${nextWords(rollout, meant)} as soon as this one is approved. Your name is kept with it.`;
    case 'advance':
      return advanceWords(rollout, meant).join(' ');
  }
};
