import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import { afterEach, expect, test, vi } from 'vitest';
import { type MeshShell, startMeshShell } from './mesh-shell.ts';

const shells: MeshShell[] = [];
vi.setConfig({ testTimeout: 30_000 });
afterEach(async () => {
  for (const shell of shells.splice(0)) await shell.stop();
});

const devices = Array.from({ length: 3 }, () => ({ device: randomUUID(), ...createDeviceKey() }));
const roster = {
  version: 1,
  members: devices.map(({ device, nkey }) => ({ deviceId: device, publicKey: nkey })),
};
const siteKey = randomBytes(32);

const start = async (
  at: number,
  siteKeys: readonly Uint8Array[] = [siteKey],
): Promise<MeshShell> => {
  const { device, seed } = devices[at] ?? { device: '', seed: '' };
  const claim = {
    name: `device-${at}`,
    addresses: [] as string[],
    peerPort: 0,
    uplink: at,
    canRunLeaf: false,
    clockOk: true,
    chosen: false,
    gateway: false,
    leafPort: 0,
    linked: false,
    agentVersion: '0.1.0',
  };
  const shell = await startMeshShell({
    listen: { host: '127.0.0.1', port: 0 },
    self: { device, bootId: randomBytes(8).toString('hex'), incarnation: 0 },
    signer: signerFromNkeySeed(seed),
    roster,
    claim,
    siteKeys,
    take: () => undefined,
    now: () => performance.now(),
    random: Math.random,
  });
  shell.tell({ kind: 'claim', claim: { ...claim, addresses: [`127.0.0.1:${shell.port}`] } });
  shells.push(shell);
  return shell;
};
const introduce = (shell: MeshShell, to: MeshShell): void =>
  shell.tell({ kind: 'hints', addresses: [{ device: null, address: `127.0.0.1:${to.port}` }] });
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(20);
};
const alive = (shell: MeshShell): number =>
  shell.members().filter(({ status }) => status === 'alive').length;

test('three on real sockets find each other through one, and a goodbye is heard', async () => {
  const [a, b, c] = [await start(0), await start(1), await start(2)];
  introduce(b, a);
  introduce(c, a);
  await until(() => [a, b, c].every((shell) => alive(shell) === 2));
  expect(
    a
      .members()
      .map(({ claim }) => claim?.uplink)
      .sort(),
  ).toEqual([1, 2]);
  shells.splice(shells.indexOf(c), 1);
  await c.stop();
  await until(() => a.members().some(({ status }) => status === 'left'));
});

test('a site key is rotated while they talk; who has another one is not heard', async () => {
  const next = randomBytes(32);
  const [a, b, stranger] = [await start(0), await start(1), await start(2, [randomBytes(32)])];
  introduce(b, a);
  introduce(stranger, a);
  await until(() => alive(a) === 1 && alive(b) === 1);
  a.rotate([next, siteKey]);
  b.rotate([next, siteKey]);
  const before = a.counters()['received'] ?? 0;
  await until(() => (a.counters()['received'] ?? 0) > before + 10);
  expect(alive(a)).toBe(1);
  await until(() => (a.counters()['refused-unknown-key'] ?? 0) > 0);
});

test('noise and floods are counted and cost nothing else', async () => {
  const a = await start(0);
  const noise = createSocket('udp4');
  while ((a.counters()['refused-flood'] ?? 0) === 0) {
    for (let count = 0; count < 100; count += 1) noise.send(randomBytes(80), a.port, '127.0.0.1');
    await sleep(5);
  }
  noise.close();
  expect(alive(a)).toBe(0);
});
