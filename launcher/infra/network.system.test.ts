/**
 * The namespaces' own promises: hosts reach each other and the WAN, each cut does what its name
 * says, and nothing is left behind.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { findCommand } from '../machine/commands.ts';
import { createNetwork, type NetworkHost } from './network.ts';

const network = createNetwork({ hosts: ['a', 'b', 'c'], wan: ['a', 'b'] });
const [a, b, c] = network.hosts as [NetworkHost, NetworkHost, NetworkHost];
const server = createServer((_request, response) => response.end('far away'));
afterAll(() => {
  server.close();
  network.stop();
});

const reaches = (from: NetworkHost, url: string): Promise<boolean> =>
  from.run('timeout', ['1', 'busybox', 'wget', '-q', '-O', '-', url]).then(
    () => true,
    () => false,
  );
const pings = (from: NetworkHost, to: NetworkHost): Promise<boolean> =>
  from.run('busybox', ['ping', '-c', '1', '-W', '1', to.address]).then(
    () => true,
    () => false,
  );

test('hosts have a LAN, some have a WAN, and each kind of cut is what it says', async () => {
  server.listen(0, network.wanAddress);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const far = `http://${network.wanAddress}:${port}/`;
  expect(await a.get(far)).toBe('far away');
  expect(await reaches(c, far)).toBe(false);
  expect(await pings(c, a)).toBe(true);
  for (const how of ['unplugged', 'reset', 'silent', 'deaf', 'mute'] as const) {
    a.cutWan(how);
    expect(await reaches(a, far), how).toBe(false);
    expect(await reaches(b, far), how).toBe(true);
    a.healWan();
    expect(await reaches(a, far), `${how} healed`).toBe(true);
  }
});

test('a split keeps groups apart, a one-way cut stops one direction, healing ends both', async () => {
  network.split([[a, b], [c]]);
  expect(await pings(a, c)).toBe(false);
  expect(await pings(a, b)).toBe(true);
  network.heal();
  a.ignore([b]);
  const before = b.lanBytes().sent;
  await pings(b, a);
  expect(b.lanBytes().sent).toBeGreaterThan(before);
  expect(await pings(b, a)).toBe(false);
  expect(await pings(b, c)).toBe(true);
  network.heal();
  expect(await pings(b, a)).toBe(true);
});

const ourNamespaces = (): string[] =>
  execFileSync(findCommand('ip'), ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`sb-${process.pid}-`))
    .toSorted();

test('a stopped world leaves no namespace and no process', async () => {
  const before = ourNamespaces();
  const second = createNetwork({ hosts: ['x'], wan: ['x'] });
  const [x] = second.hosts as [NetworkHost];
  const child = x.start({
    name: 'sleeper',
    command: '/bin/sleep',
    args: ['600'],
    logFile: '/tmp/signalbeam-network-test.log',
  });
  expect(ourNamespaces().length).toBeGreaterThan(before.length);
  second.stop();
  expect((await child.exited).signal).toBe('SIGKILL');
  expect(ourNamespaces()).toEqual(before);
});
