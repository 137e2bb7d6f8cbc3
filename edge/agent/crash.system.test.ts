/**
 * The agent is killed before and after every kind of step, with real containers: the old version
 * runs or the new one, before any agent is there again, and after a restart the work is finished.
 * Between the old version's stop and the new one's start (they share a host port) the guard starts
 * the old one again; asked to stop there, the agent first brings the new one up.
 */
import { afterEach, describe, expect, inject, it } from 'vitest';
import { detectEngine } from '../containers/detect.ts';
import type { Engine } from '../containers/engine.ts';
import { type StepKind, stepKinds } from '../core/step.ts';
import { createSite, type Site, until } from './site.fixture.ts';

const full = process.env['SIGNALBEAM_FULL'] === '1';

type Scenario = {
  /** From a site on which version 1.0.0 runs. */
  ask: (site: Site, engine: Engine) => Promise<void>;
  ends: string[];
};

const update: Scenario = {
  ask: async (site) => site.want(site.publish('2.0.0', true)),
  ends: ['2.0.0'],
};
const badUpdate: Scenario = {
  ask: async (site) => site.want(site.publish('3.0.0', false)),
  ends: ['1.0.0'],
};
const removal: Scenario = { ask: async (site) => site.want(null), ends: [] };
const drift: Scenario = {
  ask: async (site, engine) => {
    const [ours] = await engine.list(site.deviceId);
    if (ours === undefined) throw new Error('nothing runs');
    const { imageDefaults, address, ...spec } = ours;
    await engine.remove(ours.id, { volumes: false });
    const image = `signalbeam.local/crash-test@${spec.imageDigest}`;
    const { id } = await engine.create({
      ...spec,
      image,
      environment: {},
      restart: 'no',
      command: imageDefaults.command,
    });
    await engine.start(id);
    expect(address).toBeDefined();
  },
  ends: ['1.0.0'],
};

const scenarioOf: Record<StepKind, Scenario> = {
  'begin-update': update,
  'fetch-release': update,
  'fetch-image': update,
  'pull-image': update,
  'create-container': update,
  'begin-swap': update,
  'stop-container': update,
  'start-container': update,
  'begin-probe': update,
  probe: update,
  'confirm-update': update,
  'remove-container': update,
  'fail-update': badUpdate,
  'record-failure': badUpdate,
  'retire-container': drift,
  'forget-slot': removal,
};

/** A bundle that nobody wants any more is gone by then: nothing is meant to run. */
const leaveNothing = new Set(['before forget-slot', 'after forget-slot']);

const sites: Site[] = [];
const engines: Engine[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site.clean();
  for (const engine of engines.splice(0)) await engine.close();
});

const open = async (kind: 'docker' | 'podman'): Promise<[Engine, string]> => {
  const socketPath = inject(kind === 'docker' ? 'dockerSocket' : 'podmanSocket');
  const detected = await detectEngine({ prefer: kind, socketPath });
  if (detected.kind === 'none') throw new Error(`${kind} does not answer`);
  engines.push(detected.engine);
  return [detected.engine, socketPath];
};

type Signal = 'SIGKILL' | 'SIGTERM';

const crashAt = async (
  kind: 'docker' | 'podman',
  step: StepKind,
  moment: 'before' | 'after',
  signal: Signal = 'SIGKILL',
) => {
  const [engine, socketPath] = await open(kind);
  const site = await createSite(engine, socketPath);
  sites.push(site);
  site.want(site.publish('1.0.0', true));
  const first = site.start(null);
  await until(site.trace, (trace) => trace.includes('after confirm-update'), 'version 1.0.0');
  site.kill();
  await first.exited;
  site.forgetTrace();

  const scenario = scenarioOf[step];
  await scenario.ask(site, engine);
  const crashed = await site.start({ step, moment, signal }).exited;
  expect(crashed, `reached: ${site.trace().join(', ')}`).toMatch(
    signal === 'SIGKILL' ? /^SIGKILL/ : /^0/,
  );
  if (!leaveNothing.has(`${moment} ${step}`)) {
    await until(site.running, ({ length }) => length > 0, 'the old version or the new one');
  }

  const again = site.start(null);
  await until(
    async () => [await site.running(), await site.names()] as const,
    ([running, names]) =>
      `${running}` === `${scenario.ends}` && names.length === scenario.ends.length,
    `after a crash ${moment} ${step}, ${scenario.ends}`,
  );
  site.kill();
  await again.exited;
};

/** The ordinary run meets the turning points of an update, half on each engine; the full one every step on both. */
const turning = {
  docker: ['before start-container', 'before confirm-update'],
  podman: ['before create-container', 'after retire-container'],
} as const;
const every = stepKinds.flatMap((step) => [`before ${step}`, `after ${step}`] as const);
const swaps = {
  docker: ['stop-container', ...(full ? (['retire-container'] as const) : [])],
  podman: ['retire-container', ...(full ? (['stop-container'] as const) : [])],
} as const;

describe.each(['docker', 'podman'] as const)('on %s, the agent killed', (kind) => {
  it.each(full ? every : turning[kind])(
    '%s leaves one version running and finishes after a restart',
    async (at) => {
      const [moment, step] = at.split(' ') as ['before' | 'after', StepKind];
      await crashAt(kind, step, moment);
    },
  );

  it.each(swaps[kind])(
    'asked to stop in the middle of a swap, after %s, ends with a version running',
    (step) => crashAt(kind, step, 'after', 'SIGTERM'),
  );
});
