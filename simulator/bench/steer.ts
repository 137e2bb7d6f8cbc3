/**
 * What a person asks of rollouts of a hundred thousand devices, and of two of one bundle that meet on all
 * of them: looking ahead at a newer one while an older one is at work, making it, cancelling it, letting
 * all that failed try again, rolling back; and what one report costs while all are told. Each in
 * processor time until it is answered, and until the loop is through with it. Requests go through the
 * routes in this process; Postgres shares the machine.
 */
import { moveOn, sweepDue } from '@signalbeam/bundle-orchestrator/rollouts/sweep';
import { loadAverage, rounded } from './cloud.suite.ts';
import { countStatements } from './counted-statements.suite.ts';
import {
  addDevices,
  figuresOf,
  makeWavesDue,
  openPlansFleet,
  type PlansFleet,
  partsOf,
  timed,
} from './plans-fleet.suite.ts';

const sizes = { smoke: { devices: 2_500, looks: 3 }, canonical: { devices: 100_000, looks: 20 } };

const strict = { succeededPercentMin: 100, failedPercentMax: 0, failedSampleMin: 1, soakMs: 0 };
const goOn = { rule: 'go-on', afterMs: 60_000, reachedPercentMin: 50 };

type Answer = { id: string; progress: Record<string, number>; underWay?: { atWork: number }[] };

const expectAll = (devices: number, { progress }: Answer, state: string): void => {
  if (progress[state] !== devices)
    throw new Error(`${progress[state]} of ${devices} are ${state}: ${JSON.stringify(progress)}`);
};

const expectNone = ({ progress }: Answer, state: string): void => {
  if (progress[state] !== 0) throw new Error(`${progress[state]} are ${state}`);
};

const untilIdle = async (fleet: PlansFleet): Promise<void> => {
  while (await sweepDue(partsOf(fleet)));
};

/** As if all of its devices had said so. */
const allSay = async (
  { owner }: PlansFleet,
  rolloutId: string,
  status: 'in-progress' | 'failed' | 'succeeded',
): Promise<void> => {
  await owner.query(
    `UPDATE bundle_orchestrator.rollout_devices
        SET status = $2, started_at = now(), completed_at = CASE WHEN $2 <> 'in-progress' THEN now() END,
            reason = CASE WHEN $2 = 'failed' THEN 'It did not start.' END,
            cause = CASE WHEN $2 = 'failed' THEN 'It did not start.' END
      WHERE rollout_id = $1 AND status IN ('pending', 'in-progress')`,
    [rolloutId, status],
  );
};

/** What one device's report costs while all others are told, where a gate waits and where it goes on. */
const measureLooks = async (fleet: PlansFleet, rolloutId: string, looks: number) => {
  const { owner, tenant, platform } = fleet;
  const { rows } = await owner.query<{ device_id: string }>(
    'SELECT device_id FROM bundle_orchestrator.rollout_devices WHERE rollout_id = $1 LIMIT 1',
    [rolloutId],
  );
  const devices = rows.map((row) => row.device_id);
  const where = { tenantId: tenant.tenantId, rolloutId };
  const asked = countStatements([platform.pools.system]);
  const found: Record<string, number> = {};
  for (const [name, unreached] of [
    ['Waits', { rule: 'wait' }],
    ['GoesOn', goOn],
  ] as const) {
    const gate = JSON.stringify({ ...strict, approval: 'none', unreached });
    await owner.query(
      `UPDATE bundle_orchestrator.rollout_waves
          SET gate = $2, state = 'open', opened_at = now() - interval '1 hour' WHERE rollout_id = $1`,
      [rolloutId, gate],
    );
    await moveOn(partsOf(fleet), where, { devices });
    asked();
    const { cpuMs } = await timed(fleet, async () => {
      for (let look = 0; look < looks; look += 1) await moveOn(partsOf(fleet), where, { devices });
    });
    found[`report${name}CpuMs`] = rounded(cpuMs / looks);
    found[`report${name}Statements`] = rounded(asked().statements / looks);
  }
  await owner.query(
    `UPDATE bundle_orchestrator.rollout_waves
        SET gate = bundle_orchestrator.open_gate(), state = 'passed' WHERE rollout_id = $1`,
    [rolloutId],
  );
  return found;
};

export const measureSteering = async (
  fleet: PlansFleet,
  devices: number,
  looks: number,
): Promise<Record<string, number>> => {
  const ask = (method: string, path: string, body?: unknown) =>
    fleet.ask(method, `/api/rollouts${path}`, body) as Promise<Answer>;
  const { bundleId } = fleet;
  const all = { bundleId, target: { kind: 'all' } };
  const older = await ask('POST', '', { ...all, version: '2.0.0' });
  const toldAll = await timed(fleet, () => untilIdle(fleet));
  expectAll(devices, await ask('GET', `/${older.id}`), 'pending');
  await allSay(fleet, older.id, 'in-progress');

  const wish = {
    ...{ ...all, version: '3.0.0' },
    waves: [
      { name: 'few', size: { kind: 'percent', percent: 1 }, gate: strict },
      { name: 'rest', size: { kind: 'rest' }, gate: strict },
    ],
  };
  const looked = await timed(fleet, () => ask('POST', '/preview', wish));
  if (looked.value.underWay?.[0]?.atWork !== devices) throw new Error('it met nobody');
  const made = await timed(fleet, () => ask('POST', '', wish));
  expectAll(devices, made.value, 'planned');
  const page = await timed(fleet, () => ask('GET', `/${older.id}`));
  const reports = await measureLooks(fleet, older.id, looks);
  const cancelled = await timed(fleet, () => ask('POST', `/${made.value.id}/cancel`));
  const cancelling = await timed(fleet, () => untilIdle(fleet));
  expectAll(devices, await ask('GET', `/${made.value.id}`), 'cancelled');

  await allSay(fleet, older.id, 'failed');
  await makeWavesDue(fleet, [older.id]);
  await untilIdle(fleet);
  const retried = await timed(fleet, () => ask('POST', `/${older.id}/retry`));
  expectNone(retried.value, 'failed');
  const { rows: counted } = await fleet.owner.query<Record<'audited' | 'retriedAtOnce', number>>(
    `SELECT (SELECT count(*) FROM platform.audit_log
              WHERE target = 'rollout:' || $1 AND action = 'rollout.retry') AS audited,
            (SELECT count(*) FROM bundle_orchestrator.rollout_devices
              WHERE rollout_id = $1::uuid AND retry_count = 1) AS "retriedAtOnce"`,
    [older.id],
  );
  const again = await timed(fleet, () => untilIdle(fleet));
  expectAll(devices, await ask('GET', `/${older.id}`), 'pending');

  await allSay(fleet, older.id, 'succeeded');
  const rolledBack = await timed(fleet, () => ask('POST', `/${older.id}/rollback`));
  const goingBack = await timed(fleet, () => untilIdle(fleet));
  expectAll(devices, await ask('GET', `/${older.id}`), 'rollingBack');
  return {
    ...figuresOf('tellAll', toldAll),
    ...figuresOf('lookAheadOver', looked),
    ...figuresOf('planOver', made),
    ...figuresOf('page', page),
    ...reports,
    ...figuresOf('cancel', cancelled),
    ...figuresOf('cancelAll', cancelling),
    ...figuresOf('retry', retried),
    ...counted[0],
    ...figuresOf('retryAll', again),
    ...figuresOf('rollBack', rolledBack),
    ...figuresOf('rollBackAll', goingBack),
  };
};

export const run = async ({ smoke }: { smoke: boolean }) => {
  const { devices, looks } = sizes[smoke ? 'smoke' : 'canonical'];
  const loadBefore = loadAverage();
  const fleet = await openPlansFleet(null);
  try {
    await addDevices(fleet, devices);
    const figures = await measureSteering(fleet, devices, looks);
    return {
      name: 'steer',
      figures: { devices, loadBefore, ...figures, loadAfter: loadAverage() },
    };
  } finally {
    await fleet.stop();
  }
};
