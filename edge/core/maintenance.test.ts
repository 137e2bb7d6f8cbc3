/** Windows on the device: what is next is fetched before, takes over inside, and nothing else waits. */
import { expect, it } from 'vitest';
import { plan } from './plan.ts';
import { reportSlots } from './report.ts';
import {
  apply,
  containerManifest,
  createWorld,
  knownOf,
  release,
  type World,
  want,
} from './world.fixture.ts';

const hourMs = 3_600_000;
const v1 = release('1.0.0', [containerManifest('web', 'hello-1')]);
const v2 = release('2.0.0', [containerManifest('web', 'hello-2')]);

const settle = (world: World, from: number, until = Number.POSITIVE_INFINITY): number => {
  let now = from;
  for (let turns = 0; turns < 500; turns += 1) {
    const { steps, wakeAtMs } = plan(knownOf(world), now);
    for (const step of steps) apply(world, step, now);
    if (steps.length > 0) continue;
    if (wakeAtMs === null || wakeAtMs >= until) return now;
    now = Math.max(now + 1, wakeAtMs);
  }
  throw new Error(`it never settles: ${world.log.slice(-12).join(', ')}`);
};

const wantIn = (world: World, windows: [number, number][]): void => {
  want(world, v2, 2);
  world.slots = world.slots.map((slot) => ({
    ...slot,
    wanted: slot.wanted === null ? null : { ...slot.wanted, windows },
  }));
};

it('the next version is fetched and waits for its window, and the one in force is kept up', () => {
  const world = createWorld();
  want(world, v1, 1);
  const end = settle(world, 0);
  const opensAtMs = Math.ceil(end / 1_000) * 1_000 + 3 * hourMs;
  wantIn(world, [[opensAtMs / 1_000, (opensAtMs + hourMs) / 1_000]]);
  settle(world, end, opensAtMs);
  const sentence = 'It starts when the maintenance window opens in 3 h.';
  expect(plan(knownOf(world), end)).toEqual({
    steps: [],
    waiting: `hello: 2.0.0 is here. ${sentence}`,
    wakeAtMs: opensAtMs,
  });
  expect(reportSlots(knownOf(world), end)).toMatchObject([{ status: 'pending', reason: sentence }]);
  for (const each of world.containers) {
    if (each.state === 'running') Object.assign(each, { state: 'exited', exitCode: 137 });
  }
  const { steps } = plan(knownOf(world), end + hourMs);
  expect(steps.map(({ kind }) => kind)).toEqual(['start-container']);
  for (const step of steps) apply(world, step, end + hourMs);
  settle(world, opensAtMs);
  expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
});

it('a window that closes amid an update does not stop it', () => {
  const world = createWorld();
  want(world, v1, 1);
  const end = settle(world, 0);
  wantIn(world, [[0, Math.floor(end / 1_000) + 1]]);
  while (world.slots[0]?.update?.phase !== 'probe') {
    for (const step of plan(knownOf(world), end).steps) apply(world, step, end);
  }
  settle(world, end + hourMs);
  expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
});

it('a device on which nothing of the bundle runs does not wait for windows that are over', () => {
  const world = createWorld();
  wantIn(world, [[0, 1]]);
  settle(world, hourMs);
  expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
});

it('once all windows are over it waits for others, and takes over in the next that is named', () => {
  const world = createWorld();
  want(world, v1, 1);
  const end = settle(world, 0);
  wantIn(world, [[0, 1]]);
  settle(world, end);
  expect(plan(knownOf(world), end)).toMatchObject({
    steps: [],
    waiting: expect.stringContaining('Its maintenance windows are over'),
    wakeAtMs: null,
  });
  wantIn(world, [[0, end + hourMs]]);
  settle(world, end);
  expect(world.slots[0]?.confirmed?.version).toBe('2.0.0');
});
