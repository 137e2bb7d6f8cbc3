/**
 * Ingest is away while the hub stands, and devices whose connection broke meanwhile greet in vain. Once
 * ingest or its Postgres is back, each of them is welcomed within seconds, and none asked more often
 * than before for it.
 */
import { expect, test } from 'vitest';
import { runOn } from './run/run-on.ts';
import { createWorld, type World } from './world/world.ts';

const second = 1_000;
const minute = 60 * second;
/** A greeting that was on its way fails after 5 s; then, within the second that ten are called in. */
const boundMs = 7 * second;

const openWorld = (seed: number): { world: World; greetings: () => number } => {
  let greetings = 0;
  const world = createWorld({
    ...{ seed, devices: 10, realCrypto: false, keepTrace: false, mesh: false, rollouts: null },
    bug: {
      carrier: (carrier) => ({
        ...carrier,
        request: (subject, bytes, timeoutMs) => {
          if (subject.startsWith('signalbeam.hello.')) greetings += 1;
          return carrier.request(subject, bytes, timeoutMs);
        },
      }),
    },
  });
  return { world, greetings: () => greetings };
};

const runFor = (world: World, ms: number): Promise<void> =>
  runOn(world, world.kernel.now() + ms, () => false);
const openOf = ({ devices }: World): number =>
  devices.filter(({ uplink }) => uplink?.phase() === 'open').length;

const reconnectAll = async (world: World): Promise<void> => {
  for (const cut of [true, false]) {
    for (const { parts, carrier } of world.devices) {
      parts.path.cut = cut;
      carrier?.pathChanged();
    }
    await runFor(world, minute);
  }
};

/** How long it took until all were welcomed; greetings that each sent meanwhile, and in vain before. */
const outage = async (
  seed: number,
  away: (world: World) => void,
  back: (world: World) => void,
): Promise<{ tookMs: number; inVain: number; onReturn: number }> => {
  const { world, greetings } = openWorld(seed);
  await runFor(world, minute);
  expect(openOf(world)).toBe(10);
  away(world);
  await reconnectAll(world);
  expect(openOf(world)).toBe(0);
  const before = greetings();
  await runFor(world, 10 * minute);
  const inVain = (greetings() - before) / 10;
  back(world);
  const [backAt, since] = [world.kernel.now(), greetings()];
  await runOn(world, backAt + 5 * minute, () => openOf(world) === 10);
  expect(world.checks.violation).toBeNull();
  const tookMs = world.kernel.now() - backAt;
  return { tookMs, inVain, onReturn: (greetings() - since) / 10 };
};

const stop = ({ replicas }: World): void => {
  for (const replica of replicas) replica.kill();
};
const start = ({ replicas }: World): void => {
  for (const replica of replicas) replica.start();
};
const seeds = [1, 2, 3, 4, 5];

test.each(seeds)('all are welcomed within seconds once ingest is back (seed %i)', async (seed) => {
  const { tookMs, inVain, onReturn } = await outage(seed, stop, start);
  expect(tookMs).toBeLessThan(boundMs);
  expect(inVain).toBeLessThan(16);
  expect(onReturn).toBeLessThanOrEqual(2);
});

test.each(seeds)('and once its Postgres is back (seed %i)', async (seed) => {
  const { tookMs, inVain } = await outage(
    seed,
    ({ postgres }) => {
      postgres.down = true;
    },
    ({ postgres }) => {
      postgres.down = false;
    },
  );
  expect(tookMs).toBeLessThan(boundMs + second);
  expect(inVain).toBeLessThan(16);
});
