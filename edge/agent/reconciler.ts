/**
 * The loop: observe, plan, run steps, report. It holds no opinion: the planner decides, executors
 * act. Each bundle's steps run in their own lane, so a long download never delays a restart of
 * another bundle. It may be killed between any two instructions.
 */
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import type { Engine } from '../containers/engine.ts';
import type { ObservedContainer } from '../core/container.ts';
import type { Known } from '../core/known.ts';
import { plan } from '../core/plan.ts';
import { secretFoldersInUse } from '../core/secret-files.ts';
import type { Plan } from '../core/step.ts';
import { systemTimers } from '../host/timers.ts';
import { type Acceptance, acceptDesired } from './accept.ts';
import { gather, gatherImages, observe } from './gather.ts';
import { createHealthWatch } from './health-watch.ts';
import { createLooker } from './looker.ts';
import type { ReconcilerParts } from './parts.ts';
import { createReporter } from './reporting.ts';
import { createStepLanes } from './step-lanes.ts';
import { watchEngine } from './watch-engine.ts';

export type Reconciler = {
  /** Look again soon: something may have changed. */
  nudge(reason: string): void;
  acceptDesired(envelope: Uint8Array): Acceptance;
  generation(): number;
  /** At the next look, even if that account says nothing new: the last one was lost. */
  reportAgain(): void;
  /** The newest account of this device; null before the first look. */
  reported(): ReportedBody | null;
  containers(): readonly ObservedContainer[];
  engine(): Engine | null;
  stop(): Promise<void>;
};

/** Even if no event comes: engines lose events, and people edit containers by hand. */
const lookEveryMs = 30_000;

/** Plans without looking at images; looks at them, and plans again, only if that plan asks for one. */
const planWithImages = async (
  parts: ReconcilerParts,
  known: Known,
  engine: Engine | null,
): Promise<{ known: Known; planned: Plan }> => {
  const planned = plan(known, parts.now());
  const asks = planned.steps.some(({ kind }) => kind === 'pull-image' || kind === 'fetch-image');
  if (!asks || engine === null) return { known, planned };
  const more = await gatherImages(parts, known, engine);
  return { known: more, planned: plan(more, parts.now()) };
};

export const startReconciler = (parts: ReconcilerParts): Reconciler => {
  const { timers = systemTimers } = parts;
  let observed: ObservedContainer[] = [];
  let stopped = false;
  const lanes = createStepLanes(parts, () => looker.soon());
  const health = createHealthWatch(parts, () => looker.soon());
  const reporter = createReporter(parts, health.states);

  const settled = parts.guards?.settled();

  const lookOnce = async (): Promise<void> => {
    await settled;
    const engine = parts.engines.current();
    // Before the engine is asked: what a lane does after that, this look does not see.
    const { busy, preparing } = lanes.occupied();
    const list = await observe(parts, engine);
    if (stopped) return;
    if (list !== null) observed = list;
    const all = gather(parts, list, lanes.retries, parts.journal.desired() !== null);
    const free = all.slots.filter(({ bundleId }) => !busy.has(bundleId));
    const { known, planned } = await planWithImages(
      parts,
      { ...all, slots: free, preparing },
      engine,
    );
    if (stopped) return;
    const { steps, waiting, wakeAtMs } = planned;
    reporter.report({ ...known, slots: all.slots }, waiting);
    health.follow(known);
    if (list !== null) await parts.secretFiles?.keepOnly(() => secretFoldersInUse(all));
    if (engine !== null) lanes.start(known, steps, engine);
    const wakeMs = wakeAtMs === null ? lookEveryMs : Math.max(0, wakeAtMs - parts.now());
    looker.within(Math.min(lookEveryMs, wakeMs));
  };

  const looker = createLooker({ log: parts.log, timers }, lookOnce);
  const watch = watchEngine(parts, lanes.stopping, {
    soon: () => looker.soon(),
    removed: () => {
      // A start that failed because the container was just going waits for nothing any more.
      lanes.forgetRetries();
      looker.soon();
    },
  });
  looker.soon();
  return {
    nudge: (reason) => {
      parts.log('info', 'Looking again', { reason });
      lanes.forgetRetries();
      watch.wake();
      looker.soon();
    },
    acceptDesired: (envelope) => {
      const acceptance = acceptDesired(parts, envelope);
      if (acceptance.kind === 'accepted') {
        lanes.abortReplaced();
        looker.soon();
      }
      return acceptance;
    },
    generation: () => parts.journal.desired()?.generation ?? 0,
    reportAgain: () => {
      reporter.again();
      looker.soon();
    },
    reported: reporter.newest,
    containers: () => observed,
    engine: parts.engines.current,
    stop: async () => {
      stopped = true;
      watch.stop();
      health.stop();
      await lanes.stop();
      await looker.stop();
    },
  };
};
