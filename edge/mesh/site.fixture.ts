/**
 * A site of real agents on hosts of their own (network namespaces), with a real cloud across a WAN
 * that can be cut: registered, started, asked what they show, killed, and counted in Postgres.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '@signalbeam/launcher/infra/child';
import { compileCache } from '@signalbeam/launcher/infra/compile-cache';
import { createNetwork, type Network, type NetworkHost } from '@signalbeam/launcher/infra/network';
import { findCommand } from '@signalbeam/launcher/machine/commands';
import Database from 'better-sqlite3';
import { eventually, startTestCloud, type TestCloud } from '../link/cloud.fixture.ts';

const cli = join(import.meta.dirname, '..', 'cli.ts');
export const meshPort = 8481;
const console = '127.0.0.1:8480';

export type Member = {
  host: NetworkHost;
  folder: string;
  deviceId: string;
  agent: Child | null;
};

export type LinkShown = {
  state: string;
  via: string | null;
  through: string | null;
  gateway: { role: boolean; leaf: { running: boolean; hubConnected: boolean } | null };
  lanes: { lane: string; epoch: string; lastSeq: number; backlogRows: number }[];
  site: {
    members: { deviceId: string; status: string }[];
    gateway: { holder: string | null; why: string };
    counters: Record<string, number>;
  } | null;
};

export type TestSite = {
  cloud: TestCloud;
  network: Network;
  host(name: string): NetworkHost;
  enrol(
    name: string,
    more?: { relay?: string; autoApprove?: boolean; folder?: string },
  ): Promise<Member>;
  /** `clock`: what the whole process takes for the time at its start, or a file that says so. */
  start(member: Member, args: readonly string[], clock?: string | { file: string }): Promise<void>;
  /** The agent and all it started on that host; its connections end for all to see. */
  kill(member: Member): Promise<void>;
  /** As a power cut would: the same, and nobody hears of it. */
  cutPower(member: Member): Promise<void>;
  link(member: Member): Promise<LinkShown>;
  /** Of the desired state that the agent holds. */
  generation(member: Member): Promise<number>;
  untilLinked(member: Member, timeoutMs?: number): Promise<LinkShown>;
  stop(): Promise<void>;
};

const quick = ['--heartbeat-ms', '1000', '--metrics-interval-ms', '500'];
const noEngine = ['--engine', 'docker', '--engine-socket', '/nonexistent.sock'];

/** Only the wall clock: timers go on as they do on a device whose clock is wrong. */
const faketime = (clock: string): [string, ...string[]] => [
  findCommand('faketime'),
  ...['--exclude-monotonic', '-f', clock, process.execPath],
];

/** The same by a file that is read anew each time: a clock that can be set, of this process alone. */
const settableClock = (file: string): Record<string, string> => {
  const print = ['-f', '+0', 'printenv', 'LD_PRELOAD'];
  return {
    LD_PRELOAD: execFileSync(findCommand('faketime'), print, { encoding: 'utf8' }).trim(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    TZ: 'UTC',
  };
};

export const startTestSite = async (
  postgresUrl: string,
  hosts: { hosts: readonly string[]; wan: readonly string[] },
  /** How often agents beat and sample: quickly, so that a test need not wait; or as they are shipped. */
  pace: readonly string[] = quick,
): Promise<TestSite> => {
  const network = createNetwork(hosts);
  const cloud = await startTestCloud(postgresUrl, {}, network.wanAddress).catch((cause) => {
    network.stop();
    throw cause;
  });
  const members: Member[] = [];
  const kill = async (member: Member): Promise<void> => {
    member.host.killAll();
    await member.agent?.exited;
    member.agent = null;
  };
  const host = (name: string): NetworkHost => {
    const found = network.hosts.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found;
  };
  const link = async ({ host: on }: Member): Promise<LinkShown> =>
    JSON.parse(await on.get(`http://${console}/api/local/link`));

  return {
    cloud,
    network,
    host,
    link,
    generation: async ({ host: on }) => {
      const shown = JSON.parse(await on.get(`http://${console}/api/local/device`));
      return (shown as { generation: number }).generation;
    },
    enrol: async (name, more = {}) => {
      const folder = more.folder ?? join(cloud.dir, name);
      const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
        site: 'plant-7',
        autoApprove: more.autoApprove ?? true,
      })) as { token: string };
      const args = ['register', '--url', cloud.publicUrl, '--name', name, '--state', folder];
      const through = more.relay === undefined ? [] : ['--relay', more.relay];
      await host(name).run(process.execPath, [cli, ...args, '--token', token, ...through]);
      const { deviceId } = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
        deviceId: string;
      };
      const member: Member = { host: host(name), folder, deviceId, agent: null };
      members.push(member);
      return member;
    },
    start: async (member, args, clock) => {
      const [command, ...before] = typeof clock === 'string' ? faketime(clock) : [process.execPath];
      const env = typeof clock === 'object' ? settableClock(clock.file) : {};
      member.agent = member.host.start({
        name: member.host.name,
        command,
        args: [
          ...before,
          ...[cli, 'run', '--state', member.folder, '--console', console],
          ...['--mesh', `${member.host.address}:${meshPort}`, ...pace, ...noEngine, ...args],
        ],
        env: { PATH: process.env['PATH'] ?? '', ...compileCache(), ...env },
        logFile: `${member.folder}.log`,
      });
      await eventually(
        () =>
          member.host.get(`http://${console}/api/local/device`).then(
            () => true,
            () => false,
          ),
        (answers) => answers,
      );
    },
    kill,
    cutPower: async (member) => {
      member.host.vanish();
      await kill(member);
    },
    untilLinked: (member, timeoutMs) =>
      eventually(
        () => link(member),
        ({ state }) => state === 'connected',
        timeoutMs,
      ),
    stop: async () => {
      for (const { agent } of members) await agent?.stop();
      await cloud.stop();
      network.stop();
    },
  };
};

const rowsInCloud = async (
  cloud: TestCloud,
  deviceId: string,
  table: string,
): Promise<string[]> => {
  const { rows } = await cloud.owner.query<{ name: string }>(
    `SELECT epoch || ':' || seq AS name FROM telemetry.${table} WHERE device_id = $1`,
    [deviceId],
  );
  return rows.map(({ name }) => name).sort();
};

/** Every name the device ever gave out in a lane: its epoch, and all numbers up to the last. */
const rowsOnDevice = ({ folder }: Member, lane: 'metrics' | 'events'): string[] => {
  const file = lane === 'metrics' ? 'queue.db' : 'state.db';
  const database = new Database(join(folder, file), { readonly: true });
  const { epoch, last } = database
    .prepare('SELECT epoch, last_seq AS last FROM lanes WHERE lane = ?')
    .get(lane) as { epoch: string; last: number };
  database.close();
  return Array.from({ length: last }, (_, index) => `${epoch}:${index + 1}`).sort();
};

export const metricsInCloud = async (cloud: TestCloud, { deviceId }: Member): Promise<number> =>
  (await rowsInCloud(cloud, deviceId, 'metrics')).length;

/** All events of the stopped device are in Postgres, each once: the sets are compared. */
export const expectEventsOnce = async (
  cloud: TestCloud,
  member: Member,
): Promise<{ stored: string[]; written: string[] }> => {
  for (let attempt = 0; ; attempt += 1) {
    const stored = await rowsInCloud(cloud, member.deviceId, 'events');
    const written = rowsOnDevice(member, 'events');
    const same = JSON.stringify(stored) === JSON.stringify(written);
    if (same || attempt === 100) return { stored, written };
    await sleep(200);
  }
};
