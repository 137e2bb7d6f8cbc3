/**
 * The part of a plan in which what ran is stopped and what shall run has not started: versions of a
 * bundle share host ports, so one goes before the other comes. A plan is not broken off inside it,
 * and a guard outlives the agent there. Removal has none: it is meant to leave nothing. Pure.
 */

import { isRunning } from './dependencies.ts';
import type { Known } from './known.ts';
import type { Step } from './step.ts';

export type Gap = {
  /** Index of the step that stops first, and of the one that starts last. */
  opensAt: number;
  closesAt: number;
  /** Names of the containers that run now and are stopped. */
  stopped: string[];
  /** Names of those that are started; a retired one of the same name is another container. */
  next: string[];
};

const stops = ({ kind }: Step): boolean => kind === 'stop-container' || kind === 'retire-container';

export const lastStart = (steps: readonly Step[]): number =>
  steps.findLastIndex(({ kind }) => kind === 'start-container');

/** Null when the plan stops nothing that runs before a start. */
export const gapOf = (known: Known, steps: readonly Step[]): Gap | null => {
  const closesAt = lastStart(steps);
  const running = new Set((known.observed ?? []).filter(isRunning).map(({ name }) => name));
  const goes = (step: Step): boolean => stops(step) && 'name' in step && running.has(step.name);
  const opensAt = steps.findIndex(goes);
  if (opensAt === -1 || opensAt > closesAt) return null;
  const names = (of: readonly Step[]) => of.flatMap((step) => ('name' in step ? [step.name] : []));
  return {
    opensAt,
    closesAt,
    stopped: names(steps.filter(goes)),
    next: names(steps.filter(({ kind }) => kind === 'start-container')),
  };
};
