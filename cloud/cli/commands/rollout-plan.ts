/**
 * How a rollout goes, from flags: a strategy by name with its soak and approval, or a plan from a file
 * in the API's own words; and whom it is for.
 */
import type { Client, Schemas } from '@signalbeam/client';
import {
  type AlertSeverity,
  alertSeverities,
  type StrategyName,
  strategyNames,
  wavesOf,
} from '@signalbeam/sync/core/rollout-strategies';
import type { FlagSpec } from '../core/described.ts';
import { durationMs } from '../core/words.ts';
import { UsageError } from '../exit.ts';
import { readJsonFile } from '../json-file.ts';
import { findGroup } from './find.ts';
import { type PaceValues, paceFlags, paceOf } from './rollout-pace.ts';

const approvals = { nobody: 'none', anyone: 'any-person', another: 'another-person' } as const;
const failures = ['pause', 'roll-back'] as const;

export const planFlags = {
  strategy: {
    ...{ type: 'string', value: 'NAME', choices: strategyNames },
    about: 'all-at-once (when left out), canary, thirds or site-by-site',
  },
  soak: { type: 'string', value: 'TIME', about: 'how long a wave has to stay well; 10m' },
  approval: {
    ...{ type: 'string', value: 'WHO', choices: Object.keys(approvals) },
    about: 'who approves each wave: nobody, anyone, or another than you',
  },
  health: {
    ...{ type: 'string', value: 'SCORE' },
    about: 'the health score, 1–100, that devices of a wave need before the next one',
  },
  'alert-free': {
    ...{ type: 'string', value: 'SEVERITY', choices: alertSeverities },
    about: 'alerts of this severity or worse on devices of a wave hold the next one up',
  },
  'wave-timeout': {
    ...{ type: 'string', value: 'TIME' },
    about: 'a wave that is not good so long after it began stops the rollout',
  },
  'on-failure': {
    ...{ type: 'string', value: 'ACTION', choices: failures },
    about: 'what a bad wave does: pause, or roll-back',
  },
  at: { type: 'string', value: 'WHEN', about: 'begin then, such as 2027-01-31T02:00:00Z' },
  'late-joiners': { type: 'boolean', about: 'also give it to who becomes a target later' },
  'ignore-site-windows': {
    ...{ type: 'string', value: 'REASON' },
    about: 'an emergency: wait for no maintenance window of a site',
  },
  plan: {
    ...{ type: 'string', value: 'FILE' },
    about: 'waves, pace and the rest as JSON (docs/rollouts.md); - is standard input',
  },
  ...paceFlags,
} as const satisfies Record<string, FlagSpec>;

export type PlanValues = PaceValues & {
  strategy?: string;
  soak?: string;
  approval?: string;
  health?: string;
  'alert-free'?: string;
  'wave-timeout'?: string;
  'on-failure'?: string;
  at?: string;
  'late-joiners'?: boolean;
  'ignore-site-windows'?: string;
  plan?: string;
};

const strategyOf = (name: string): StrategyName => {
  const known = strategyNames.find((strategy) => strategy === name);
  if (known === undefined)
    throw new UsageError(`--strategy is one of ${strategyNames.join(', ')}.`);
  return known;
};

const approvalOf = (word: string): (typeof approvals)[keyof typeof approvals] => {
  const found = Object.entries(approvals).find(([name]) => name === word)?.[1];
  if (found === undefined) {
    throw new UsageError(`--approval is one of ${Object.keys(approvals).join(', ')}.`);
  }
  return found;
};

const soakMinutesOf = (text: string): number => {
  const ms = durationMs(text);
  if (ms === null) throw new UsageError('--soak is a time such as 10m or 2h.');
  return Math.round(ms / 60_000);
};

const scoreOf = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  if (!/^(?:[1-9][0-9]?|100)$/.test(text))
    throw new UsageError('--health is a score from 1 to 100.');
  return Number(text);
};

const severityOf = (word: string | undefined): AlertSeverity | null => {
  if (word === undefined) return null;
  const found = alertSeverities.find((severity) => severity === word);
  if (found !== undefined) return found;
  throw new UsageError(`--alert-free is one of ${alertSeverities.join(', ')}.`);
};

const aboutWaves = ['soak', 'approval', 'health', 'alert-free', 'wave-timeout'] as const;

const timeoutMinutesOf = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const ms = durationMs(text);
  if (ms === null || ms < 60_000) throw new UsageError('--wave-timeout is a time such as 4h.');
  return Math.round(ms / 60_000);
};

const fromFlags = (values: PlanValues) => {
  const strategy = strategyOf(values.strategy ?? 'all-at-once');
  const odd = aboutWaves.find((flag) => values[flag] !== undefined);
  if (strategy === 'all-at-once' && odd !== undefined) {
    throw new UsageError(`--${odd} is about waves: choose a --strategy that has some.`);
  }
  const choice = {
    strategy,
    soakMinutes: soakMinutesOf(values.soak ?? '10m'),
    approval: approvalOf(values.approval ?? 'nobody'),
    healthScoreMin: scoreOf(values.health),
    alertFreeFrom: severityOf(values['alert-free']),
    timeoutMinutes: timeoutMinutesOf(values['wave-timeout']),
  };
  return { waves: wavesOf(choice), pace: paceOf(values) };
};

const planFields = ['waves', 'pace', 'onFailure', 'startAt', 'lateJoiners', 'target'];

const fromFile = async (file: string, input: () => Promise<string>): Promise<object> => {
  const plan = await readJsonFile(file, input);
  const isObject = typeof plan === 'object' && plan !== null && !Array.isArray(plan);
  const odd = isObject ? Object.keys(plan).find((key) => !planFields.includes(key)) : undefined;
  if (!isObject || odd !== undefined) {
    throw new UsageError(`A plan has ${planFields.join(', ')}${odd ? `, and no ${odd}` : ''}.`);
  }
  return plan;
};

const ofPlanFlags = ['strategy', ...aboutWaves, ...Object.keys(paceFlags)];

/** What the API is asked for beside the version and the devices. */
export const planOf = async (values: PlanValues, input: () => Promise<string>): Promise<object> => {
  const { plan } = values;
  const both = ofPlanFlags.find((flag) => plan !== undefined && flag in values);
  if (both !== undefined) throw new UsageError(`--${both} is said by the plan: use one of both.`);
  return {
    ...(plan === undefined ? fromFlags(values) : await fromFile(plan, input)),
    ...(values['on-failure'] === undefined ? {} : { onFailure: values['on-failure'] }),
    ...(values.at === undefined ? {} : { startAt: values.at }),
    ...(values['late-joiners'] === true ? { lateJoiners: true } : {}),
    ...(values['ignore-site-windows'] === undefined
      ? {}
      : { ignoreSiteWindows: values['ignore-site-windows'] }),
  };
};

export type Target = NonNullable<Schemas['RolloutTarget']>;

/** A site or a group alone is a target of its own, so that who joins later can be meant, too. */
export const targetOf = async (
  client: Client,
  filter: { site?: string; group?: string },
): Promise<Target | null> => {
  const names = Object.keys(filter);
  if (names.length !== 1) return null;
  if (filter.site !== undefined) return { kind: 'site', site: filter.site };
  if (filter.group === undefined) return null;
  return { kind: 'group', groupId: (await findGroup(client, filter.group)).id };
};
