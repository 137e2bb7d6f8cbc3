/**
 * Sends what waits: every replica runs this loop, a channel is with one of them at a time. What is
 * sent, folded, put off or given up is decided in ../core/sending.ts; this carries it out and writes
 * down how it went. A replica that dies in between leaves its channel to another: at least once.
 */
import { randomUUID } from 'node:crypto';
import type { Platform } from '@signalbeam/platform/service';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { ChannelKind, Happening, Notice } from '../core/notice.ts';
import {
  type Outcome,
  planSending,
  type Queued,
  type Send,
  type SendingKnown,
  type SendingStep,
  settle,
} from '../core/sending.ts';
import {
  type Claimed,
  claimChannel,
  endDeliveries,
  incidentsOf,
  noteHealth,
  putOff,
  type QueuedRow,
  queueOf,
  queueReadMax,
  releaseChannel,
  sentSince,
} from '../store/notification-queue.ts';
import { openTarget } from './channel.ts';
import type { SendMessage } from './send.ts';

const pollMs = 1_000;
/** Of one replica at a time. */
const channelsMax = 16;
/** A pass ends well before its claim does: the longest single send is below 20 s. */
const claimMs = 90_000;
const passMsMax = 45_000;

export type DeliverParts = Pick<Platform, 'pools' | 'kek' | 'log' | 'now'> & {
  send: SendMessage;
  random: () => number;
  /** Whether the process ends: then a pass does too, after the message that is on its way. */
  isStopping?: () => boolean;
  /** Counts messages by kind of channel and outcome. */
  count: (kind: string, outcome: Outcome['kind'] | 'given-up') => void;
};

const queuedOf = (row: QueuedRow): Queued => ({
  id: row.id,
  alert:
    row.alertId === null
      ? null
      : { id: row.alertId, happening: row.type.replace('alert.', '') as Happening },
  queuedAt: row.queuedAt.getTime(),
  attempts: row.attempts,
  retryAt: row.retryAt?.getTime() ?? 0,
  reason: row.reason,
});

const knownOf = async (parts: DeliverParts, claimed: Claimed, rows: readonly QueuedRow[]) => {
  const { system } = parts.pools;
  const alertIds = rows.flatMap(({ alertId }) => alertId ?? []);
  const known: SendingKnown = {
    kind: claimed.kind as ChannelKind,
    queue: rows.map(queuedOf),
    sentAt: await sentSince(system, claimed.id, new Date(parts.now() - 60_000)),
    failures: claimed.failures,
    retryAt: claimed.retryAt?.getTime() ?? 0,
    incidents: claimed.kind === 'pagerduty' ? await incidentsOf(system, claimed.id, alertIds) : [],
  };
  return known;
};

/** What can't even be tried, because the settings don't open, is the channel's failure like any other. */
const attempt = async (
  parts: DeliverParts,
  claimed: Claimed,
  step: Send,
  notices: readonly Notice[],
): Promise<Outcome> => {
  try {
    const target = openTarget(parts.kek, claimed);
    const id = step.ids.length === 1 ? (step.ids[0] ?? '') : `${step.ids[0]}-${step.ids.length}`;
    return await parts.send(target, { id, notices, incidentKey: step.incidentKey });
  } catch (error) {
    const code = error instanceof FleetError ? error.code : 'internal';
    parts.log.error({ channel: claimed.id, code }, 'a notification could not be made');
    return { kind: 'failed', reason: `It could not be made (${code}).` };
  }
};

type Pass = { parts: DeliverParts; claimed: Claimed; notices: ReadonlyMap<string, Notice> };

const carryOut = async (pass: Pass, step: SendingStep): Promise<Outcome | null> => {
  const { parts, claimed, notices } = pass;
  const { system } = parts.pools;
  const nothing = { messageId: null, answer: null, tried: false };
  if (step.kind !== 'send') {
    const status = step.kind === 'give-up' ? 'given-up' : 'passed-over';
    const incidentKey = step.kind === 'pass-over' ? step.incidentKey : null;
    const ended = { ids: step.ids, status, reason: step.reason, incidentKey } as const;
    await endDeliveries(system, { ...nothing, ...ended }, new Date(parts.now()));
    if (step.kind === 'give-up') parts.count(claimed.kind, 'given-up');
    return null;
  }
  const told = step.ids.flatMap((id) => notices.get(id) ?? []);
  const outcome = await attempt(parts, claimed, step, told);
  const at = new Date(parts.now());
  parts.count(claimed.kind, outcome.kind);
  if (outcome.kind === 'delivered') {
    const { answer } = outcome;
    const how = { messageId: randomUUID(), answer, reason: null, tried: true };
    const ended = { ids: step.ids, status: 'delivered', incidentKey: step.incidentKey } as const;
    await endDeliveries(system, { ...ended, ...how }, at);
  } else if (outcome.kind === 'refused') {
    const { reason } = outcome;
    const how = { ids: step.ids, status: 'given-up', incidentKey: null, reason } as const;
    await endDeliveries(system, { ...nothing, ...how, tried: true }, at);
  }
  return outcome;
};

const noteFailure = async (pass: Pass, step: Send, known: SendingKnown): Promise<void> => {
  const failed = known.queue
    .filter(({ id }) => step.ids.includes(id))
    .map(({ id, attempts, retryAt, reason }) => ({
      ...{ id, attempts, retryAt: new Date(retryAt), reason: reason ?? '' },
    }));
  await putOff(pass.parts.pools.system, failed, new Date(pass.parts.now()));
};

const runStep = async (pass: Pass, known: SendingKnown, step: SendingStep) => {
  const { parts, claimed } = pass;
  const outcome = await carryOut(pass, step);
  const now = parts.now();
  const next = settle(known, step, outcome, { now, chance: parts.random() });
  if (step.kind !== 'send' || outcome === null) return next;
  if (outcome.kind === 'failed') await noteFailure(pass, step, next);
  const last =
    outcome.kind === 'delivered'
      ? ({ kind: 'delivered' } as const)
      : ({ kind: 'failed', reason: outcome.reason } as const);
  const retryAt = next.retryAt > now ? new Date(next.retryAt) : null;
  const health = { failures: next.failures, retryAt, last };
  await noteHealth(parts.pools.system, claimed.id, health, new Date(now));
  return next;
};

/** Everything that one channel may send now. */
const runPass = async (parts: DeliverParts, claimed: Claimed): Promise<void> => {
  const { system } = parts.pools;
  const rows = await queueOf(system, claimed.id);
  let known = await knownOf(parts, claimed, rows);
  const pass = { parts, claimed, notices: new Map(rows.map(({ id, notice }) => [id, notice])) };
  const began = parts.now();
  let dueAt: number | null = null;
  for (;;) {
    const { steps, waiting } = planSending(known, parts.now());
    dueAt = waiting?.until ?? null;
    if (steps.length === 0) break;
    for (const step of steps) known = await runStep(pass, known, step);
    if (parts.now() - began < passMsMax && parts.isStopping?.() !== true) continue;
    dueAt = parts.now();
    break;
  }
  const wasFull = rows.length >= queueReadMax;
  if (wasFull && dueAt === null) dueAt = parts.now();
  await releaseChannel(system, claimed, {
    dueAt: dueAt === null ? null : new Date(dueAt),
    after: wasFull ? null : (rows.at(-1)?.position ?? 0),
    now: new Date(parts.now()),
  });
};

/** Takes one channel that is due and sends what it may; false when none is due. */
export const deliverOnce = async (parts: DeliverParts): Promise<boolean> => {
  const now = parts.now();
  const claimed = await claimChannel(parts.pools.system, new Date(now), new Date(now + claimMs));
  if (claimed === null) return false;
  await runPass(parts, claimed);
  return true;
};

export type Deliverer = { wake: () => void; stop: () => Promise<void> };

export const startDelivering = (parts: DeliverParts): Deliverer => {
  const running = new Set<Promise<void>>();
  let stopped = false;
  const work = async (): Promise<void> => {
    try {
      while (!stopped && (await deliverOnce({ ...parts, isStopping: () => stopped })));
    } catch (error) {
      parts.log.warn({ error }, 'sending notifications broke off; trying again');
    }
  };
  const wake = (): void => {
    if (stopped || running.size >= channelsMax) return;
    const one = work().finally(() => running.delete(one));
    running.add(one);
  };
  const timer = setInterval(wake, pollMs);
  return {
    wake,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await Promise.all(running);
    },
  };
};
