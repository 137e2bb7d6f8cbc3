/**
 * What the bench of plans stands on: a Postgres of its own, the service's routes in this process without
 * its loops, so that each look is the bench's own; and rows by SQL: devices, and rollouts at work.
 */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle, openTenant, type Rig } from '@signalbeam/bundle-orchestrator/rig.suite';
import { createService } from '@signalbeam/bundle-orchestrator/service';
import { startPostgres } from '@signalbeam/launcher/infra/postgres';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { openTestPlatform } from '@signalbeam/platform/rig.suite';
import { cpuMsOf } from './cloud.suite.ts';

const batchDevices = 2_500;

/** Of the server and the processes that serve its connections. */
const cpuOfServer = (dataDirectory: string): number => {
  const server = Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const children = readdirSync('/proc').filter((name) => {
    return /^\d+$/.test(name) && Number(/\) \S (\d+)/.exec(statOf(name))?.[1]) === server;
  });
  // Field 16 and 17 of a line: what its processes had used when they ended.
  const [, ended = '0', endedInSystem = '0'] =
    /\) (?:\S+ ){13}(\d+) (\d+)/.exec(statOf(String(server))) ?? [];
  const endedMs = (Number(ended) + Number(endedInSystem)) * 10;
  return [server, ...children.map(Number)].reduce((sum, pid) => sum + cpuMsOf(pid), endedMs);
};

/** Empty for one that ended meanwhile. */
const statOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
};

export const openPlansFleet = async (postgresUrl: string | null) => {
  const dir = mkdtempSync(join(tmpdir(), 'plans-bench-'));
  chmodSync(dir, 0o711);
  const own = postgresUrl === null ? await startPostgres({ dir: join(dir, 'postgres') }) : null;
  const { platform, world, close } = await openTestPlatform(postgresUrl ?? own?.url ?? '');
  const { app } = createService(platform);
  const url = world.databaseUrl;
  const owner = openPool({ url, role: null, max: 2, statementTimeoutMs: 600_000 });
  const request = async (method: string, path: string, token: string, body?: unknown) => {
    const response = await app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer as { id: string; progress: Record<string, number> };
  };
  const ask: Rig['ask'] = async (method, path, { token = '', body } = {}) => ({
    status: 201,
    headers: new Headers(),
    body: (await request(method, path, token, body)) as never,
  });
  const rig = { platform, owner, ask } as Rig;
  const tenant = await openTenant(rig, 'bench');
  const bundleId = await makeBundle(rig, tenant, 'bench', ['1.0.0', '2.0.0', '3.0.0']);
  const { rows } = await owner.query<{ data_directory: string }>('SHOW data_directory');
  return {
    platform,
    owner,
    tenant,
    bundleId,
    /** Of this process and of Postgres so far. */
    cpuMs: (): number => {
      const { user, system } = process.cpuUsage();
      const postgres = own === null ? 0 : cpuOfServer(rows[0]?.data_directory ?? '');
      return Math.round((user + system) / 1_000 + postgres);
    },
    ask: (method: string, path: string, body?: unknown) =>
      request(method, path, tenant.operator, body),
    stop: async () => {
      await owner.end();
      await close();
      await own?.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
export type PlansFleet = Awaited<ReturnType<typeof openPlansFleet>>;

export type Timed<T> = { ms: number; cpuMs: number; value: T };

/** Processor time beside the clock's: other work on the machine makes it no longer. */
export const timed = async <T>(fleet: PlansFleet, work: () => Promise<T>): Promise<Timed<T>> => {
  const [began, cpuBefore] = [performance.now(), fleet.cpuMs()];
  const value = await work();
  return { ms: performance.now() - began, cpuMs: fleet.cpuMs() - cpuBefore, value };
};

export const figuresOf = (name: string, { ms, cpuMs }: Timed<unknown>): Record<string, number> => ({
  [`${name}Ms`]: Math.round(ms),
  [`${name}CpuMs`]: cpuMs,
});

/** What the loop of rollouts is given. */
export const partsOf = ({ platform }: PlansFleet) => ({
  ...{ pools: platform.pools, keyring: platform.keyring, log: platform.log, now: platform.now },
  onChanged: () => undefined,
});

/** Approved and online, at sites of 200. In batches: each device counts a change of its site's roster. */
export const addDevices = async ({ owner, tenant }: PlansFleet, count: number): Promise<void> => {
  for (let from = 1; from <= count; from += batchDevices) {
    await owner.query(
      `INSERT INTO device_manager.devices
         (tenant_id, name, site, status, public_key, sealing_key, fingerprint, agent_version, os,
          architecture, hostname, registration_token_id)
       SELECT $1, 'device ' || i, 'plant-' || (i / 200), 'approved', 'U' || md5(i::text), 'k',
              left(md5(i::text), 23), '0.1.0', 'linux', 'arm64', 'host-' || i, $4
         FROM generate_series($2::integer, $3::integer) i`,
      [tenant.tenantId, from, Math.min(count, from + batchDevices - 1), tenant.registrationTokenId],
    );
  }
  await owner.query(
    `INSERT INTO telemetry.presence
       (device_id, tenant_id, last_seen_at, next_beat_ms, presence, changed_at)
     SELECT id, tenant_id, now(), 30000, 'online', now() FROM device_manager.devices
      WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  await owner.query('ANALYZE');
};

/** Else their devices are busy for those that come after. */
export const endRollouts = async ({ owner }: PlansFleet): Promise<void> => {
  for (const table of ['rollouts', 'rollout_devices'])
    await owner.query(`UPDATE bundle_orchestrator.${table} SET status = 'cancelled'`);
};

export const devicesEach = 10;

/**
 * Rollouts at work, each of two waves of five devices, which nothing is due for: the first wave was told.
 * Each bundle's device is in one of them, so each has a bundle of its own.
 */
export const addRollouts = async (
  { owner, tenant, bundleId }: PlansFleet,
  count: number,
  gate: object,
): Promise<string[]> => {
  const { tenantId } = tenant;
  const { rows } = await owner.query<{ id: string }>(
    `INSERT INTO bundle_orchestrator.rollouts
       (tenant_id, bundle_id, version, created_by, requested_by, status, target, waves_due_at,
        tell_due_at)
     SELECT $1, $2, '1.0.0', 'user:bench', 'user:bench', 'in-progress', '{"kind": "all"}',
            now() + interval '1 hour', NULL
       FROM generate_series(1, $3) RETURNING id`,
    [tenantId, bundleId, count],
  );
  const ids = rows.map(({ id }) => id);
  await owner.query(
    `INSERT INTO bundle_orchestrator.rollout_waves
       (tenant_id, rollout_id, wave, name, size, gate, state, opened_at)
     SELECT $1, id, wave, 'wave ' || wave, '{"kind": "rest"}', $3::jsonb,
            CASE WHEN wave = 0 THEN 'open' ELSE 'waiting' END,
            CASE WHEN wave = 0 THEN now() END
       FROM unnest($2::uuid[]) id CROSS JOIN generate_series(0, 1) wave`,
    [tenantId, ids, JSON.stringify(gate)],
  );
  await owner.query(
    `WITH device AS (
       SELECT id, name, row_number() OVER (ORDER BY id) - 1 AS place FROM device_manager.devices
        WHERE tenant_id = $1 LIMIT $4::integer * cardinality($2::uuid[]))
     INSERT INTO bundle_orchestrator.rollout_devices
       (tenant_id, rollout_id, bundle_id, device_id, device_name, wave, status, requested_generation)
     SELECT $1, ($2::uuid[])[1 + place / $4], $3, id, name, place % 2,
            CASE WHEN place % 2 = 0 THEN 'pending' ELSE 'planned' END, 1 - place % 2
       FROM device`,
    [tenantId, ids, bundleId, devicesEach],
  );
  return ids;
};

/** The first wave's devices confirmed, and somebody reported it: their rollouts are due. */
export const confirmFirstWaves = async (
  { owner }: PlansFleet,
  rolloutIds: readonly string[],
): Promise<void> => {
  await owner.query(
    `UPDATE bundle_orchestrator.rollout_devices SET status = 'succeeded'
      WHERE rollout_id = ANY ($1) AND status = 'pending'`,
    [rolloutIds],
  );
  await makeWavesDue({ owner }, rolloutIds);
};

export const makeWavesDue = async (
  { owner }: Pick<PlansFleet, 'owner'>,
  rolloutIds: readonly string[],
): Promise<void> => {
  await owner.query(
    'UPDATE bundle_orchestrator.rollouts SET waves_due_at = now() WHERE id = ANY ($1)',
    [rolloutIds],
  );
};
