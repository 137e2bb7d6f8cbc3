/**
 * The carrier's promises on a real nats-server: directly, by a pinned device certificate, as the
 * roaming carrier of a device, and through a neighbour's agent.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { startChild, waitUntilReady } from '@signalbeam/launcher/infra/child';
import { answersTcp, freePort } from '@signalbeam/launcher/infra/ports';
import { startProxy } from '@signalbeam/launcher/infra/proxy';
import { findCommand } from '@signalbeam/launcher/machine/commands';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { createRoamingCarrier } from '../link/roaming-carrier.ts';
import { type CarrierWorld, carrierSuite } from './carrier.suite.ts';
import { createDeviceCertificate } from './certificate.ts';
import { neighbourWay } from './neighbour-way.ts';
import { createPeerClient } from './peer-client.ts';
import { startPeerServer } from './peer-server.ts';

const key = createDeviceKey();
const user = { jwt: 'none is asked for', seed: key.seed };

const startBroker = async (tls: { certificate: string; privateKey: string } | null) => {
  const dir = mkdtempSync(join(tmpdir(), 'carrier-'));
  const port = await freePort();
  const text = JSON.stringify;
  const files = [join(dir, 'c.pem'), join(dir, 'k.pem')] as const;
  if (tls !== null) {
    writeFileSync(files[0], tls.certificate);
    writeFileSync(files[1], tls.privateKey, { mode: 0o600 });
  }
  const block =
    tls === null ? '' : `tls { cert_file: ${text(files[0])}, key_file: ${text(files[1])} }`;
  writeFileSync(
    join(dir, 'nats.conf'),
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${text(dir)} }\n${block}\n`,
  );
  const child = startChild({
    name: 'nats-server',
    command: findCommand('nats-server'),
    args: ['--config', join(dir, 'nats.conf')],
    logFile: join(dir, 'nats.log'),
  });
  await waitUntilReady(child, () => answersTcp(port), 20_000);
  const pinned = { ca: tls?.certificate ?? '', checkServerIdentity: () => undefined };
  const far = await connect({
    servers: `127.0.0.1:${port}`,
    ...(tls === null ? {} : { tls: pinned }),
  });
  const stream = { name: 'SUITE', subjects: ['suite.durable'], storage: 'memory' };
  await far.request('$JS.API.STREAM.CREATE.SUITE', JSON.stringify(stream));
  const link = await startProxy({ to: { port } });
  return {
    far,
    link,
    stop: async () => {
      await far.close();
      await link.stop();
      await child.stop();
      rmSync(dir, { recursive: true });
    },
  };
};

const dial = (port: number, certificate: string | null): Carrier =>
  openCarrier({
    urls: [`nats://127.0.0.1:${port}`],
    credentials: () => user,
    inboxPrefix: '_INBOX.suite',
    name: 'suite',
    random: Math.random,
    log: () => undefined,
    certificate,
    redialMs: { first: 50, max: 200 },
  });

const direct = async (
  tls: Parameters<typeof startBroker>[0],
  wrap: (carrier: Carrier) => Carrier = (carrier) => carrier,
): Promise<CarrierWorld> => {
  const broker = await startBroker(tls);
  const carrier = wrap(dial(broker.link.port, tls?.certificate ?? null));
  return {
    carrier,
    far: broker.far,
    cut: () => broker.link.cut('clean'),
    heal: broker.link.heal,
    stop: async () => {
      await carrier.close();
      await broker.stop();
    },
  };
};

const throughNeighbour = async (): Promise<CarrierWorld> => {
  const [leafOf, near, far] = [createDeviceKey(), createDeviceKey(), createDeviceKey()].map(
    ({ seed }) => ({
      own: createDeviceCertificate(seed),
      publicKey: signerFromNkeySeed(seed).publicKey,
    }),
  );
  if (leafOf === undefined || near === undefined || far === undefined) throw new Error('no keys');
  const members = new Map([leafOf, near, far].map(({ publicKey }, at) => [publicKey, `${at}`]));
  const memberOf = (publicKey: string) => members.get(publicKey) ?? null;
  const broker = await startBroker(leafOf.own);
  const { certificate } = leafOf.own;
  const server = await startPeerServer({
    listen: { host: '127.0.0.1', port: 0 },
    own: far.own,
    memberOf,
    records: { versions: () => new Map(), read: () => null, root: () => null },
    broker: () => ({ kind: 'leaf', host: '127.0.0.1', port: broker.link.port, certificate }),
    relay: null,
    now: () => performance.now(),
    log: () => undefined,
  });
  const address = { host: '127.0.0.1', port: server.port };
  const carrier = await neighbourWay({
    deviceId: 'neighbour',
    peer: { address, publicKey: far.publicKey },
    own: near.own,
    client: createPeerClient({ own: near.own }),
    memberOf,
    hubUrls: [],
    dial: ({ urls, certificate: pinned }) => dial(Number(new URL(urls[0] ?? '').port), pinned),
  }).open();
  return {
    carrier,
    far: broker.far,
    cut: () => broker.link.cut('clean'),
    heal: broker.link.heal,
    stop: async () => {
      await carrier.close();
      await server.stop();
      await broker.stop();
    },
  };
};

carrierSuite('a connection', () => direct(null));
carrierSuite('a connection to a device certificate', () =>
  direct(createDeviceCertificate(key.seed)),
);
carrierSuite('the roaming carrier', () =>
  direct(null, (inner) => {
    const roaming = createRoamingCarrier();
    roaming.adopt(inner);
    return roaming;
  }),
);
carrierSuite('the way through a neighbour', throughNeighbour);
