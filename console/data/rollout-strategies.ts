/**
 * Ways to roll out, by name: each is a list of waves that the API takes. What a person chooses is a
 * strategy and two or three numbers; everything else has the value that fits most fleets.
 */
import type { RolloutWave, WaveGate, WaveSize, WaveWish } from './rollout-types.ts';

export type StrategyName = 'all-at-once' | 'canary' | 'thirds';

export type StrategyChoice = {
  strategy: StrategyName;
  /** How long a wave has to stay good before the next one. */
  soakMinutes: number;
  /** Somebody has to look at it before the next wave. */
  approval: WaveGate['approval'];
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
];

const gateOf = ({ soakMinutes, approval }: StrategyChoice, failedPercentMax: number): WaveGate => ({
  succeededPercentMin: 100 - failedPercentMax,
  failedPercentMax,
  failedSampleMin: 3,
  soakMs: soakMinutes * 60_000,
  approval,
  unreached: { rule: 'wait' },
});

/** The last wave gates nothing; its gate only stops what goes on. */
const lastGate: WaveGate = {
  succeededPercentMin: 0,
  failedPercentMax: 10,
  failedSampleMin: 5,
  soakMs: 0,
  approval: 'none',
  unreached: { rule: 'wait' },
};

const percent = (value: number): WaveSize => ({ kind: 'percent', percent: value });

export const wavesOf = (choice: StrategyChoice): WaveWish[] => {
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
  }
};

const minutes = (ms: number): string => {
  const whole = Math.round(ms / 60_000);
  if (whole < 1) return `${Math.round(ms / 1_000)} s`;
  return whole % 60 === 0 ? `${whole / 60} h` : `${whole} min`;
};

/** What a wave's gate asks for, in words; empty when it asks for nothing. */
export const gateWords = ({ gate }: Pick<RolloutWave, 'gate'>): string => {
  const parts: string[] = [];
  if (gate.succeededPercentMin > 0) parts.push(`${gate.succeededPercentMin} % confirmed`);
  if (gate.failedPercentMax < 100) parts.push(`at most ${gate.failedPercentMax} % failed`);
  if (gate.soakMs > 0) parts.push(`well for ${minutes(gate.soakMs)}`);
  if (gate.approval === 'any-person') parts.push('somebody’s approval');
  if (gate.approval === 'another-person') parts.push('another person’s approval');
  if (gate.unreached.rule === 'go-on') {
    parts.push(`the unreached left out after ${minutes(gate.unreached.afterMs)}`);
  }
  return parts.join(' · ');
};
