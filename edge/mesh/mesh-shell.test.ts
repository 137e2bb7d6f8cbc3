/**
 * The mesh's shell on real sockets of loopback: members find each other, say goodbye, come back,
 * move, rotate the site key; a clone is reported, a link that is deaf on one side kills nobody, and
 * what is no member's packet costs nothing but its count.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StepForOthers } from '@signalbeam/sync/mesh/mesh';
import type { MeshMessage } from '@signalbeam/sync/mesh/message';
import { encodeMessage } from '@signalbeam/sync/wire/mesh-message';
import { aesPacketCrypto, createOpener, createSealer } from '@signalbeam/sync/wire/mesh-packet';
import { mutantsOf } from '@signalbeam/sync/wire/mutants.fixture';
import { createDeviceKey, signerFromNkeySeed } from '@signalbeam/sync/wire/nkey';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import type { Timers } from '../core/timers.ts';
import { type Datagrams, openUdp } from './datagrams.ts';
import { type MeshShell, type MeshShellParts, startMeshShell } from './mesh-shell.ts';

type Member = MeshShell & { device: string; steps: StepForOthers[] };

const shells: Member[] = [];
vi.setConfig({ testTimeout: 60_000 });
afterEach(async () => {
  for (const shell of shells.splice(0)) await shell.stop();
});

const devices = Array.from({ length: 3 }, () => ({ device: randomUUID(), ...createDeviceKey() }));
const roster = {
  version: 1,
  members: devices.map(({ device, nkey }) => ({ deviceId: device, publicKey: nkey })),
};
const siteKey = randomBytes(32);

const start = async (at: number, more: Partial<MeshShellParts> = {}): Promise<Member> => {
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
  const steps: Member['steps'] = [];
  const shell = await startMeshShell({
    listen: { host: '127.0.0.1', port: 0 },
    self: { device, bootId: randomBytes(8).toString('hex'), incarnation: 0 },
    signer: signerFromNkeySeed(seed),
    roster,
    claim,
    siteKeys: [siteKey],
    take: (step) => steps.push(step),
    contentOf: () => null,
    now: () => performance.now(),
    random: Math.random,
    ...more,
  });
  shell.tell({ kind: 'claim', claim: { ...claim, addresses: [`127.0.0.1:${shell.port}`] } });
  const member = { ...shell, device, steps };
  shells.push(member);
  return member;
};
const end = async (member: Member): Promise<void> => {
  shells.splice(shells.indexOf(member), 1);
  await member.stop();
};
const introduce = (shell: MeshShell, to: MeshShell): void =>
  shell.tell({ kind: 'hints', addresses: [{ device: null, address: `127.0.0.1:${to.port}` }] });
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(20);
};
const alive = (shell: MeshShell): number =>
  shell.members().filter(({ status }) => status === 'alive').length;
const seenBy = (observer: MeshShell, { device }: Member) =>
  observer.members().find((each) => each.device === device);
const whole = async (): Promise<[Member, Member, Member]> => {
  const members: [Member, Member, Member] = [await start(0), await start(1), await start(2)];
  introduce(members[1], members[0]);
  introduce(members[2], members[0]);
  await until(() => members.every((shell) => alive(shell) === 2));
  return members;
};
const deaths = (): number =>
  shells.reduce((sum, shell) => sum + (shell.counters()['lost'] ?? 0), 0);

test('three find each other through one; one leaves, and comes back with the same identity', async () => {
  const [a, b, c] = await whole();
  expect([b, c].map((each) => seenBy(a, each)?.claim?.uplink)).toEqual([1, 2]);
  await end(c);
  await until(() => [a, b].every((each) => seenBy(each, c)?.status === 'left'));
  const again = await start(2);
  introduce(again, b);
  await until(() => [a, b].every((each) => seenBy(each, again)?.status === 'alive'));
  await until(() => alive(again) === 2);
  expect(seenBy(a, again)?.address).toBe(`127.0.0.1:${again.port}`);
  expect(deaths()).toBe(0);
  expect([a, b].flatMap(({ steps }) => steps).filter(({ kind }) => kind === 'warn')).toEqual([]);
});

test('a member whose address changes while it runs is found where it is now', async () => {
  const [a, b, c] = await whole();
  await end(c);
  let moved: Datagrams | null = null;
  const first = await openUdp({ host: '127.0.0.1', port: 0 });
  const roams = await start(2, {
    openDatagrams: async () => ({
      ...first,
      send: (...args) => (moved ?? first).send(...args),
      close: () => {
        first.close();
        moved?.close();
      },
    }),
  });
  introduce(roams, a);
  await until(() => [a, b].every((each) => seenBy(each, roams)?.status === 'alive'));
  // Nothing arrives at the old address any more; what it sends comes from the new one.
  const listeners = vi.fn();
  const next = await openUdp({ host: '127.0.0.1', port: 0 });
  first.hear(listeners);
  moved = next;
  await until(() =>
    [a, b].every((each) => seenBy(each, roams)?.address === `127.0.0.1:${next.port}`),
  );
  expect(deaths()).toBe(0);
});

test('the same identity on two machines is reported, and the others go on with one of them', async () => {
  const [a, b, c] = await whole();
  const clone = await start(2);
  introduce(clone, a);
  const warned = (): boolean =>
    [a, b, c, clone].some(({ steps }) =>
      steps.some((step) => step.kind === 'warn' && step.code === 'cloned-identity'),
    );
  await until(warned);
  await until(() => {
    const boots = [a, b].map((each) => seenBy(each, c)?.claim?.bootId);
    return boots[0] !== undefined && boots[0] === boots[1];
  });
  // The one that is not believed hears nobody any more; the others miss nobody.
  expect([a, b].map((each) => each.counters()['lost'])).toEqual([0, 0]);
  expect([a, b].map((each) => seenBy(each, c)?.status)).toEqual(['alive', 'alive']);
});

test('a link that is deaf on one side calls nobody dead while others reach both', async () => {
  const [a, b, c] = await whole();
  await end(b);
  const udp = await openUdp({ host: '127.0.0.1', port: 0 });
  const mute = await start(1, {
    // What it sends to `a` never arrives.
    openDatagrams: async () => ({
      ...udp,
      send: (packet, to, done) => (to.port === a.port ? done() : udp.send(packet, to, done)),
    }),
  });
  introduce(mute, c);
  await until(() => [a, c].every((each) => seenBy(each, mute)?.status === 'alive'));
  const heard = a.counters()['received'] ?? 0;
  await until(() => (a.counters()['received'] ?? 0) > heard + 25);
  expect(deaths()).toBe(0);
});

test('a site key is rotated while they talk; who has another one is not heard, and is told of', async () => {
  const next = randomBytes(32);
  const unreadable: number[] = [];
  const a = await start(0, { unreadable: ({ port }) => unreadable.push(port) });
  const [b, stranger] = [await start(1), await start(2, { siteKeys: [randomBytes(32)] })];
  introduce(b, a);
  introduce(stranger, a);
  await until(() => alive(a) === 1 && alive(b) === 1);
  a.rotate([next, siteKey]);
  b.rotate([next, siteKey]);
  const before = a.counters()['received'] ?? 0;
  await until(() => (a.counters()['received'] ?? 0) > before + 10);
  expect(alive(a)).toBe(1);
  await until(() => (a.counters()['refused-unknown-key'] ?? 0) > 0);
  expect(unreadable).toContain(stranger.port);
});

test('a device without a site key says nothing until it has one', async () => {
  const [a, late] = [await start(0), await start(1, { siteKeys: [] })];
  introduce(late, a);
  await sleep(300);
  expect(late.counters()['sent']).toBe(0);
  late.rotate([siteKey]);
  await until(() => alive(a) === 1 && alive(late) === 1);
});

test('noise and floods are counted, and a member is heard through them', async () => {
  const [a, b] = [await start(0), await start(1)];
  introduce(b, a);
  await until(() => alive(a) === 1 && alive(b) === 1);
  const noise = createSocket('udp4');
  while ((a.counters()['refused-flood'] ?? 0) < 1_000) {
    for (let count = 0; count < 100; count += 1) noise.send(randomBytes(80), a.port, '127.0.0.1');
    await sleep(5);
  }
  noise.close();
  expect(alive(a)).toBe(1);
  expect(alive(b)).toBe(1);
});

/** What really passed between members, as it came from the wire. */
const tapped = (captured: Uint8Array[]): Partial<MeshShellParts> => ({
  openDatagrams: async (listen) => {
    const datagrams = await openUdp(listen);
    return {
      ...datagrams,
      hear: (listener) =>
        datagrams.hear((packet, from) => {
          if (captured.length < 200) captured.push(Uint8Array.from(packet));
          listener(packet, from);
        }),
    };
  },
});

test('captured traffic, changed and said again, is counted by its reason and believed of nobody', async () => {
  const captured: Uint8Array[] = [];
  const [a, b] = [await start(0, tapped(captured)), await start(1)];
  introduce(b, a);
  await until(() => alive(a) === 1 && alive(b) === 1 && captured.length > 10);
  const believed = () => a.members().map(({ device, status, claim }) => [device, status, claim]);
  const [before, steps] = [JSON.stringify(believed()), a.steps.length];
  const refusals = (): number =>
    Object.entries(a.counters())
      .filter(([name]) => name.startsWith('refused-'))
      .reduce((sum, [, count]) => sum + count, 0);
  const counted = refusals();

  // As they came, and some hundred changed ones: cut, joined, a bit turned, a part said twice.
  const sent = [...captured, ...fc.sample(mutantsOf(captured, 1_400), 400)];
  const stranger = createSocket('udp4');
  for (const packet of sent) {
    if (packet.byteLength === 0) continue;
    // Within a stranger's share, so that each is looked at and none is dropped as a flood.
    await sleep(8);
    await new Promise((done) => stranger.send(packet, a.port, '127.0.0.1', done));
  }
  await sleep(200);
  stranger.close();

  expect(refusals() - counted).toBeGreaterThan(sent.length * 0.9);
  expect(Object.keys(a.counters())).toEqual(
    expect.arrayContaining(['refused-replayed', 'refused-bad-tag', 'refused-malformed']),
  );
  expect(JSON.stringify(believed())).toBe(before);
  expect(a.steps.slice(steps).filter(({ kind }) => kind === 'warn' || kind === 'changed')).toEqual(
    [],
  );
  // Where the stranger sends from did not become anybody's address.
  expect(seenBy(a, b)?.address).toBe(`127.0.0.1:${b.port}`);
  expect([alive(a), alive(b), deaths()]).toEqual([1, 1, 0]);
});

test('a thief of the site key who says captured messages again, changed inside, is believed in nothing', async () => {
  const captured: Uint8Array[] = [];
  const [a, b] = [await start(0, tapped(captured)), await start(1)];
  introduce(b, a);
  await until(() => alive(a) === 1 && alive(b) === 1 && captured.length > 12);
  const opener = createOpener(aesPacketCrypto);
  opener.acceptKeys([siteKey]);
  opener.acceptMembers(devices.map(({ device }) => device));
  const messages = captured.flatMap((packet) => {
    const opened = opener.open(packet);
    return opened.kind === 'opened' ? [opened.message] : [];
  });
  expect(messages.length).toBeGreaterThan(5);
  const [, , third] = devices;
  const self = { device: third?.device ?? '', bootId: randomBytes(8).toString('hex') };
  const sealer = createSealer(aesPacketCrypto, self, siteKey);
  const thief = createSocket('udp4');
  for (const message of fc.sample(mutantsOf(messages, 1_100), 200)) {
    if (message.byteLength > 1_100) continue;
    await sleep(4);
    const packet = sealer.seal(message, true);
    await new Promise((done) => thief.send(packet, a.port, '127.0.0.1', done));
  }
  // Pieces of a record that nobody asked it for.
  const name = `plan/${randomUUID()}`;
  for (let index = 0; index < 8; index += 1) {
    const part = { kind: 'record', name, version: 1, index, count: 8, bytes: randomBytes(900) };
    const packet = sealer.seal(encodeMessage(part as MeshMessage), true);
    await new Promise((done) => thief.send(packet, a.port, '127.0.0.1', done));
  }
  await until(() => (a.counters()['refused-piece-unasked'] ?? 0) >= 8);
  thief.close();
  expect(a.steps.filter(({ kind }) => kind === 'offer-record')).toEqual([]);
  expect(a.counters()['refused-undecodable']).toBeGreaterThan(25);
  // It never showed a claim that the third device signed, and nobody else's was changed by it.
  expect(a.members().find(({ device }) => device === self.device)?.claim).toBeNull();
  expect(seenBy(a, b)?.claim?.name).toBe('device-1');
  await until(() => alive(a) === 1 && alive(b) === 1);
  expect(deaths()).toBe(0);
});

/** Timers of a clock that only the test moves. What repeats comes `lateMs` after its time, each time. */
const lateLoop = (lateMs: number) => {
  let [now, due] = [0, [] as { at: number; run: () => void }[]];
  const after = (delayMs: number, run: () => void) => {
    const timer = { at: now + delayMs, run };
    due.push(timer);
    return () => {
      due = due.filter((each) => each !== timer);
    };
  };
  const every: Timers['every'] = (periodMs, run) => {
    let cancel = () => {};
    const again = () => {
      cancel = after(periodMs + lateMs, () => {
        again();
        run();
      });
    };
    again();
    return () => cancel();
  };
  const runTo = (endMs: number): void => {
    for (;;) {
      const next = due.toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined || next.at > endMs) break;
      due = due.filter((each) => each !== next);
      now = Math.max(now, next.at);
      next.run();
    }
    now = endMs;
  };
  return { now: () => now, timers: { after, every }, runTo };
};

/** How often the first of two says something in ten minutes, its own loop's looks being so late. */
const saidWith = async (lateMs: number): Promise<number> => {
  const [late, well] = [lateLoop(lateMs), lateLoop(0)];
  const hearers: ((packet: Uint8Array, from: { host: string; port: number }) => void)[] = [];
  const wire = (port: number) => async (): Promise<Datagrams> => ({
    port,
    hear: (listener) => {
      hearers[port] = listener;
    },
    failed: () => {},
    send: (packet, to, done) => {
      hearers[to.port]?.(Uint8Array.from(packet), { host: '127.0.0.1', port });
      done();
    },
    close: () => {},
  });
  const more = (port: number, { now, timers }: ReturnType<typeof lateLoop>) => ({
    ...{ openDatagrams: wire(port), now, timers, random: () => 0.5 },
  });
  const [a, b] = [await start(0, more(1, late)), await start(1, more(2, well))];
  introduce(b, a);
  const step = 10;
  for (let at = step; at <= 600_000; at += step) {
    late.runTo(at);
    well.runTo(at);
  }
  expect([alive(a), alive(b)]).toEqual([1, 1]);
  const said = a.counters()['sent'] ?? 0;
  await end(a);
  await end(b);
  return said;
};

test('the core hears how late the event loop is: whoever lags probes others more rarely', async () => {
  const [inTime, late] = [await saidWith(0), await saidWith(1_000)];
  expect(inTime).toBeGreaterThan(300);
  expect(late).toBeLessThan(inTime * 0.75);
  // A little is every machine's.
  expect(await saidWith(200)).toBe(inTime);
});
