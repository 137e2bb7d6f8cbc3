/**
 * How a site stands, asked of its agents and of Postgres: whether it settled on one gateway, whether
 * what is wished is in force, whether each row arrived. For the tests that break it.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '@signalbeam/sync/core/lanes';
import Database from 'better-sqlite3';
import { agentCommand, eventually, type TestCloud } from '../link/cloud.fixture.ts';
import type { Member, TestSite } from './site.fixture.ts';

/** All of them agree on one gateway, and are linked through its leaf. Gives who it is. */
export const untilSettled = async (
  site: TestSite,
  among: readonly Member[],
  timeoutMs = 60_000,
): Promise<Member> => {
  const shown = await eventually(
    () => Promise.all(among.map((member) => site.link(member))),
    (links) =>
      links.every(({ state, via }) => state === 'connected' && via === 'leaf') &&
      new Set(links.map((each) => each.site?.gateway.holder)).size === 1 &&
      links.filter(({ gateway }) => gateway.role).length === 1,
    timeoutMs,
  );
  const holder = among.find((_, at) => shown[at]?.gateway.role);
  if (holder === undefined) throw new Error('nobody holds the role');
  return holder;
};

const image = `registry.example/web@sha256:${'a'.repeat(64)}`;

/** An operator's wishes: each is a new generation of desired states. No engine is there to run them. */
export const createWishes = async (cloud: TestCloud) => {
  const { id } = (await cloud.ask('POST', '/api/bundles', { name: 'trouble' })) as { id: string };
  let patch = 0;
  const newest = async ({ deviceId }: Member): Promise<number> => {
    const { rows } = await cloud.owner.query<{ generation: string }>(
      'SELECT generation FROM bundle_orchestrator.desired_states WHERE device_id = $1',
      [deviceId],
    );
    return Number(rows[0]?.generation ?? 0);
  };
  return {
    wish: async (members: readonly Member[]): Promise<void> => {
      patch += 1;
      const version = `1.0.${patch}`;
      const containers = [{ name: 'web', image }];
      await cloud.ask('POST', `/api/bundles/${id}/versions`, { version, containers });
      for (const { deviceId } of members) {
        await cloud.ask('POST', `/api/devices/${deviceId}/bundle`, { bundleId: id, version });
      }
    },
    /** The device holds the newest generation that the cloud signed for it. */
    untilNewest: async (site: TestSite, member: Member): Promise<void> => {
      const wished = await newest(member);
      await eventually(
        () => site.generation(member),
        (generation) => generation === wished,
        120_000,
      );
    },
  };
};
export type Wishes = Awaited<ReturnType<typeof createWishes>>;

/** Another device is registered, from beside the site: its roster is another one. */
export const changeRoster = async (cloud: TestCloud, name: string): Promise<void> => {
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    autoApprove: true,
  })) as { token: string };
  const args = ['register', '--url', cloud.url, '--name', name, '--state', join(cloud.dir, name)];
  const { code, stderr } = await agentCommand([...args, '--token', token]);
  if (code !== 0) throw new Error(stderr);
};

/** Version of a record as it lies in the device's store; 0 when it has none. */
export const recordVersion = ({ folder }: Member, name: string): number => {
  const database = new Database(join(folder, 'state.db'), { readonly: true });
  try {
    const row = database.prepare('SELECT version FROM records WHERE name = ?').get(name);
    return (row as { version: number } | undefined)?.version ?? 0;
  } finally {
    database.close();
  }
};

const tables: Record<Exclude<Lane, 'logs'>, readonly string[]> = {
  events: ['events'],
  reported: ['reported_history'],
  metrics: ['metrics', 'metrics_thinned'],
  backfill: ['metrics', 'metrics_thinned'],
};

const storedNumbers = async (
  cloud: TestCloud,
  { deviceId }: Member,
  lane: Exclude<Lane, 'logs'>,
  epoch: string,
): Promise<number[]> => {
  const rows = tables[lane].map(
    (table) =>
      `SELECT seq AS from_seq, seq AS to_seq FROM telemetry.${table} WHERE device_id = $1 AND epoch = $2`,
  );
  const gaps = `SELECT from_seq, to_seq FROM telemetry.gaps WHERE device_id = $1 AND epoch = $2 AND lane = $3`;
  const text = `SELECT n::int FROM (${[...rows, gaps].join(' UNION ALL ')}) AS stored,
                       generate_series(stored.from_seq, stored.to_seq) AS n ORDER BY n`;
  const found = await cloud.owner.query<{ n: number }>(text, [deviceId, epoch, lane]);
  return found.rows.map(({ n }) => n);
};

/**
 * Every number that the device ever gave out in the lane's epoch, and every number that Postgres has
 * as a row or within a gap, doubles included: each once, when all is well.
 */
export const laneOnBothSides = async (
  site: TestSite,
  member: Member,
  lane: Exclude<Lane, 'logs'>,
): Promise<{ stored: number[]; written: number[] }> => {
  for (let attempt = 0; ; attempt += 1) {
    // Asked of the agent: its databases are its own while it runs.
    const head = (await site.link(member)).lanes.find((each) => each.lane === lane);
    const written = Array.from({ length: head?.lastSeq ?? 0 }, (_, index) => index + 1);
    const stored = await storedNumbers(site.cloud, member, lane, head?.epoch ?? '');
    const same = JSON.stringify(stored) === JSON.stringify(written);
    if (same || attempt === 150) return { stored, written };
    await sleep(200);
  }
};
