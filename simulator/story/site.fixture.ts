/**
 * The story's site: three agents as real processes, one with the gateway role, on Docker and on
 * Podman, behind links to the cloud that can be cut. What an operator does goes over the REST API.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectEngine } from '@signalbeam/edge/containers/detect';
import type { Engine } from '@signalbeam/edge/containers/engine';
import { agentCommand, startAgent, type TestCloud } from '@signalbeam/edge/link/cloud.fixture';
import { freePort } from '@signalbeam/launcher/infra/ports';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { buildImageTar } from '@signalbeam/launcher/rig/image';
import Database from 'better-sqlite3';

export type Member = {
  name: string;
  deviceId: string;
  folder: string;
  engine: Engine;
  console: string;
  stop: () => Promise<void>;
};

const engineAt = async (kind: 'docker' | 'podman', socketPath: string): Promise<Engine> => {
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none')
    throw new Error(`${kind} does not answer: ${JSON.stringify(detected.tried)}`);
  return detected.engine;
};

export const openSite = async (cloud: TestCloud, sockets: { docker: string; podman: string }) => {
  const http = await startProxy({ to: { port: Number(new URL(cloud.url).port) } });
  const { token } = (await cloud.ask('POST', '/api/registration-tokens', {
    site: 'plant-7',
    maxUses: 3,
    autoApprove: false,
  })) as { token: string };
  const leaf = `127.0.0.1:${await freePort()}`;
  const members: Member[] = [];

  const join3 = async (
    name: string,
    kind: 'docker' | 'podman',
    gateway: boolean,
  ): Promise<Member> => {
    const folder = join(cloud.dir, name);
    const url = `http://127.0.0.1:${http.port}`;
    const said = await agentCommand(['register', '--url', url, '--name', name, '--state', folder], {
      SIGNALBEAM_TOKEN: token,
    });
    if (said.code !== 0) throw new Error(said.stderr);
    const enrolment = JSON.parse(readFileSync(join(folder, 'enrolment.json'), 'utf8')) as {
      deviceId: string;
    };
    const socket = sockets[kind];
    const child = await startAgent({
      folder,
      name,
      args: [
        ...[
          '--engine',
          kind,
          '--engine-socket',
          socket,
          '--metrics-interval-ms',
          '500',
          '--heartbeat-ms',
          '1000',
        ],
        ...(gateway ? ['--gateway', '--leaf-listen', leaf] : ['--leaf', `nats://${leaf}`]),
      ],
    });
    const engine = await engineAt(kind, socket);
    const member = {
      name,
      deviceId: enrolment.deviceId,
      folder,
      engine,
      console: child.console,
      stop: () => child.stop(),
    };
    members.push(member);
    return member;
  };

  return {
    members,
    register: async () => {
      await join3('gateway-1', 'docker', true);
      await join3('gateway-2', 'docker', false);
      await join3('gateway-3', 'podman', false);
    },
    /** The last lines of each agent's log, for a test that failed. */
    logTails: (): string =>
      members
        .map(({ name, folder }) => {
          const lines = readFileSync(`${folder}.log`, 'utf8').trimEnd().split('\n');
          return `${name}\n${lines.slice(-15).join('\n')}`;
        })
        .join('\n\n'),
    /** Both ways out of the site: the leaf's link and HTTP. */
    cut: () => {
      cloud.wan.cut('clean');
      http.cut('clean');
    },
    heal: () => {
      cloud.wan.heal();
      http.heal();
    },
    close: async () => {
      for (const member of members.toReversed()) await member.stop();
      for (const { engine, deviceId } of members) {
        for (const { id } of await engine.list(deviceId))
          await engine.remove(id, { volumes: true });
        await engine.close();
      }
      await http.stop();
    },
  };
};

/** An image of a version; an ill one says so in its log and serves nothing. */
export const imageTar = (version: string, well: boolean): Uint8Array<ArrayBuffer> =>
  buildImageTar({
    name: 'story',
    tag: version,
    files: { '/www/index.html': version },
    command: well
      ? ['httpd', '-f', '-p', '8080', '-h', '/www']
      : ['sh', '-c', 'echo "cannot open the serial port"; sleep 3600'],
  }).tar;

export type Written = { lane: string; epoch: string; last: number; waiting: number[] };

/** What a stopped device wrote into each lane: the last number given out, and what still waits. */
export const writtenBy = (folder: string): Written[] =>
  ['state.db', 'queue.db'].flatMap((file) => {
    const database = new Database(join(folder, file), { readonly: true });
    try {
      const heads = database
        .prepare('SELECT lane, epoch, acked_seq AS acked, last_seq AS last FROM lanes')
        .all() as { lane: string; epoch: string; acked: number; last: number }[];
      return heads.map(({ lane, epoch, acked, last }) => ({
        lane,
        epoch,
        last,
        // A gap line covers several numbers.
        waiting: (
          database
            .prepare('SELECT first_seq AS first, seq FROM lane_rows WHERE lane = ? AND seq > ?')
            .all(lane, acked) as { first: number; seq: number }[]
        ).flatMap(({ first, seq }) => Array.from({ length: seq - first + 1 }, (_, i) => first + i)),
      }));
    } finally {
      database.close();
    }
  });

type LinkAnswer = { lanes: { lane: string; backlogRows: number }[] };

/** Rows of metrics that wait on a running device, as its own console says. */
export const backlogOf = async ({ console }: Member): Promise<number> => {
  const reply = await fetch(`${console}/api/local/link`);
  const { lanes } = (await reply.json()) as LinkAnswer;
  return lanes.find(({ lane }) => lane === 'metrics')?.backlogRows ?? 0;
};
