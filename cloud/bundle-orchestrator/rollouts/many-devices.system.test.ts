/**
 * What becomes of a rollout of which many devices fail, or that ends before all of them are told; and
 * of devices in every state by every verb.
 */
import { randomUUID } from 'node:crypto';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { Slot } from '@signalbeam/sync/core/manifest';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RowStatus, rolloutStatuses, rowStatuses } from '../core/rollout.ts';
import type { RowMove } from '../core/row-moves.ts';
import { outcomeOf, type RolloutVerb, rolloutVerbs, rowAfter } from '../core/verbs.ts';
import { addDevice, eventually, makeBundle, sendReport, type TestDevice } from '../rig.suite.ts';
import { cancelPlanned, markTold, moveRows } from '../store/rollout-rows.ts';
import { openRowsOf, rowsToTell } from '../store/rollout-turns.ts';
import { wavesOf } from '../store/rollout-waves.ts';
import { type Fleet, openFleet } from './fleet.suite.ts';
import { atPace } from './pace.suite.ts';

let fleet: Fleet;
let open: ReturnType<typeof atPace>['open'];
let start: ReturnType<typeof atPace>['start'];
let until: ReturnType<typeof atPace>['until'];
let told: ReturnType<typeof atPace>['told'];
beforeAll(async () => {
  fleet = await openFleet(inject('postgresUrl'));
  ({ open, start, until, told } = atPace(fleet));
});
afterAll(() => fleet.rig.stop());

describe('what many devices make of it', () => {
  it('is shown by cause, and in pages', async () => {
    const { bundleId, devices } = await open([{}, {}, {}, {}]);
    const rollout = await start(bundleId, devices, {});
    const [one, two, three] = devices as [TestDevice, TestDevice, TestDevice];
    const reasons = [
      [one, 'layer 3f2a99b1c0de is broken'],
      [two, 'layer 00ffee12ab34 is broken'],
      [three, 'no space left'],
    ] as const;
    for (const [device, reason] of reasons) {
      await fleet.says(device, bundleId, 'failed', { reason, logTail: [`${device.name} gave up`] });
    }
    await until(rollout.id, { progress: { failed: 3, pending: 1 } });
    const ask = async (path: string) =>
      (
        await fleet.rig.ask('GET', `/api/rollouts/${rollout.id}/${path}`, {
          token: fleet.one.viewer,
        })
      ).body;
    const { failures } = (await ask('failures')) as { failures: unknown[] };
    const gaveUp = [expect.stringMatching(/ gave up$/)];
    expect(failures).toMatchObject([
      { cause: 'layer … is broken', devices: 2, newest: { logTail: gaveUp } },
      { cause: 'no space left', devices: 1, newest: { deviceId: three.deviceId, logTail: gaveUp } },
    ]);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = (await ask(`devices?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)) as {
        devices: { name: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.devices.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(devices.map(({ name }) => name));
    const broken = encodeURIComponent('layer … is broken');
    expect(await ask(`devices?status=failed&cause=${broken}`)).toMatchObject({
      devices: [{ name: one.name }, { name: two.name }],
    });
  });

  it('is given back batch by batch, by whoever comes next when one ends in between', async () => {
    const { bundleId, devices } = await open([{}, {}, {}]);
    const waves = [
      { name: 'one', size: { kind: 'count', count: 1 } },
      { name: 'rest', size: { kind: 'rest' } },
    ];
    const rollout = await start(bundleId, devices, {}, { waves });
    const [first] = (await told(devices)) as [TestDevice];
    // As a cancel leaves it that was cut off after its first transaction.
    await fleet.rig.owner.query(
      `UPDATE bundle_orchestrator.rollouts SET status = 'cancelled', completed_at = now(),
              status_reason = 'Cancelled by ada.', giving_back = 'unfinished', tell_due_at = now()
        WHERE id = $1`,
      [rollout.id],
    );
    await until(rollout.id, { status: 'cancelled', waiting: '', progress: { cancelled: 3 } });
    expect((await fleet.desired(first)).slots).toEqual([]);
    expect((await fleet.rows(rollout.id))[0]).toMatchObject({ reason: 'Cancelled by ada.' });
    const { rows: left } = await fleet.rig.owner.query(
      'SELECT 1 FROM bundle_orchestrator.rollouts WHERE id = $1 AND giving_back IS NOT NULL',
      [rollout.id],
    );
    expect(left).toEqual([]);
  });

  it('counts who was given back what it had until it says that it is done', async () => {
    const { rig, one } = fleet;
    const tag: [string, string] = ['redundancy', `line-${randomUUID().slice(0, 8)}`];
    const { bundleId, devices } = await open([{ tag }, { tag }]);
    const pace = { redundancyTag: 'redundancy' };
    const first = await start(bundleId, devices, pace);
    const [busy] = (await told(devices)) as [TestDevice];
    await fleet.says(busy, bundleId, 'verifying');
    await until(first.id, { progress: { inProgress: 1, planned: 1 } });
    expect((await fleet.steer(first.id, 'cancel')).status).toBe(200);
    await until(first.id, { progress: { cancelled: 2 } });
    const second = await start(bundleId, devices, pace);
    expect(second).toMatchObject({ progress: { planned: 2, pending: 0 } });
    const { generation } = await fleet.desired(busy);
    await sendReport(rig, one, busy.deviceId, [], { generation });
    await eventually(async () => {
      const marked = `SELECT 1 FROM bundle_orchestrator.rollout_devices
        WHERE given_back_generation IS NOT NULL AND device_id = $1`;
      expect((await rig.owner.query(marked, [busy.deviceId])).rows).toEqual([]);
    });
    // Within half a minute it looks again by itself.
    const due = `UPDATE bundle_orchestrator.rollouts SET tell_due_at = now()
      WHERE id = $1 AND tell_due_at IS NOT NULL`;
    await rig.owner.query(due, [second.id]);
    await until(second.id, { progress: { planned: 1, pending: 1 } });
  });

  it('does not bring back by a cancel what was withdrawn meanwhile', async () => {
    const { bundleId, devices } = await open([{}]);
    const [device] = devices as [TestDevice];
    const older = await start(bundleId, devices, {});
    await fleet.says(device, bundleId, 'running');
    await until(older.id, { status: 'succeeded' });
    const newer = await start(bundleId, devices, {}, { version: '2.0.0' });
    expect((await fleet.slotOf(device, bundleId)).rolloutId).toBe(newer.id);
    expect((await fleet.steer(older.id, 'rollback')).status).toBe(200);
    await until(older.id, { progress: { cancelled: 1 } });
    expect((await fleet.steer(newer.id, 'cancel')).status).toBe(200);
    await until(newer.id, { progress: { cancelled: 1 } });
    expect((await fleet.desired(device)).slots).toEqual([]);
  });

  it('gives back, too, who failed and was to try again', async () => {
    const { bundleId, devices } = await open([{}, {}]);
    const [device] = devices as [TestDevice];
    const rollout = await start(bundleId, devices, { perSiteMax: 1 });
    await fleet.says(device, bundleId, 'failed');
    await until(rollout.id, { progress: { failed: 1, pending: 1 } });
    expect((await fleet.steer(rollout.id, 'retry')).status).toBe(200);
    await until(rollout.id, { progress: { planned: 1, pending: 1 } });
    expect((await fleet.steer(rollout.id, 'cancel')).status).toBe(200);
    await until(rollout.id, { progress: { cancelled: 2 } });
    for (const each of devices) expect((await fleet.desired(each)).slots).toEqual([]);
  });

  it('gives back what runs where another rollout failed that is to try again', async () => {
    const { bundleId, devices } = await open([{}, {}]);
    const [device] = devices as [TestDevice];
    const older = await start(bundleId, devices, { perSiteMax: 1 });
    await fleet.says(device, bundleId, 'failed');
    await until(older.id, { progress: { failed: 1, pending: 1 } });
    expect((await fleet.steer(older.id, 'retry')).status).toBe(200);
    await until(older.id, { progress: { planned: 1, pending: 1 } });
    const newer = await start(bundleId, [device], {}, { version: '2.0.0' });
    expect((await fleet.slotOf(device, bundleId)).rolloutId).toBe(newer.id);
    expect((await fleet.steer(newer.id, 'cancel')).status).toBe(200);
    await until(newer.id, { progress: { cancelled: 1 } });
    expect((await fleet.desired(device)).slots).toEqual([]);
  });
});

describe('a rollout of which Postgres knows nothing yet', () => {
  const count = 4_000;
  const told = 40;
  const makeRows = async (sql: Sql, bundleId: string): Promise<Rollout> => {
    const { tenantId } = fleet.one;
    const { rows } = await sql.query<{ id: string }>(
      `INSERT INTO bundle_orchestrator.rollouts (tenant_id, bundle_id, version, created_by, target)
       VALUES ($1, $2, '1.0.0', 'user:test', '{"kind": "all"}') RETURNING id`,
      [tenantId, bundleId],
    );
    const rolloutId = rows[0]?.id ?? '';
    await sql.query(
      `INSERT INTO bundle_orchestrator.rollout_devices
         (tenant_id, rollout_id, bundle_id, device_id, device_name, status, requested_generation)
       SELECT $1, $2, $3, gen_random_uuid(), 'd' || n,
              CASE WHEN n <= $5 THEN 'pending' ELSE 'planned' END, CASE WHEN n <= $5 THEN 1 ELSE 0 END
         FROM generate_series(1, $4::integer) n`,
      [tenantId, rolloutId, bundleId, count, told],
    );
    return { tenantId, rolloutId, bundleId, atMs: 0 };
  };
  type Rollout = { tenantId: string; rolloutId: string; bundleId: string; atMs: number };
  /** Rows that this transaction has read of the table. */
  const readSoFar = async (sql: Sql): Promise<number> => {
    const { rows } = await sql.query<{ read: number }>(
      `SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read
         FROM pg_stat_xact_user_tables WHERE relname = 'rollout_devices'`,
    );
    return rows[0]?.read ?? 0;
  };

  it('is told, shown and given back by reading little more than what is asked for', async () => {
    const bundleId = await makeBundle(fleet.rig, fleet.one, 'unknown-rows', ['1.0.0']);
    const sql = await fleet.rig.owner.connect();
    try {
      await sql.query('BEGIN');
      // Autovacuum looks at the table when it likes: had it done so from here on, it would know of pages without
      // rows. It waits for this lock as for itself.
      await sql.query('LOCK bundle_orchestrator.rollout_devices IN SHARE UPDATE EXCLUSIVE MODE');
      const rollout = await makeRows(sql, bundleId);
      const { tenantId, rolloutId } = rollout;
      const former: Slot = {
        ...{ bundleId, bundleName: 'unknown-rows', version: '1.0.0', releaseDigest: 'sha256:' },
        ...{ rolloutId: randomUUID(), requestedGeneration: 1 },
      };
      const tell = async () => {
        const ids = await rowsToTell(sql, { ...rollout, nowMs: Date.now() }, 30);
        const told = { previousSlot: former, requestedGeneration: 2 };
        return markTold(
          sql,
          rollout,
          ids.map((deviceId) => ({ deviceId, ...told })),
        );
      };
      const began = (await openRowsOf(sql, rollout, ['pending'], 30)).map(
        (deviceId): RowMove => ({ deviceId, to: 'in-progress', reason: null, logTail: [] }),
      );
      const looks: [string, number, () => Promise<unknown>][] = [
        ['who is told next', 30, () => rowsToTell(sql, { ...rollout, nowMs: Date.now() }, 10)],
        ['who was told', 30, () => openRowsOf(sql, rollout, ['pending'], 10)],
        ['who is unreached', 2 * told, () => wavesOf(sql, tenantId, [rolloutId], 'apart')],
        ['who is not told any more', 200, () => cancelPlanned(sql, rollout, null, 50)],
        // Through all of them once, but not once for each.
        ['who is told', count + 200, tell],
        ['who began', count + 200, () => moveRows(sql, rollout, began)],
      ];
      for (const [what, most, look] of looks) {
        const before = await readSoFar(sql);
        await look();
        expect((await readSoFar(sql)) - before, what).toBeLessThanOrEqual(most);
      }
    } finally {
      await sql.query('ROLLBACK');
      sql.release();
    }
  });

  it('is of a rollout that is there', async () => {
    await expect(
      fleet.rig.owner.query(
        `INSERT INTO bundle_orchestrator.rollout_devices
           (tenant_id, rollout_id, bundle_id, device_id, device_name, requested_generation)
         VALUES ($1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'd', 0)`,
        [fleet.one.tenantId],
      ),
    ).rejects.toThrow(/foreign key/);
  });
});

/** Each of a device that was told; one more is in a wave that comes next, one in a later one. */
const toldStates = rowStatuses.filter((status) => status !== 'planned');
type Where = RowStatus | 'planned, next wave';
/** `generation`: that its desired state asks for the version under; null: it does not ask for it. */
type Seen = { status: RowStatus; generation: number | null };

const seenOf = async (rolloutId: string): Promise<Map<string, Seen>> => {
  const { rows } = await fleet.rig.owner.query<Seen & { device_id: string }>(
    `SELECT member.device_id, member.status,
            (SELECT (slot ->> 'requestedGeneration')::bigint
               FROM bundle_orchestrator.desired_states desired,
                    jsonb_array_elements(desired.slots) slot
              WHERE desired.device_id = member.device_id
                AND slot ->> 'rolloutId' = member.rollout_id::text) AS generation
       FROM bundle_orchestrator.rollout_devices member WHERE member.rollout_id = $1
      ORDER BY member.wave, member.device_id`,
    [rolloutId],
  );
  return new Map(
    rows.map(({ device_id, status, generation }) => [device_id, { status, generation }]),
  );
};

const forceRows = (rolloutId: string, states: ReadonlyMap<string, string>) =>
  fleet.rig.owner.query(
    `UPDATE bundle_orchestrator.rollout_devices present SET status = forced.status
       FROM unnest($2::uuid[], $3::text[]) AS forced (device_id, status)
      WHERE present.rollout_id = $1 AND present.device_id = forced.device_id`,
    [rolloutId, [...states.keys()], [...states.values()]],
  );
const forceStatus = (rolloutId: string, status: string) =>
  fleet.rig.owner.query('UPDATE bundle_orchestrator.rollouts SET status = $2 WHERE id = $1', [
    rolloutId,
    status,
  ]);

/** What the tables of docs/rollouts.md say, and what is told at once because of it. */
const expectedOf = (verb: RolloutVerb, where: Where, before: Seen): Seen | 'told anew' => {
  const next = verb === 'approve' || verb === 'advance';
  if (where === 'planned, next wave') {
    return next ? 'told anew' : { status: rowAfter(verb, 'planned'), generation: null };
  }
  if (verb === 'retry' && where === 'failed') return 'told anew';
  const status = rowAfter(verb, where);
  // Nothing was there before the rollout, so that is what they get back; who failed, where it is withdrawn.
  const isWithdrawn = where === 'failed' && (verb === 'cancel' || verb === 'rollback');
  return { status, generation: status === where && !isWithdrawn ? before.generation : null };
};

describe('each verb', () => {
  const devices: TestDevice[] = [];
  const open = async (verb: RolloutVerb) => {
    const bundleId = await makeBundle(fleet.rig, fleet.one, `verb-${randomUUID().slice(0, 8)}`, [
      '1.0.0',
    ]);
    const lenient = { succeededPercentMin: 1, failedPercentMax: 100 };
    const gate =
      verb === 'approve'
        ? { ...lenient, approval: 'any-person' }
        : { ...lenient, soakMs: 3_600_000 };
    const waves = [toldStates.length, 1].map((count) => ({
      ...{ name: `of ${count}`, size: { kind: 'count', count }, gate },
    }));
    const rest = { name: 'rest', size: { kind: 'rest' }, gate };
    const { id } = await start(bundleId, devices, {}, { waves: [...waves, rest] });
    const ids = [...(await seenOf(id)).keys()];
    const states: Where[] = [...toldStates, 'planned, next wave', 'planned'];
    const whereabouts = new Map(ids.map((deviceId, at) => [deviceId, states[at] ?? 'planned']));
    await forceRows(
      id,
      new Map(
        ids.slice(0, toldStates.length).map((deviceId, at) => [deviceId, toldStates[at] ?? '']),
      ),
    );
    if (verb === 'resume') await forceStatus(id, 'paused');
    return { id, verb, whereabouts, before: await seenOf(id) };
  };
  beforeAll(async () => {
    for (let index = 0; index < toldStates.length + 2; index += 1)
      devices.push(await addDevice(fleet.rig, fleet.one, `every-${index}`));
  });

  it('does to devices in every state what its table says, and no more', async () => {
    const opened: Awaited<ReturnType<typeof open>>[] = [];
    for (const verb of rolloutVerbs) {
      const one = await open(verb);
      opened.push(one);
      expect((await fleet.steer(one.id, verb)).status).toBe(200);
    }
    for (const { id, verb, whereabouts, before } of opened) {
      await eventually(async () => {
        const after = await seenOf(id);
        for (const [deviceId, where] of whereabouts) {
          const was = before.get(deviceId) ?? { status: 'planned', generation: null };
          const [expected, is] = [expectedOf(verb, where, was), after.get(deviceId)];
          const label = `${verb}, ${where}`;
          if (expected !== 'told anew') expect({ label, ...is }).toEqual({ label, ...expected });
          else {
            expect({ label, status: is?.status }).toEqual({ label, status: 'pending' });
            expect(is?.generation ?? 0, label).toBeGreaterThan(was.generation ?? 0);
          }
        }
      });
    }
  });

  it('changes nothing where it is refused, or was asked for before', async () => {
    const { id } = await open('pause');
    const back = [...(await seenOf(id)).keys()].map(
      (deviceId) => [deviceId, 'rolling-back'] as const,
    );
    await forceRows(id, new Map(back));
    const before = await seenOf(id);
    for (const status of rolloutStatuses) {
      await forceStatus(id, status);
      for (const verb of rolloutVerbs) {
        const { kind } = outcomeOf(verb, status);
        if (kind === 'to') continue;
        const answer = await fleet.steer(id, verb);
        const label = `${verb} while ${status}`;
        expect({ label, status: answer.status }).toEqual({
          label,
          status: kind === 'stays' ? 200 : 409,
        });
      }
      expect(await fleet.get(id)).toMatchObject({ status });
    }
    expect(await seenOf(id)).toEqual(before);
  });
});
