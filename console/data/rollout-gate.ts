/** What a wave's gate asks for, in words. */
import type { RolloutWave } from './rollout-types.ts';

type Seen = Pick<RolloutWave, 'gate' | 'evidence' | 'state'>;

const minutes = (ms: number): string => {
  const whole = Math.round(ms / 60_000);
  if (whole < 1) return `${Math.round(ms / 1_000)} s`;
  return whole % 60 === 0 ? `${whole / 60} h` : `${whole} min`;
};

const alertWords = {
  info: 'no alerts',
  warning: 'no alerts of warning or worse',
  critical: 'no critical alerts',
} as const;

/** How its devices were when they were last looked at; empty where its gate does not ask. */
export const evidenceWords = ({ gate, evidence, state }: Seen): string => {
  if (evidence === null || state !== 'open') return '';
  const parts: string[] = [];
  if (gate.healthScoreMin !== null) {
    const low = evidence.unwell > 0 ? `, ${evidence.unwell} below it` : '';
    parts.push(`${evidence.well} with the score${low}`);
  }
  if (gate.alertFreeFrom !== null) {
    parts.push(evidence.alerts === 1 ? '1 alert open' : `${evidence.alerts} alerts open`);
  }
  return parts.join(' · ');
};

/** What a wave's gate asks for, in words; empty when it asks for nothing. */
export const gateWords = ({ gate }: Pick<RolloutWave, 'gate'>): string => {
  const parts: string[] = [];
  if (gate.succeededPercentMin > 0) parts.push(`${gate.succeededPercentMin} % confirmed`);
  if (gate.failedPercentMax < 100) parts.push(`at most ${gate.failedPercentMax} % failed`);
  if (gate.healthScoreMin !== null) parts.push(`a health score of ${gate.healthScoreMin}`);
  if (gate.alertFreeFrom !== null) parts.push(alertWords[gate.alertFreeFrom]);
  if (gate.soakMs > 0) parts.push(`well for ${minutes(gate.soakMs)}`);
  if (gate.approval === 'any-person') parts.push('somebody’s approval');
  if (gate.approval === 'another-person') parts.push('another person’s approval');
  if (gate.unreached.rule === 'go-on') {
    parts.push(`the unreached left out after ${minutes(gate.unreached.afterMs)}`);
  }
  if (gate.timeoutMs !== null) parts.push(`good within ${minutes(gate.timeoutMs)}`);
  return parts.join(' · ');
};
