/**
 * Lists asked by turns, as operators ask them, while a fleet that has fallen silent goes offline and is judged anew:
 * from the first device that is taken for offline until there is nothing left to write of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { onlyRow, type Pool } from '@signalbeam/platform/postgres/pool';
import { type Ask, type Lists, startAsking } from './asking.suite.ts';
import { quantile, rounded } from './cloud.suite.ts';

const lookMs = 500;
/** No fleet takes as long: it does not go. */
const timeoutMs = 600_000;

/** Answers the milliseconds from now. */
const until = async (is: () => Promise<boolean>, what: string): Promise<number> => {
  const began = performance.now();
  while (!(await is())) {
    if (performance.now() - began > timeoutMs) throw new Error(`${what} within ten minutes`);
    await sleep(lookMs);
  }
  return performance.now() - began;
};

/** Of how many devices a heartbeat that announces this interval was written. */
const heardOf = async (maker: Pool, tenantId: string, nextBeatMs: number): Promise<number> =>
  onlyRow(
    await maker.query<{ count: number }>(
      `SELECT count(*) FROM telemetry.presence
        WHERE tenant_id = $1 AND next_beat_ms = $2 AND presence = 'online'`,
      [tenantId, nextBeatMs],
    ),
  ).count;

/** Heartbeats that nobody writes down load nothing, and take nobody offline when they end. */
export const untilHeard = (
  maker: Pool,
  tenantId: string,
  { devices, nextBeatMs }: { devices: number; nextBeatMs: number },
): Promise<number> =>
  until(
    async () => (await heardOf(maker, tenantId, nextBeatMs)) === devices,
    'heartbeats of some devices are not written',
  );

export type Gone = { online: number; marks: number };

export const goneOf = async (maker: Pool, tenantId: string): Promise<Gone> =>
  onlyRow(
    await maker.query<Gone>(
      `SELECT (SELECT count(*) FROM telemetry.presence WHERE tenant_id = $1 AND presence = 'online') AS online,
              (SELECT count(*) FROM telemetry.health_marks) AS marks`,
      [tenantId],
    ),
  );

/** After the last heartbeat of devices that were all online. */
export const measureWhileGoing = async (
  ask: Ask,
  { lists, clients, look }: { lists: Lists; clients: number; look: () => Promise<Gone> },
): Promise<Record<string, number>> => {
  const { online } = await look();
  await until(async () => (await look()).online < online, 'no device goes offline');
  const stop = startAsking(ask, lists, clients);
  const offlineMs = await until(async () => (await look()).online === 0, 'some stay online');
  const judgedMs = await until(async () => (await look()).marks === 0, 'some are not judged');
  const took = await stop();
  const figures: Record<string, number> = {
    wentOffline: online,
    wentOfflineS: rounded(offlineMs / 1_000),
    judgedS: rounded((offlineMs + judgedMs) / 1_000),
    asksWhileGoing: [...took.values()].reduce((sum, { length }) => sum + length, 0),
  };
  for (const [name, times] of took) {
    figures[`${name}WhileGoingP50Ms`] = rounded(quantile(times, 0.5));
    figures[`${name}WhileGoingP99Ms`] = rounded(quantile(times, 0.99));
  }
  return figures;
};
