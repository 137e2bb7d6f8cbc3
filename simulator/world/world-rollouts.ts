/**
 * What a world has for rollouts: bundle-orchestrator with its tables, who is heard of, and what is
 * watched. Devices stand in for one another in pairs.
 */
import { laneKeyText } from '@signalbeam/telemetry-processor/ingest/statements';
import type { Checks } from '../checks/watch.ts';
import { createRolloutChecks, type RolloutChecks } from '../checks/watch-rollouts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { createOrchestrator, type Orchestrator } from '../rollouts/orchestrator.ts';
import { createPresence, type Presence } from '../rollouts/presence.ts';
import { type Decisions, decisions, type KeptReport } from '../rollouts/tables.ts';
import type { Device } from './device.ts';
import type { Director } from './director.ts';
import type { Postgres } from './postgres.ts';

export type WorldRollouts = {
  orchestrator: Orchestrator;
  presence: Presence;
  checks: RolloutChecks;
  pairs: boolean;
  /** What happens to a device when a rollout tells it next, before it hears of it. */
  atTurn: Map<string, () => void>;
  /** After Postgres went back to a backup: reports and what was concluded from them are one database. */
  forgetLost(): void;
};

export type RolloutsParts = {
  kernel: Kernel;
  checks: Checks;
  postgres: Postgres;
  director: Director;
  devices: () => readonly Device[];
  numberOf: (deviceId: string) => number;
  pairs: boolean;
  onKilled: () => void;
  decide: Partial<Decisions>;
};

/** 2026-01-01, as on the devices. */
const startAt = 1_767_225_600_000;

export const createWorldRollouts = (parts: RolloutsParts): WorldRollouts => {
  const { kernel, postgres, director, pairs, onKilled } = parts;
  const presence = createPresence(kernel.now);
  const atTurn: WorldRollouts['atTurn'] = new Map();
  const checks = createRolloutChecks(parts.checks, {
    cloud: () => orchestrator.cloud,
    devices: parts.devices,
    pairs,
  });
  const orchestrator: Orchestrator = createOrchestrator({
    kernel,
    random: kernel.random('orchestrator'),
    postgres,
    onKilled: () => {
      const { tables, decide } = orchestrator.cloud;
      for (const rollout of tables.rollouts.values()) decide.atDeath(rollout);
      onKilled();
    },
    cloud: {
      tables: { rollouts: new Map(), reports: new Map(), unpublished: new Set() },
      director,
      decide: { ...decisions, ...parts.decide },
      now: () => Math.floor(startAt + kernel.now()),
      presenceOf: presence.of,
      memberOf: (deviceId) => `pair ${Math.floor(parts.numberOf(deviceId) / 2)}`,
      watch: {
        ...checks.watch,
        told: (rollout, row) => {
          checks.watch.told(rollout, row);
          const happens = atTurn.get(row.deviceId);
          if (atTurn.delete(row.deviceId) && happens !== undefined) kernel.later(0, happens);
        },
      },
    },
  });
  orchestrator.start();
  const { reports } = orchestrator.cloud.tables;
  const forgetLost = (): void => {
    for (const [deviceId, { epoch, seq }] of reports) {
      const table = postgres.tables.get(laneKeyText({ deviceId, lane: 'reported', epoch }));
      if (seq > (table?.upTo ?? 0)) reports.delete(deviceId);
    }
  };
  return { orchestrator, presence, checks, pairs, atTurn, forgetLost };
};

/** What bundle-orchestrator hears of a line of lane `reported`. */
export const reportOf = (
  line: string,
  where: { epoch: string; seq: number; receivedAtMs: number },
): KeptReport => {
  const { body } = JSON.parse(line) as { body: Pick<KeptReport, 'generation' | 'slots'> };
  return { ...where, generation: body.generation, slots: body.slots };
};
