/**
 * `status`: how this device is doing, in words. It asks the running agent over its local API; if
 * none runs, the files say what can be said. It changes nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { laneNames } from '@signalbeam/sync/core/lanes';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { type Registered, readRegistration } from '../store/enrolment.ts';
import { type Farewell, readFarewell } from '../store/farewell.ts';
import { readSlotRows, type StoredHead } from '../store/slots.ts';
import type { Options } from './options.ts';
import { readRuntime } from './runtime.ts';
import { describeStatus } from './status-text.ts';

const deviceSchema = z.object({
  deviceId: z.string(),
  name: z.string(),
  site: z.string(),
  fingerprint: z.string(),
  registration: z.enum(['pending', 'approved', 'rejected']),
  agentVersion: z.string(),
  engine: z.object({ kind: z.string(), version: z.string(), reachable: z.boolean() }),
  generation: z.number(),
  waiting: z.string(),
  clock: z.string().nullable(),
  stale: z.string().nullable(),
  refusedRecords: z.record(z.string(), z.number()),
  uptimeSeconds: z.number(),
  slots: z.array(
    z.object({
      bundleName: z.string(),
      version: z.string(),
      runningVersion: z.string().nullable(),
      status: z.string(),
      reason: z.string().nullable(),
    }),
  ),
});
const laneSchema = z.object({
  lane: z.enum(laneNames),
  backlogRows: z.number(),
  oldestAt: z.number().nullable(),
});
const linkSchema = z.object({
  state: z.enum(['connected', 'connecting', 'offline', 'waiting-for-approval']),
  via: z.enum(['leaf', 'hub', 'neighbour']).nullable(),
  through: z.string().nullable(),
  since: z.number(),
  waiting: z.string(),
  gateway: z.object({
    role: z.boolean(),
    leaf: z.object({ running: z.boolean(), hubConnected: z.boolean() }).nullable(),
  }),
  lanes: z.array(laneSchema),
  /** The other devices of the site; null without a mesh. */
  site: z
    .object({
      members: z.array(
        z.object({
          deviceId: z.string(),
          name: z.string(),
          status: z.string(),
          address: z.string(),
          uplink: z.number(),
          leaf: z.boolean(),
          since: z.number(),
        }),
      ),
      gateway: z.object({ holder: z.string().nullable(), why: z.string() }),
      waiting: z.string(),
      refused: z.number(),
      warnings: z.array(z.object({ text: z.string(), at: z.number() })),
    })
    .nullable(),
});

export type Status =
  | { kind: 'unregistered'; farewell: Farewell | null }
  /** It runs, but without a local API nobody can ask it more. */
  | { kind: 'silent'; registered: Registered; pid: number }
  | { kind: 'stopped'; registered: Registered; lanes: z.infer<typeof laneSchema>[] }
  | { kind: 'running'; device: z.infer<typeof deviceSchema>; link: z.infer<typeof linkSchema> };

const askTimeoutMs = 3_000;

/** Exit code 0 when the device is well, 3 when it is not running, pending or cut off. */
export const status = async (
  { state: folder, json }: Options<'status'>,
  now: () => number,
): Promise<{ text: string; exitCode: number }> => {
  const found = await readStatus(folder);
  const well = found.kind === 'running' && found.link.state === 'connected';
  const text = json ? JSON.stringify(forPrograms(found), null, 2) : describeStatus(found, now());
  return { text, exitCode: well ? 0 : 3 };
};

/** Keys and JWTs of the enrolment stay in their file. */
const forPrograms = (found: Status): unknown => {
  if (found.kind === 'unregistered' || found.kind === 'running') return found;
  const { status: registration, deviceId, name, site, fingerprint, cloudUrl } = found.registered;
  return {
    kind: found.kind,
    registration,
    deviceId,
    name,
    site,
    fingerprint,
    cloudUrl,
    ...(found.kind === 'stopped' ? { lanes: found.lanes } : {}),
  };
};

export const readStatus = async (folder: string): Promise<Status> => {
  const registered = readRegistration(folder);
  if (registered === null) return { kind: 'unregistered', farewell: readFarewell(folder) };
  const runtime = readRuntime(folder);
  const running = runtime?.url == null ? null : await ask(runtime.url);
  if (running === null && runtime !== null && isAlive(runtime.pid)) {
    return { kind: 'silent', registered, pid: runtime.pid };
  }
  return running ?? { kind: 'stopped', registered, lanes: readBacklog(folder) };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
};

const ask = async (url: string): Promise<Extract<Status, { kind: 'running' }> | null> => {
  const read = async (path: string): Promise<unknown> => {
    const reply = await fetch(new URL(path, url), { signal: AbortSignal.timeout(askTimeoutMs) });
    return reply.json();
  };
  try {
    const device = deviceSchema.parse(await read('/api/local/device'));
    return { kind: 'running', device, link: linkSchema.parse(await read('/api/local/link')) };
  } catch {
    return null;
  }
};

const backlogSchema = z.array(laneSchema);

/** An agent that ended uncleanly left its newest samples in slots. */
const withSlots = (database: Database.Database, lane: z.infer<typeof laneSchema>): typeof lane => {
  if (lane.lane !== 'metrics') return lane;
  const head = database
    .prepare(
      "SELECT epoch, last_seq AS lastSeq, last_hash AS lastHash FROM lanes WHERE lane = 'metrics'",
    )
    .get() as StoredHead;
  const fresh = readSlotRows(database, head);
  return {
    ...lane,
    backlogRows: lane.backlogRows + fresh.length,
    oldestAt: lane.oldestAt ?? fresh[0]?.at ?? null,
  };
};

const readBacklog = (folder: string): z.infer<typeof laneSchema>[] =>
  ['state.db', 'queue.db']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => {
      const database = new Database(path, { readonly: true, timeout: 1_000 });
      try {
        const rows = database
          .prepare(
            `SELECT lane, (SELECT count(*) FROM lane_rows r WHERE r.lane = l.lane AND seq > acked_seq) AS backlogRows,
               (SELECT min(at) FROM lane_rows r WHERE r.lane = l.lane AND seq > acked_seq) AS oldestAt
             FROM lanes l`,
          )
          .all();
        return backlogSchema.parse(rows).map((lane) => withSlots(database, lane));
      } catch {
        return [];
      } finally {
        database.close();
      }
    });
