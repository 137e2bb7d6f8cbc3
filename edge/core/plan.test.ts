/** The planner against a model of an engine: orders, verdicts, any harm and crash (Inventory §7.14). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labels } from './container.ts';
import { plan } from './plan.ts';
import { healKey } from './plan-steady.ts';
import { reportSlots } from './report.ts';
import { running, settle } from './settle.fixture.ts';
import {
  apply,
  bundleId,
  containerManifest,
  createWorld,
  knownOf,
  release,
  want,
} from './world.fixture.ts';

const v1 = release('1.0.0', [containerManifest('web', 'hello-1')]);
const v2 = release('2.0.0', [containerManifest('web', 'hello-2')]);
const pair1 = release('1.0.0', [
  containerManifest('web', 'hello-1'),
  containerManifest('db', 'db-1'),
]);
const pair2 = release('2.0.0', [
  containerManifest('web', 'hello-2'),
  containerManifest('db', 'db-1'),
]);

describe('a first version', () => {
  it('is fetched, made, started, probed and confirmed, in this order', () => {
    const world = createWorld();
    want(world, v1, 1);
    settle(world, 0);
    expect([...new Set(world.log)]).toEqual([
      'begin-update',
      'fetch-release',
      'fetch-image',
      'pull-image',
      'create-container',
      'begin-swap',
      'start-container web',
      'begin-probe',
      'probe',
      'confirm-update',
    ]);
    expect(running(world)).toEqual(['web@1.0.0']);
  });

  it('that fails leaves nothing behind and is not tried again until asked', () => {
    const world = createWorld();
    world.sick.add('web@1.0.0');
    want(world, v1, 1);
    const end = settle(world, 0);
    expect(world.containers).toEqual([]);
    expect(world.slots[0]?.failed?.reason).toBe('web is ill');
    world.sick.clear();
    expect(settle(world, end)).toBe(end);
    want(world, v1, 2);
    settle(world, end);
    expect(running(world)).toEqual(['web@1.0.0']);
  });
});

describe('an update', () => {
  it('stops the old only after the new one was pulled and made', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    world.log = [];
    want(world, v2, 2);
    settle(world, end);
    expect(world.log.indexOf('stop-container web')).toBeGreaterThan(
      world.log.indexOf('create-container'),
    );
    expect(running(world)).toEqual(['web@2.0.0']);
    expect(world.containers).toHaveLength(1);
  });

  it('goes on when the agent died in the swap and the old one was started again', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    // begin, fetch twice, pull, create, begin-swap, stop.
    settle(world, end, { crashAfter: 7 });
    expect(world.log.at(-1)).toBe('stop-container web');
    for (const each of world.containers) {
      if (each.labels[labels.version] === '1.0.0') each.state = 'running';
    }
    world.log = [];
    settle(world, end + 1);
    expect(world.log.slice(0, 2)).toEqual(['stop-container web', 'start-container web']);
    expect(running(world)).toEqual(['web@2.0.0']);
  });

  it('leaves an unchanged container of the bundle running', () => {
    const world = createWorld();
    want(world, pair1, 1);
    const end = settle(world, 0);
    const before = world.containers.find((each) => each.labels[labels.container] === 'db');
    want(world, pair2, 2);
    settle(world, end);
    const after = world.containers.find((each) => each.labels[labels.container] === 'db');
    expect(after?.id).toBe(before?.id);
    expect(after?.startedAt).toBe(before?.startedAt);
  });

  it('that fails its probe brings the old version back and says why', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    world.sick.add('web@2.0.0');
    want(world, v2, 2);
    settle(world, end);
    expect(running(world)).toEqual(['web@1.0.0']);
    expect(world.containers).toHaveLength(1);
    expect(world.slots[0]?.failed).toMatchObject({
      reason: 'web is ill',
      target: { version: '2.0.0' },
    });
  });

  it('withdrawn half-way goes back to the version that worked', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    settle(world, end, { crashAfter: 9 });
    expect(world.slots[0]?.update?.phase).toBe('probe');
    want(world, v1, 3);
    settle(world, end + 1);
    expect(running(world)).toEqual(['web@1.0.0']);
  });
});

describe('a settled version', () => {
  it('comes back when it is killed, removed or changed by hand', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    for (const harm of [
      () => world.containers.map((each) => Object.assign(each, { state: 'exited', exitCode: 137 })),
      () => world.containers.splice(0),
      () => world.containers.map((each) => Object.assign(each, { restart: 'no' })),
    ]) {
      harm();
      settle(world, end);
      expect(running(world)).toEqual(['web@1.0.0']);
      expect(world.containers).toHaveLength(1);
      expect(world.containers[0]?.restart).toBe('unless-stopped');
    }
  });

  it('is removed, and forgotten, when it is no longer wanted', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, null, 2);
    // Whoever waits for it to be gone, such as the other one of a redundancy group, waits for that.
    expect(reportSlots(knownOf(world), end)).toMatchObject([
      { status: 'pending', runningVersion: '1.0.0', reason: null },
    ]);
    expect(reportSlots({ ...knownOf(world), observed: null }, end)).toMatchObject([
      { status: 'pending', reason: 'It is removed when the container engine answers.' },
    ]);
    settle(world, end);
    expect(world.containers).toEqual([]);
    expect(world.slots).toEqual([]);
    expect(reportSlots(knownOf(world), end)).toEqual([]);
  });

  it('touches nothing while no engine answers', () => {
    const world = createWorld();
    want(world, v1, 1);
    const blind = plan({ ...knownOf(world), observed: null }, 0);
    expect(blind.steps).toEqual([]);
    expect(blind.waiting).toContain('No container engine answers');
  });

  it('is healed while a newer version waits for its download', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    settle(world, end, { crashAfter: 1 });
    world.containers.splice(0);
    const retries = new Map([
      [
        bundleId,
        { attempt: 3, failedAtMs: 0, notBeforeMs: end + 60_000, reason: 'The cloud is away.' },
      ],
    ]);
    const steps = plan({ ...knownOf(world), retries }, end).steps.map(({ kind }) => kind);
    expect(steps).toEqual(['create-container', 'start-container']);
  });

  it('is healed, and nothing else is planned, while a newer version is being downloaded', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v2, 2);
    settle(world, end, { crashAfter: 1 });
    const preparing = new Set([bundleId]);
    expect(plan({ ...knownOf(world), preparing }, end).steps).toEqual([]);
    for (const each of world.containers) Object.assign(each, { state: 'exited', exitCode: 137 });
    const { steps } = plan({ ...knownOf(world), preparing }, end);
    expect(steps.map(({ kind, healing }) => [kind, healing])).toEqual([['start-container', true]]);
    const retries = new Map([
      [
        healKey(bundleId),
        { attempt: 1, failedAtMs: 0, notBeforeMs: end + 900, reason: 'The port is in use.' },
      ],
    ]);
    expect(plan({ ...knownOf(world), preparing, retries }, end)).toMatchObject({
      steps: [],
      wakeAtMs: end + 900,
    });
  });

  it('makes a container again whose removal is under way or failed half-way, and never starts it', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    for (const each of world.containers) Object.assign(each, { state: 'dead', exitCode: 137 });
    const steps = plan(knownOf(world), end).steps.map(({ kind }) => kind);
    expect(steps).toEqual(['remove-container', 'create-container', 'start-container']);
    settle(world, end);
    expect(running(world)).toEqual(['web@1.0.0']);
  });

  it('leaves one that has just died alone for a second: it may be the first half of a removal', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    const [web] = world.containers;
    if (web === undefined) throw new Error('nothing runs');
    const planAt = (now: number, finishedAt: number) => {
      Object.assign(web, { state: 'exited', exitCode: 137, finishedAt });
      const { steps, wakeAtMs } = plan(knownOf(world), now);
      return { steps: steps.map(({ kind }) => kind), wakeAtMs };
    };
    expect(planAt(end, end - 999)).toEqual({ steps: [], wakeAtMs: end + 1 });
    expect(planAt(end, end - 1_000).steps).toEqual(['start-container']);
    // The engine's clock was put back meanwhile: nothing is waited for.
    expect(planAt(end, end + 5_000).steps).toEqual(['start-container']);
    want(world, v2, 2);
    expect(planAt(end, end - 999).steps).toEqual(['begin-update']);
    world.containers.splice(0);
    expect(plan(knownOf(world), end).steps.map(({ kind }) => kind)).toContain('create-container');
  });

  it('gives a container that drifted the time to stop that its version names', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    for (const each of world.containers) Object.assign(each, { command: ['another'] });
    const { steps } = plan(knownOf(world), end);
    expect(steps[0]).toMatchObject({ kind: 'retire-container', graceMs: 1_000 });
  });

  it('stops a retired container that runs again before the one in its place starts', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    const [web] = world.containers;
    if (web === undefined) throw new Error('nothing runs');
    world.containers = [
      { ...web, id: 'retired', name: `${web.name}-retired`, restart: 'no' },
      { ...web, state: 'created' },
    ];
    const { steps } = plan(knownOf(world), end);
    expect(steps.map((step) => [step.kind, 'name' in step ? step.name : ''])).toEqual([
      ['stop-container', `${web.name}-retired`],
      ['start-container', web.name],
      ['remove-container', `${web.name}-retired`],
    ]);
  });

  it('starts no update while updates are held, and heals what is settled all the same', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    world.containers.splice(0);
    want(world, v2, 2);
    const held = plan({ ...knownOf(world), holdUpdates: 'The events lane is full.' }, end);
    expect(held.steps.map(({ kind }) => kind)).toEqual(['create-container', 'start-container']);
    expect(held.waiting).toBe('hello: The events lane is full.');
  });

  it('is not held up by times that a clock gave before it was set back', () => {
    const tenYearsMs = 315_360_000_000;
    const world = createWorld();
    want(world, v1, 1);
    let now = tenYearsMs;
    for (let looks = 0; world.slots[0]?.update?.lastProbeAt == null && looks < 50; looks += 1) {
      for (const step of plan(knownOf(world), now).steps) apply(world, step, now);
      now += 10;
    }
    expect(world.slots[0]?.update?.phase).toBe('probe');
    settle(world, 1_000);
    expect(world.slots[0]?.confirmed?.version).toBe(v1.version);
    const retry = {
      attempt: 1,
      failedAtMs: tenYearsMs,
      notBeforeMs: tenYearsMs + 1,
      reason: 'away',
    };
    want(world, v2, 2);
    const { steps } = plan({ ...knownOf(world), retries: new Map([[bundleId, retry]]) }, 2_000);
    expect(steps.map(({ kind }) => kind)).toEqual(['begin-update']);
  });

  it('that runs already costs nothing when it is asked for again, by whichever rollout', () => {
    const world = createWorld();
    want(world, v1, 1);
    const end = settle(world, 0);
    want(world, v1, 9);
    expect(plan({ ...knownOf(world), presentImages: new Set() }, end + 60_000).steps).toEqual([]);
  });

  it('waits in words while a step is to be tried again', () => {
    const world = createWorld();
    want(world, v1, 1);
    const retries = new Map([
      [
        bundleId,
        { attempt: 1, failedAtMs: 0, notBeforeMs: 8_000, reason: 'The registry is away.' },
      ],
    ]);
    expect(plan({ ...knownOf(world), retries }, 1_000)).toEqual({
      steps: [],
      waiting: 'hello: The registry is away. Trying again in 7 s.',
      wakeAtMs: 8_000,
    });
  });
});

describe('for any history of wishes, illnesses, harm and crashes', () => {
  const versions = [v1, v2, pair1, pair2];
  const act = fc.record({
    wish: fc.option(fc.integer({ min: 0, max: 3 })),
    sick: fc.boolean(),
    crashAfter: fc.integer({ min: 0, max: 30 }),
    harm: fc.constantFrom('none', 'kill', 'remove') as fc.Arbitrary<'none' | 'kill' | 'remove'>,
  });

  it('ends with exactly the wanted version, or the one that last worked', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 6 }), (acts) => {
        const world = createWorld();
        let now = 0;
        let generation = 0;
        for (const { wish, sick, crashAfter, harm } of acts) {
          generation += 1;
          const wished = wish === null ? null : (versions[wish] ?? null);
          world.sick = new Set(sick && wished ? [`web@${wished.version}`] : []);
          if (harm === 'kill') for (const each of world.containers) each.state = 'exited';
          if (harm === 'remove') world.containers.splice(0);
          want(world, wished, generation);
          now = settle(world, now, { crashAfter: crashAfter }) + 1;
        }
        now = settle(world, now);
        const [slot] = world.slots;
        if (slot === undefined) {
          expect(world.containers).toEqual([]);
          return;
        }
        expect(slot.update).toBeNull();
        const stands = slot.confirmed && world.releases.get(slot.confirmed.releaseDigest);
        const names = stands ? stands.containers.map(({ name }) => name).sort() : [];
        expect(world.containers.map((each) => each.labels[labels.container]).sort()).toEqual(names);
        expect(world.containers.every(({ state }) => state === 'running')).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('never stops a confirmed version before its successor is made', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.boolean(), (crashAfter, sick) => {
        const world = createWorld();
        want(world, v1, 1);
        const end = settle(world, 0);
        if (sick) world.sick.add('web@2.0.0');
        want(world, v2, 2);
        settle(world, end, { crashAfter: crashAfter });
        const made = world.containers.some((each) => each.labels[labels.version] === '2.0.0');
        if (!made) expect(running(world)).toEqual(['web@1.0.0']);
      }),
    );
  });
});
