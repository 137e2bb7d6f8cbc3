/** The faults a seed may turn on: each by a name that people type, and how often it comes. */
export type FaultKind = (typeof faultKinds)[number];

/** Only where devices form a mesh. */
export const siteFaults = [
  'lan-loss',
  'lan-doubled',
  'lan-late',
  'lan-split',
  'lan-one-way',
  'lan-deaf',
  'address-moved',
  'guest-changed',
  'keys-rotated',
  'root-rotated',
  'snapshot-renewed',
  'device-revoked',
  'database-damaged',
  'trust-file-damaged',
  'hostile-member',
  'hostile-records',
] as const;
export type SiteFault = (typeof siteFaults)[number];

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
  'stranger-pulls',
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
  ...siteFaults,
  'disk-fails',
  'orchestrator-killed',
  'ingest-away',
] as const;

export const isFaultKind = (word: string): word is FaultKind =>
  (faultKinds as readonly string[]).includes(word);

export const isSiteFault = (kind: FaultKind): kind is SiteFault =>
  (siteFaults as readonly string[]).includes(kind);

/** Only where versions are rolled out. */
export const isRolloutFault = (kind: FaultKind): boolean => kind === 'orchestrator-killed';
