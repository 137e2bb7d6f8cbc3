/** The faults a seed may turn on: each by a name that people type, and how often it comes. */
export type FaultKind = (typeof faultKinds)[number];

export const faultKinds = [
  'link-cut',
  'half-open',
  'one-way',
  'hub-away',
  'slow-link',
  'jitter',
  'broker-tail',
  'broker-redelivers',
  'broker-stalls',
  'broker-deleted',
  'replica-killed',
  'replica-paused',
  'commit-fails',
  'commit-unknown',
  'postgres-down',
  'postgres-restored',
  'pressure',
  'agent-killed',
  'power-cut',
  'agent-paused',
  'disk-full',
  'disk-restored',
  'disk-cloned',
  'engine-down',
  'container-crash',
  'container-meddled',
  'slow-pull',
  'pull-fails',
  'probe-fails',
  'clock-1970',
  'clock-future',
  'clock-jump',
  'clock-drift',
  'hostile-replay',
  'hostile-forgery',
  'hostile-misdelivery',
] as const;

export const isFaultKind = (word: string): word is FaultKind =>
  (faultKinds as readonly string[]).includes(word);
