/**
 * The loop of an agent over the model of an engine (`world.fixture.ts`): plans, does what is planned, and
 * looks again when the plan says so. It ends when nothing is left to do, or after so many steps, as an
 * agent ends that dies there.
 */
import { labels } from './container.ts';
import { plan } from './plan.ts';
import type { Step } from './step.ts';
import { apply, knownOf, type World } from './world.fixture.ts';

type Bounds = {
  crashAfter?: number;
  /** Sees each step before it is done. */
  onStep?: (step: Step) => void;
};

/** Returns the time it ended. */
export const settle = (world: World, from: number, bounds: Bounds = {}): number => {
  const { crashAfter = Number.POSITIVE_INFINITY, onStep = () => undefined } = bounds;
  let now = from;
  let steps = 0;
  for (let turns = 0; turns < 500; turns += 1) {
    const decided = plan(knownOf(world), now);
    for (const step of decided.steps) {
      if (steps >= crashAfter) return now;
      onStep(step);
      apply(world, step, now);
      steps += 1;
    }
    if (decided.steps.length > 0) continue;
    if (decided.wakeAtMs === null) return now;
    now = Math.max(now + 1, decided.wakeAtMs);
  }
  throw new Error(`it never settles: ${world.log.slice(-12).join(', ')}`);
};

/** What runs, as `container@version`. */
export const running = (world: World): string[] =>
  world.containers
    .filter(({ state }) => state === 'running')
    .map((each) => `${each.labels[labels.container]}@${each.labels[labels.version]}`)
    .sort();
