/**
 * Ways to roll out, by name: each is a list of waves that the API takes. What a person chooses is a
 * strategy and two or three numbers; everything else has the value that fits most fleets. Pure; shared
 * by the console and the command line, so that a name means the same in both.
 */

export const strategyNames = ['all-at-once', 'canary', 'thirds', 'site-by-site'] as const;
export type StrategyName = (typeof strategyNames)[number];

type Approval = 'none' | 'any-person' | 'another-person';
export const alertSeverities = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];
type Gate = {
  succeededPercentMin: number;
  failedPercentMax: number;
  failedSampleMin: number;
  soakMs: number;
  approval: Approval;
  unreached: { rule: 'wait' };
  healthScoreMin: number | null;
  alertFreeFrom: AlertSeverity | null;
  timeoutMs: number | null;
};
type Wave = {
  name: string;
  size: { kind: 'percent'; percent: number } | { kind: 'rest' } | { kind: 'each-site' };
  gate: Gate;
};

export type StrategyChoice = {
  strategy: StrategyName;
  /** How long a wave has to stay good before the next one. */
  soakMinutes: number;
  /** Who has to look at it before the next wave. */
  approval: Approval;
  /** The health score that its devices need; null: any will do. */
  healthScoreMin: number | null;
  /** From which severity on an alert holds the next wave up; null: none does. */
  alertFreeFrom: AlertSeverity | null;
  /** How long a wave may take until its gate is good; null: any time. */
  timeoutMinutes: number | null;
};

export const strategies: readonly { name: StrategyName; label: string; means: string }[] = [
  {
    name: 'all-at-once',
    label: 'All at once',
    means: 'Every device is told now. A bad version reaches all of them before you can stop it.',
  },
  {
    name: 'canary',
    label: 'A few first, then the rest',
    means: 'One in twenty devices goes first. The rest follow when all of those are well.',
  },
  {
    name: 'thirds',
    label: 'In three waves',
    means: 'A tenth, then up to half, then everybody: each wave when the one before it is well.',
  },
  {
    name: 'site-by-site',
    label: 'Site by site',
    means: 'One site after the other, the smallest first: each when the one before it is well.',
  },
];

const gateOf = (
  { soakMinutes, approval, healthScoreMin, alertFreeFrom, timeoutMinutes }: StrategyChoice,
  failedPercentMax: number,
): Gate => ({
  succeededPercentMin: 100 - failedPercentMax,
  failedPercentMax,
  failedSampleMin: 3,
  soakMs: soakMinutes * 60_000,
  approval,
  unreached: { rule: 'wait' },
  healthScoreMin,
  alertFreeFrom,
  timeoutMs: timeoutMinutes === null ? null : timeoutMinutes * 60_000,
});

/** The last wave gates nothing; its gate only stops what goes on. */
const lastGate: Gate = {
  succeededPercentMin: 0,
  failedPercentMax: 10,
  failedSampleMin: 5,
  soakMs: 0,
  approval: 'none',
  unreached: { rule: 'wait' },
  healthScoreMin: null,
  alertFreeFrom: null,
  timeoutMs: null,
};

const percent = (value: number): Wave['size'] => ({ kind: 'percent', percent: value });

export const wavesOf = (choice: StrategyChoice): Wave[] => {
  switch (choice.strategy) {
    case 'all-at-once':
      return [];
    case 'canary':
      return [
        { name: 'first few', size: percent(5), gate: gateOf(choice, 0) },
        { name: 'the rest', size: { kind: 'rest' }, gate: lastGate },
      ];
    case 'thirds':
      return [
        { name: 'a tenth', size: percent(10), gate: gateOf(choice, 0) },
        { name: 'half', size: percent(40), gate: gateOf(choice, 5) },
        { name: 'the rest', size: { kind: 'rest' }, gate: lastGate },
      ];
    case 'site-by-site':
      return [{ name: 'each site', size: { kind: 'each-site' }, gate: gateOf(choice, 0) }];
  }
};
