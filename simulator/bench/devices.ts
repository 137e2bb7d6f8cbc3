/**
 * How fast an operator's lists are with a large fleet in one tenant, asked over HTTP by several people
 * at once: the list, search, queries about tags, groups, the pending queue, a device's page, the tags in
 * use, and how soon a dynamic group knows of a tag; and the lists' statements by themselves, of fleets of
 * several sizes. Another tenant of a fifth of the size shares the
 * tables. Rows are made by SQL. First nothing else runs on the cloud, then every device's heartbeats do,
 * and then these end, so that all of the fleet goes offline.
 */
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { foldCounts } from '@signalbeam/device-manager/store/fleet-counts';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { type Ask, signIn } from './asking.suite.ts';
import { startBeats } from './beats.suite.ts';
import { untilCalm } from './calm.suite.ts';
import { loadAverage, openBenchCloud, quantile, rounded } from './cloud.suite.ts';
import { fillFleet } from './filled-fleet.suite.ts';
import { goneOf, measureWhileGoing, untilHeard } from './going.suite.ts';
import { measureStatements } from './statements.suite.ts';

const password = 'correct horse battery';
const clients = 2;

/** `growth`: of other tenants, whose lists' statements show what a list costs as a fleet grows. */
const sizes = {
  smoke: {
    ...{ devices: 500, growth: [50], asks: 6, intervalMs: 500, nextBeatMs: 2_000, calmMs: 500 },
  },
  canonical: {
    devices: 100_000,
    growth: [1_000, 10_000],
    asks: 600,
    intervalMs: 30_000,
    nextBeatMs: 30_000,
    calmMs: 10_000,
  },
};

/** Milliseconds of each request, `clients` at a time. */
const time = async (ask: Ask, paths: readonly string[], asks: number): Promise<number[]> => {
  const took: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < asks) {
      const path = paths[next % paths.length] ?? '/';
      next += 1;
      const began = performance.now();
      await ask(path);
      took.push(performance.now() - began);
    }
  };
  // The first few meet cold caches and plans.
  for (const path of paths) await ask(path);
  await Promise.all(Array.from({ length: clients }, work));
  return took;
};

const byQuery = (query: string): string => `/api/devices?query=${encodeURIComponent(query)}`;

/** From the moment a tag is asked for to the first answer of the group that has the device in it. */
const tagToGroup = async (ask: Ask, groupId: string, times: number): Promise<number[]> => {
  const { devices } = await ask<{ devices: { id: string }[] }>('/api/devices?status=approved');
  const took: number[] = [];
  for (const { id } of devices.slice(0, times)) {
    const began = performance.now();
    await ask(`/api/devices/${id}/tags`, { set: ['wave=now'] }, 'PATCH');
    const isIn = async (): Promise<boolean> =>
      (
        await ask<{ members: { device: { id: string } }[] }>(
          `/api/groups/${groupId}/members?limit=200`,
        )
      ).members.some((member) => member.device.id === id);
    while (!(await isIn()));
    took.push(performance.now() - began);
  }
  return took;
};

const openLists = async (ask: Ask) => {
  const group = await ask<{ id: string }>('/api/groups', { name: 'wave', query: 'wave=now' });
  const canaries = await ask<{ id: string }>('/api/groups', {
    ...{ name: 'canaries', query: 'ring=canary AND environment=production' },
  });
  const first = await ask<{ nextCursor: string; devices: { id: string }[] }>('/api/devices');
  const lists: Record<string, string[]> = {
    list: ['/api/devices', `/api/devices?cursor=${first.nextCursor}`, '/api/devices?site=plant-7'],
    presence: ['online', 'offline', 'never'].map((status) => `/api/devices?status=${status}`),
    search: ['pump', 'host-99', 'plant-7', 'nothing like it'].map(
      (words) => `/api/devices?search=${encodeURIComponent(words)}`,
    ),
    tagQuery: [
      byQuery('environment=production'),
      byQuery('customer=c77'),
      byQuery('NOT environment=dev AND ring=canary'),
      byQuery('location=warehouse-29*'),
      byQuery('(hardware=rpi4 OR hardware=rpi5) AND status=offline'),
      byQuery('customer=nobody OR customer=nothing'),
    ],
    lastSeen: [byQuery('lastSeen before 30d'), byQuery('lastSeen within 15m')],
    group: [`/api/devices?group=${canaries.id}`, `/api/groups/${canaries.id}/members`],
    pending: ['/api/devices?status=pending'],
    devicePage: first.devices
      .slice(0, 3)
      .flatMap(({ id }) => [
        `/api/devices/${id}`,
        `/api/devices/${id}/groups`,
        `/api/devices/${id}/activity`,
      ]),
    tagsInUse: [
      '/api/tags',
      '/api/tags/suggestions?query=env',
      '/api/tags/suggestions?query=ring%3D',
    ],
    audit: ['/api/audit'],
    count: [
      '/api/devices/count',
      `/api/devices/count?query=${encodeURIComponent('environment=production')}`,
    ],
  };
  return { lists, groupId: group.id };
};

type Lists = Awaited<ReturnType<typeof openLists>>;

const measure = async (ask: Ask, { lists, groupId }: Lists, { asks = 0, when = '' }) => {
  const figures: Record<string, number> = {};
  for (const [name, paths] of Object.entries(lists)) {
    const took = await time(ask, paths, asks);
    figures[`${name}${when}P50Ms`] = rounded(quantile(took, 0.5));
    figures[`${name}${when}P99Ms`] = rounded(quantile(took, 0.99));
  }
  const known = await tagToGroup(ask, groupId, Math.min(20, asks));
  figures[`tagToGroup${when}P99Ms`] = rounded(quantile(known, 0.99));
  return figures;
};

const approvedOf = async (maker: Pool, tenantId: string): Promise<string[]> => {
  const { rows } = await maker.query<{ id: string }>(
    `SELECT id FROM device_manager.devices WHERE tenant_id = $1 AND status = 'approved'`,
    [tenantId],
  );
  return rows.map(({ id }) => id);
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const { devices, growth, asks, intervalMs, nextBeatMs, calmMs } =
    sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const cloud = await openBenchCloud();
  // Half a million rows in one statement take longer than a request may.
  const url = cloud.test.world.databaseUrl;
  const maker = openPool({ url, role: null, max: 1, statementTimeoutMs: 600_000 });
  try {
    const open = async (name: string, count: number) => {
      const adminEmail = `admin@${name}.example`;
      const { platform } = cloud.test;
      const { tenantId } = await createTenant(platform, { name, adminEmail, password });
      await fillFleet(maker, tenantId, count);
      return { tenantId, adminEmail };
    };
    const { tenantId, adminEmail } = await open('large', devices);
    await open('other', devices / 5);
    const grown: { count: number; tenantId: string }[] = [{ count: devices, tenantId }];
    for (const count of growth) grown.unshift({ count, ...(await open(`of-${count}`, count)) });
    await maker.query('VACUUM ANALYZE');
    const seen = await withTenant(cloud.test.platform.pools.api, everySite(tenantId), (sql) =>
      sql.query<{ count: number }>('SELECT count(*) FROM device_manager.devices'),
    );
    // Counts are folded by the cloud, some seconds after rows came.
    await foldCounts(cloud.test.platform.pools.system);
    const statements: Record<string, number> = {};
    for (const one of grown) {
      const took = await measureStatements(cloud.test.platform.pools.api, one.tenantId);
      for (const [what, ms] of Object.entries(took)) statements[`${what}Of${one.count}Ms`] = ms;
    }
    const ask = await signIn(cloud, adminEmail, password);
    const lists = await openLists(ask);
    const restShare = await untilCalm(cloud, calmMs);
    const alone = await measure(ask, lists, { asks });
    const deviceIds = await approvedOf(maker, tenantId);
    const beats = await startBeats(cloud, tenantId, { deviceIds, intervalMs, nextBeatMs });
    await untilHeard(maker, tenantId, { devices: deviceIds.length, nextBeatMs });
    const beside = await measure(ask, lists, { asks, when: 'UnderPresence' });
    await beats.stop();
    const look = () => goneOf(maker, tenantId);
    const going = await measureWhileGoing(ask, { lists: lists.lists, clients, look });
    return {
      name: 'devices',
      figures: {
        devices: seen.rows[0]?.count ?? 0,
        clients,
        loadBefore,
        restShare: rounded(restShare, 3),
        ...statements,
        ...alone,
        ...beside,
        ...going,
      },
    };
  } finally {
    await maker.end();
    await cloud.stop();
  }
};
