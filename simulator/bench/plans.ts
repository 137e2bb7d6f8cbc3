/**
 * What plans cost: looking ahead at and making a rollout to a hundred thousand devices, advancing a wave
 * of it, and the clock's tick over a thousand rollouts that are at work: what it asks of Postgres with
 * nothing to do, with some that moved, and where all gates want to be looked at. Requests go through the
 * routes in this process; Postgres shares the machine.
 */
import { sweepDue } from '@signalbeam/bundle-orchestrator/rollouts/sweep';
import { loadAverage, quantile, rounded } from './cloud.suite.ts';
import { type Asked, countStatements } from './counted-statements.suite.ts';
import {
  addDevices,
  addRollouts,
  confirmFirstWaves,
  devicesEach,
  endRollouts,
  figuresOf,
  makeWavesDue,
  openPlansFleet,
  type PlansFleet,
  partsOf,
  timed,
} from './plans-fleet.suite.ts';

const sizes = {
  smoke: { devices: 600, active: 20, turns: 3 },
  canonical: { devices: 100_000, active: 1_000, turns: 20 },
};
/** Of those at work, in one tick. */
const moved = 10;

const strict = { succeededPercentMin: 100, failedPercentMax: 0, failedSampleMin: 1, soakMs: 0 };
const gate = { ...strict, approval: 'none', unreached: { rule: 'wait' } };
const health = { ...gate, healthScoreMin: 80, alertFreeFrom: 'warning' };

/** One to all in three waves: looked at, made, its first wave passed by a person, and cancelled. */
export const measureOne = async (fleet: PlansFleet, devices: number) => {
  const wish = {
    ...{ bundleId: fleet.bundleId, version: '2.0.0', target: { kind: 'all' } },
    waves: [
      { name: 'few', size: { kind: 'percent', percent: 1 }, gate: strict },
      { name: 'half', size: { kind: 'percent', percent: 49 }, gate: strict },
      { name: 'rest', size: { kind: 'rest' }, gate: strict },
    ],
  };
  const looked = await timed(fleet, () => fleet.ask('POST', '/api/rollouts/preview', wish));
  const paced = { ...wish, pace: { devicesPerHourMax: 10_000, perSiteMax: 5 } };
  const lookedPaced = await timed(fleet, () => fleet.ask('POST', '/api/rollouts/preview', paced));
  const made = await timed(fleet, () => fleet.ask('POST', '/api/rollouts', wish));
  const { id, progress } = made.value;
  if (progress['total'] !== devices) throw new Error(`${progress['total']} devices in the rollout`);
  const advanced = await timed(fleet, () => fleet.ask('POST', `/api/rollouts/${id}/advance`));
  const told: Record<string, number> = {
    advanceTold: (advanced.value.progress['pending'] ?? 0) - (progress['pending'] ?? 0),
  };
  const turns = await timed(fleet, async () => {
    while (await sweepDue(partsOf(fleet)));
  });
  const half = await fleet.ask('GET', `/api/rollouts/${id}`);
  if ((half.progress['pending'] ?? 0) < devices / 2) throw new Error('half were not told');
  const cancelled = await timed(fleet, () => fleet.ask('POST', `/api/rollouts/${id}/cancel`));
  const back = await timed(fleet, async () => {
    while (await sweepDue(partsOf(fleet)));
  });
  const over = await fleet.ask('GET', `/api/rollouts/${id}`);
  if (over.progress['cancelled'] !== devices) throw new Error('some were not given back');
  await endRollouts(fleet);
  return {
    ...figuresOf('lookAhead', looked),
    ...figuresOf('lookAheadAtPace', lookedPaced),
    ...figuresOf('plan', made),
    ...figuresOf('advance', advanced),
    ...told,
    ...figuresOf('tellHalf', turns),
    ...figuresOf('cancel', cancelled),
    ...figuresOf('giveBack', back),
  };
};

type Tick = { ms: number } & Asked;

/** One tick of the clock, and what it asked. */
const tick = async (fleet: PlansFleet, asked: () => Asked): Promise<Tick> => {
  asked();
  const { ms } = await timed(fleet, async () => {
    while (await sweepDue(partsOf(fleet)));
  });
  return { ms, ...asked() };
};

export const measureTicks = async (fleet: PlansFleet, active: number, turns: number) => {
  const { pools } = fleet.platform;
  const asked = countStatements([pools.api, pools.system]);
  const ids = await addRollouts(fleet, active, gate);
  const idle: Tick[] = [];
  for (let turn = 0; turn < turns; turn += 1) idle.push(await tick(fleet, asked));
  await confirmFirstWaves(fleet, ids.slice(0, moved));
  const changed = await tick(fleet, asked);
  // Nobody moved, but all are to be looked at, as gates that ask for health are each half a minute.
  await fleet.owner.query('UPDATE bundle_orchestrator.rollout_waves SET gate = $1', [
    JSON.stringify(health),
  ]);
  await makeWavesDue(fleet, ids.slice(moved));
  const looks = await tick(fleet, asked);
  return {
    idleP50Ms: rounded(
      quantile(
        idle.map(({ ms }) => ms),
        0.5,
      ),
    ),
    idleMaxMs: rounded(
      quantile(
        idle.map(({ ms }) => ms),
        1,
      ),
    ),
    // The least: the platform's own loops ask now and then in between.
    idleStatements: Math.min(...idle.map(({ statements }) => statements)),
    idleRows: Math.min(...idle.map(({ rows }) => rows)),
    moved,
    movedMs: rounded(changed.ms),
    movedStatementsEach: Math.round(changed.statements / moved),
    movedRowsEach: Math.round(changed.rows / moved),
    lookMsEach: rounded(looks.ms / (active - moved), 2),
    lookStatementsEach: rounded((looks.statements - 1) / (active - moved), 2),
    lookRowsEach: rounded(looks.rows / (active - moved), 2),
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const { devices, active, turns } = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const fleet = await openPlansFleet(null);
  try {
    await addDevices(fleet, devices);
    const one = await measureOne(fleet, devices);
    const ticks = await measureTicks(fleet, Math.min(active, devices / devicesEach), turns);
    return { name: 'plans', figures: { devices, active, loadBefore, ...one, ...ticks } };
  } finally {
    await fleet.stop();
  }
};
