/**
 * Turns what is known into the device's signed account of itself, and appends it only when it
 * says something new. Restart counts and times ride along but do not by themselves make news.
 */
import { isSameJson } from '@signalbeam/sync/core/same-json';
import { desiredDigestOf } from '@signalbeam/sync/wire/records';
import type { ReportedBody } from '@signalbeam/sync/wire/rows';
import type { Known } from '../core/known.ts';
import { type ContainerReport, reportContainers, reportSlots } from '../core/report.ts';
import type { ReconcilerParts } from './parts.ts';

export type Reporter = {
  report(known: Known, waiting: string): void;
  /** Whoever was told last has lost it. */
  again(): void;
  newest(): ReportedBody | null;
};

/** Seconds to wait tick down: the sentence without its numbers is news. So is a twentieth of a battery. */
const batteryStep = 5;
const newsOf = (body: ReportedBody): object => {
  const waiting = body.waiting.replace(/\d+/g, '#');
  const untold = { restartCount: 0, startedAt: 0 };
  const containers = body.containers.map((container) => ({ ...container, ...untold }));
  const power = body.power && {
    ...body.power,
    batteryPercent: Math.ceil(body.power.batteryPercent / batteryStep),
  };
  return { ...body, waiting, containers, power };
};

export const createReporter = (
  parts: Pick<
    ReconcilerParts,
    'journal' | 'bootId' | 'agentVersion' | 'engines' | 'now' | 'battery'
  > & {
    outbox: Pick<ReconcilerParts['outbox'], 'appendReported'>;
  },
  health: () => ReadonlyMap<string, ContainerReport['health']>,
): Reporter => {
  let newest: ReportedBody | null = null;
  let news: object | null = null;
  return {
    report: (known, waiting) => {
      const power = parts.battery?.() ?? null;
      const desired = parts.journal.desired();
      newest = {
        generation: desired?.generation ?? 0,
        ...(desired === null ? {} : { desiredDigest: desiredDigestOf(desired.envelope) }),
        bootId: parts.bootId,
        agentVersion: parts.agentVersion,
        engine: { ...parts.engines.describe(), reachable: known.observed !== null },
        waiting: waiting.slice(0, 500),
        slots: reportSlots(known, parts.now()).slice(0, 32),
        // An engine that is away says nothing of its containers: keep what it said last.
        containers:
          known.observed === null
            ? (newest?.containers ?? [])
            : reportContainers(known, health()).slice(0, 200),
        ...(power === null ? {} : { power }),
      };
      const next = newsOf(newest);
      if (isSameJson(next, news)) return;
      parts.outbox.appendReported(newest);
      // Only now: what the disk did not take is news at the next look again.
      news = next;
    },
    again: () => {
      news = null;
    },
    newest: () => newest,
  };
};
