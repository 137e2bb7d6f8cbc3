/**
 * The life of bundle-orchestrator's loops: it hears reports (at least once, in any order), sweeps what
 * is due, and publishes what was signed. It is killed between any two effects (a transaction, a record
 * put, an acknowledged event) and born again from its tables. The model of `rollouts/listen`.
 */
import { isAwaited, isFinal } from '@signalbeam/bundle-orchestrator/core/rollout';
import type { RowMove } from '@signalbeam/bundle-orchestrator/core/row-moves';
import type { Kernel } from '../kernel/kernel.ts';
import { createProcess, type Process } from '../kernel/process.ts';
import type { Random } from '../kernel/random.ts';
import type { Postgres } from '../world/postgres.ts';
import { advance } from './advance.ts';
import { type Cloud, forgetGivenBack, type KeptReport, type Rollout } from './tables.ts';
import { join, keepOutlook, tellStep } from './telling.ts';
import { steer, type Verb } from './verbs.ts';

export type Orchestrator = {
  cloud: Cloud;
  start(): void;
  /** Effects until it is killed; 0 when nothing is planned. */
  fuse: number;
  running(): boolean;
  /** A report was committed: its domain event is handed over until it is acknowledged. */
  reported(deviceId: string, report: KeptReport): void;
  /** Events that nobody has acknowledged. */
  unheard(): number;
  begin(rollout: Rollout): void;
  /** A device became one of the targets of what is rolled out. */
  joins(deviceId: string): void;
  /** False when it is refused, or nobody is there to hear it. */
  steer(rollout: Rollout, verb: Verb, actor: string): boolean;
};

export type OrchestratorParts = {
  kernel: Kernel;
  random: Random;
  postgres: Postgres;
  cloud: Cloud;
  onKilled: () => void;
};

type Event = { deviceId: string; report: KeptReport; heard: boolean };

const sweepMs = 1_000;
const redeliverMs = 15_000;
/** What is delivered may be delivered again. */
const doubledShare = 0.05;

type Act = <T>(work: () => T) => Promise<T>;

/** A transaction, or another effect; nobody hears of it if the life ended around it. */
const createAct =
  ({ kernel, random, postgres }: OrchestratorParts, life: Process, effect: () => void): Act =>
  (work) =>
    new Promise((resolve) => {
      const attempt = (): void => {
        kernel.settled();
        if (postgres.down) return void life.after(sweepMs, attempt);
        effect();
        if (life.dead) return;
        const value = work();
        effect();
        if (!life.dead) resolve(value);
      };
      life.after(random.between(1, 8), attempt);
    });

const createPublishing =
  ({ tables, director }: Cloud, act: Act) =>
  async (): Promise<void> => {
    for (const deviceId of [...tables.unpublished]) {
      const generation = director.wanted.get(deviceId)?.generation;
      await act(() => director.publish(deviceId));
      await act(() => {
        if (director.wanted.get(deviceId)?.generation === generation)
          tables.unpublished.delete(deviceId);
      });
    }
  };

/** Others that would have told one of these devices, had another rollout not been at work there. */
const heldUp = ({ tables }: Cloud, freed: readonly string[]): Rollout[] =>
  [...tables.rollouts.values()].filter(({ rows, waves }) =>
    rows.some(
      ({ deviceId, status, wave }) =>
        status === 'planned' && freed.includes(deviceId) && waves[wave]?.state !== 'waiting',
    ),
  );

const createTelling = (cloud: Cloud, act: Act, publish: () => Promise<void>) => {
  const tell = async (rollout: Rollout): Promise<void> => {
    for (;;) {
      const did = await act(() => tellStep(cloud, rollout));
      if (did === null) return;
      await publish();
      await tellHeldUp(did.freed);
    }
  };
  const tellHeldUp = async (freed: readonly string[]): Promise<void> => {
    if (freed.length === 0) return;
    for (const rollout of heldUp(cloud, freed)) await tell(rollout);
  };
  const tellFreed = (moves: readonly RowMove[]): Promise<void> =>
    tellHeldUp(moves.filter(({ to }) => isFinal(to)).map(({ deviceId }) => deviceId));
  return { tell, tellFreed };
};

const dueAt = ({ status, givingBack, wavesDueAtMs, tellDueAtMs }: Rollout): number => {
  const looks = status === 'in-progress' || status === 'rolling-back' || givingBack !== null;
  const never = Number.POSITIVE_INFINITY;
  return looks ? Math.min(wavesDueAtMs ?? never, tellDueAtMs ?? never) : never;
};

/** One life of it. */
const createLife = (parts: OrchestratorParts, life: Process, effect: () => void) => {
  const { kernel, cloud } = parts;
  const { tables } = cloud;
  const act = createAct(parts, life, effect);
  const publish = createPublishing(cloud, act);
  const { tell, tellFreed } = createTelling(cloud, act, publish);
  let disarm = (): void => undefined;
  let sweeping = false;

  const hear = async ({ deviceId, report }: Event): Promise<void> => {
    await act(() => keepReport(cloud, deviceId, report));
    await act(() => forgetGivenBack(cloud, deviceId));
    for (const rollout of tables.rollouts.values()) {
      const row = rollout.rows.find((each) => each.deviceId === deviceId);
      if (row === undefined || !isAwaited(row.status)) continue;
      const advanced = await act(() => advance(cloud, rollout, [deviceId]));
      if (advanced.goesOn && advanced.steps.length > 0) await tell(rollout);
      await tellFreed(advanced.moves);
    }
    arm();
  };
  const sweep = async (): Promise<void> => {
    sweeping = true;
    await publish();
    for (const rollout of tables.rollouts.values()) {
      if (dueAt(rollout) > cloud.now()) continue;
      const { moves } = await act(() => advance(cloud, rollout, 'none'));
      await tell(rollout);
      await tellFreed(moves);
      await act(() => keepOutlook(cloud, rollout));
    }
    sweeping = false;
    arm();
  };
  /** What is due is seen within a second. */
  const arm = (): void => {
    if (sweeping || life.dead) return;
    disarm();
    const due = Math.min(...[...tables.rollouts.values()].map(dueAt));
    if (Number.isFinite(due)) disarm = life.after(Math.max(sweepMs, due - cloud.now()), wake);
  };
  const wake = (): void => {
    kernel.settled();
    void sweep();
  };
  return {
    life,
    hear,
    wake,
    tell: (rollout: Rollout): void => {
      kernel.settled();
      void publish()
        .then(() => tell(rollout))
        .then(arm);
    },
  };
};

/** Within an epoch the higher number is newer, across epochs the later arrival. */
const keepReport = ({ tables }: Cloud, deviceId: string, report: KeptReport): void => {
  const kept = tables.reports.get(deviceId);
  const isNewer =
    kept === undefined ||
    (kept.epoch === report.epoch
      ? kept.seq < report.seq
      : kept.receivedAtMs <= report.receivedAtMs);
  if (isNewer) tables.reports.set(deviceId, report);
};

export const createOrchestrator = (parts: OrchestratorParts): Orchestrator => {
  const { kernel, random, cloud } = parts;
  let now: ReturnType<typeof createLife> | null = null;
  let unheard = 0;
  const effectOf = (life: Process) => (): void => {
    if (life.dead || orchestrator.fuse === 0) return;
    orchestrator.fuse -= 1;
    if (orchestrator.fuse > 0) return;
    life.kill();
    now = null;
    kernel.trace.note('orchestrator killed', 0, 0);
    parts.onKilled();
    kernel.later(random.between(500, 20_000), orchestrator.start);
  };
  const deliver = (event: Event): void => {
    if (event.heard) return;
    // Whoever dies or is slow with it gets it once more.
    kernel.later(redeliverMs, () => deliver(event));
    const here = now;
    if (here === null) return;
    kernel.settled();
    void here.hear(event).then(() => {
      if (event.heard || here.life.dead) return;
      event.heard = true;
      unheard -= 1;
    });
  };
  const orchestrator: Orchestrator = {
    cloud,
    fuse: 0,
    running: () => now !== null,
    unheard: () => unheard,
    start: () => {
      if (now !== null) return;
      const life = createProcess(kernel);
      now = createLife(parts, life, effectOf(life));
      now.wake();
    },
    reported: (deviceId, report) => {
      unheard += 1;
      const event = { deviceId, report, heard: false };
      const travelMs = random.exponential(200);
      kernel.later(travelMs, () => deliver(event));
      if (random.chance(doubledShare))
        kernel.later(travelMs + random.exponential(5_000), () => {
          if (now !== null) void now.hear(event);
        });
    },
    begin: (rollout) => {
      cloud.tables.rollouts.set(rollout.id, rollout);
      advance(cloud, rollout, 'none');
      tellStep(cloud, rollout);
      keepOutlook(cloud, rollout);
      now?.tell(rollout);
    },
    joins: (deviceId) => {
      if (parts.postgres.down) return;
      for (const rollout of cloud.tables.rollouts.values()) {
        if (!join(cloud, rollout, deviceId)) continue;
        kernel.trace.note('joins', 0, 0);
        now?.tell(rollout);
      }
    },
    steer: (rollout, verb, actor) => {
      if (now === null || parts.postgres.down || !steer(cloud, rollout, verb, actor)) return false;
      kernel.trace.note(verb, 0, 0);
      now.tell(rollout);
      return true;
    },
  };
  return orchestrator;
};
