/**
 * Alerts over real Postgres: what is watched becomes alerts that are raised once, escalate, resolve
 * and are told of as domain events; and what people do with them over the API. The clock is handed in.
 */
import { randomUUID } from 'node:crypto';
import { transaction } from '@signalbeam/platform/postgres/transaction';
import { describe, expect, it } from 'vitest';
import { setPresence } from '../rig.suite.ts';
import { judgeRollout } from './hear-rollouts.ts';
import { watchAlerts } from './watch.suite.ts';

const { alertsOf, ask, idsAt, look, now, owner, pass, sample, tenant, test } = watchAlerts();

const toldOf = async (alertId: string): Promise<string[]> => {
  const { rows } = await owner().query<{ type: string; silenced: boolean }>(
    `SELECT type, (data ->> 'silenced')::boolean AS silenced FROM platform.domain_events
      WHERE tenant_id = $1 AND data ->> 'alertId' = $2 ORDER BY position`,
    [tenant().tenantId, alertId],
  );
  return rows.map(({ type, silenced }) => `${type}${silenced ? ' silently' : ''}`);
};

describe('a device that goes offline', () => {
  // Inventory §7.21
  it('is told of after five minutes, escalates, and resolves when it is back', async () => {
    const [lost = '', other = ''] = await idsAt('alone', 2);
    await setPresence(owner(), tenant().tenantId, [other], 'online', new Date(now() + 3_600_000));
    await setPresence(owner(), tenant().tenantId, [lost], 'offline', new Date(now()));
    await look();
    pass(299);
    await look();
    expect(await alertsOf("AND site = 'alone'")).toEqual([]);
    pass(1);
    await Promise.all([look(), look()]);
    await look();
    const [alert] = await alertsOf("AND site = 'alone'");
    expect(alert).toMatchObject({ type: 'device-offline', severity: 'warning', device_id: lost });
    pass(1_800);
    await look();
    await setPresence(owner(), tenant().tenantId, [lost], 'online', pass(10));
    await look();
    pass(60);
    await look();
    const [resolved, ...more] = await alertsOf("AND site = 'alone'");
    expect(more).toEqual([]);
    expect(resolved).toMatchObject({ status: 'resolved', severity: 'critical', resolved_by: null });
    const told = ['alert.raised', 'alert.escalated', 'alert.resolved'];
    expect(await toldOf(alert?.id ?? '')).toEqual(told);
    const { body } = await ask('GET', `/api/alerts/${alert?.id}`);
    expect(body['history']).toMatchObject([
      { transition: 'raised', severity: 'warning', actor: null },
      { transition: 'escalated', severity: 'critical' },
      { transition: 'resolved' },
    ]);
  });
});

describe('a site that goes silent', () => {
  it('is one alert; whoever stays away when it is back gets one of its own', async () => {
    const ids = await idsAt('plant', 5);
    const [never = '', gone = '', ...back] = ids;
    expect(never).not.toBe(gone);
    await setPresence(owner(), tenant().tenantId, [gone, ...back], 'offline', new Date(now()));
    await look();
    pass(300);
    await look();
    await look();
    const [alert, ...more] = await alertsOf("AND site = 'plant'");
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ type: 'site-offline', device_count: 4, device_id: null });
    await setPresence(owner(), tenant().tenantId, back, 'online', pass(10));
    await look();
    pass(60);
    await look();
    expect((await alertsOf("AND site = 'plant'")).map(({ status }) => status)).toEqual([
      'resolved',
    ]);
    pass(300);
    await setPresence(owner(), tenant().tenantId, back, 'online', new Date(now()));
    await look();
    const after = await alertsOf("AND site = 'plant'");
    expect(after.map(({ type, device_id }) => [type, device_id])).toEqual([
      ['site-offline', null],
      ['device-offline', gone],
    ]);
  });
});

describe('what a device measures and says', () => {
  it('is judged by the newest sample, while the device is heard of', async () => {
    const [busy = ''] = await idsAt('works', 1);
    const { tenantId } = tenant();
    await setPresence(owner(), tenantId, [busy], 'online', new Date(now()));
    for (let minute = 0; minute < 10; minute += 1) {
      await sample(busy, 97);
      await look();
      pass(60);
    }
    await sample(busy, 98);
    await look();
    const [alert] = await alertsOf("AND site = 'works'");
    expect(alert).toMatchObject({ type: 'high-cpu', detail: expect.stringContaining('98 %') });
    // An old sample of a silent device proves nothing.
    pass(3_600);
    await look();
    await setPresence(owner(), tenantId, [busy], 'online', new Date(now()));
    await sample(busy, 20);
    await look();
    pass(60);
    await look();
    expect((await alertsOf("AND site = 'works'"))[0]?.status).toBe('resolved');
  });

  it('counts its errors and the parts that are not well', async () => {
    const [ill = ''] = await idsAt('ward', 1);
    const { tenantId } = tenant();
    await setPresence(owner(), tenantId, [ill], 'online', new Date(now()));
    const container = { health: 'unhealthy' };
    const body = {
      ...{ containers: [container], slots: [{ status: 'failed' }], engine: {} },
      power: { batteryPercent: 18, onBattery: true },
    };
    await owner().query(
      `INSERT INTO telemetry.reported
         (device_id, tenant_id, opened, epoch, seq, at, received_at, generation, body)
       VALUES ($1, $2, 1, '0', 1, $3, $3, 1, $4)`,
      [ill, tenantId, new Date(now()), JSON.stringify(body)],
    );
    await owner().query(
      `INSERT INTO telemetry.events
         (tenant_id, device_id, epoch, seq, at, received_at, type, severity, message, data)
       SELECT $1, $2, '0', n, $3, $3, 'container-died', 'error', 'x', '{}'
         FROM generate_series(1, 5) n`,
      [tenantId, ill, new Date(now())],
    );
    await look();
    pass(301);
    await look();
    const found = await alertsOf("AND site = 'ward'");
    expect(found.map(({ type, severity }) => [type, severity]).toSorted()).toEqual([
      ['device-unhealthy', 'critical'],
      ['high-error-rate', 'warning'],
      ['low-battery', 'warning'],
    ]);
    const low = found.find(({ type }) => type === 'low-battery');
    expect(low?.detail).toContain('18 % of its battery');
    expect(found.find(({ type }) => type === 'device-unhealthy')?.detail).toContain(
      '2 of its parts',
    );
    await owner().query('UPDATE device_manager.devices SET deleted_at = now() WHERE id = $1', [
      ill,
    ]);
    await look();
    expect((await alertsOf("AND site = 'ward' AND status <> 'resolved'")).length).toBe(0);
  });
});

describe('people', () => {
  // Inventory §7.21
  it('acknowledge and resolve; nothing that goes on is told again', async () => {
    const [lost = '', other = ''] = await idsAt('desk', 2);
    await setPresence(owner(), tenant().tenantId, [other], 'online', new Date(now() + 86_400_000));
    await setPresence(owner(), tenant().tenantId, [lost], 'offline', new Date(now() - 600_000));
    await look();
    await look();
    const listed = await ask('GET', '/api/alerts?status=open&site=desk');
    const [alert] = listed.body['alerts'] as { id: string }[];
    const at = `/api/alerts/${alert?.id}`;
    expect(await ask('POST', `${at}/acknowledge`, { note: 'On my way.' })).toMatchObject({
      status: 200,
      body: { status: 'acknowledged', escalatesAt: null },
    });
    expect(await ask('POST', `${at}/acknowledge`, {})).toMatchObject({
      status: 409,
      body: { code: 'wrong-state' },
    });
    pass(7_200);
    await look();
    expect((await ask('GET', '/api/alerts/statistics')).body).toMatchObject({ acknowledged: 1 });
    expect(await ask('POST', `${at}/resolve`, { note: 'Replaced.' })).toMatchObject({
      body: { status: 'resolved' },
    });
    pass(7_200);
    await look();
    expect(await toldOf(alert?.id ?? '')).toEqual([
      'alert.raised',
      'alert.acknowledged',
      'alert.resolved',
    ]);
    expect((await alertsOf("AND site = 'desk'")).length).toBe(1);
    expect((await ask('GET', '/api/alerts/statistics')).body).toMatchObject({ acknowledged: 0 });
  });

  it('silence, and hear of what is still wrong when the silence ends', async () => {
    const [lost = '', other = ''] = await idsAt('quiet', 2);
    const { tenantId } = tenant();
    await owner().query(
      `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
       VALUES ($1, $2, 'ring', 'canary')`,
      [tenantId, lost],
    );
    const endsAt = new Date(now() + 3_600_000).toISOString();
    const wish = { tag: 'ring=canary', ruleId: 'device-offline', reason: 'A new switch.', endsAt };
    const made = await ask('POST', '/api/alert-silences', wish);
    expect(made).toMatchObject({ status: 201, body: { inForce: true } });
    const nothing = await ask('POST', '/api/alert-silences', { reason: 'x', endsAt });
    expect(nothing).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    const nobody = { deviceId: randomUUID(), reason: 'x', endsAt };
    expect((await ask('POST', '/api/alert-silences', nobody)).status).toBe(400);
    await setPresence(owner(), tenantId, [other], 'online', new Date(now() + 86_400_000));
    await setPresence(owner(), tenantId, [lost], 'offline', new Date(now() - 600_000));
    await look();
    await look();
    const [alert] = await alertsOf("AND site = 'quiet'");
    expect(await toldOf(alert?.id ?? '')).toEqual(['alert.raised silently']);
    expect((await ask('DELETE', `/api/alert-silences/${made.body['id']}`)).status).toBe(204);
    await look();
    await look();
    const told = ['alert.raised silently', 'alert.raised'];
    expect(await toldOf(alert?.id ?? '')).toEqual(told);
  });

  it('silence whoever answers the query of a group, and nobody else', async () => {
    const [first = '', second = ''] = await idsAt('grouped', 2);
    const { tenantId } = tenant();
    await owner().query(
      `INSERT INTO device_manager.device_tags (tenant_id, device_id, key, value)
       VALUES ($1, $2, 'role', 'spare')`,
      [tenantId, first],
    );
    const { rows } = await owner().query<{ id: string }>(
      `INSERT INTO device_manager.groups (tenant_id, name, query, created_by)
       VALUES ($1, 'spares', 'site=grouped AND role=spare', 'test') RETURNING id`,
      [tenantId],
    );
    const endsAt = new Date(now() + 3_600_000).toISOString();
    const wish = { groupId: rows[0]?.id, reason: 'Spares come and go.', endsAt };
    expect((await ask('POST', '/api/alert-silences', wish)).status).toBe(201);
    await setPresence(owner(), tenantId, [first, second], 'online', new Date(now()));
    await Promise.all([sample(first, 99), sample(second, 99)]);
    await look();
    pass(600);
    await Promise.all([sample(first, 99), sample(second, 99)]);
    await look();
    const raised = await alertsOf("AND site = 'grouped'");
    expect(new Map(raised.map(({ device_id, silenced }) => [device_id, silenced]))).toEqual(
      new Map([
        [first, true],
        [second, false],
      ]),
    );
  });

  // Inventory §7.21
  it('change rules, which hold from the next look', async () => {
    const [warm = ''] = await idsAt('oven', 1);
    await setPresence(owner(), tenant().tenantId, [warm], 'online', new Date(now()));
    const wish = {
      ...{ type: 'high-cpu', name: 'Oven', site: 'oven', threshold: 50, clearThreshold: 40 },
      forSeconds: 0,
    };
    const made = await ask('POST', '/api/alert-rules', wish);
    expect(made).toMatchObject({ status: 201, body: { builtIn: false, clearSeconds: 60 } });
    await sample(warm, 60);
    await look();
    await look();
    const [alert] = await alertsOf("AND site = 'oven'");
    expect(alert).toMatchObject({ rule_id: made.body['id'], rule_name: 'Oven' });
    expect((await ask('DELETE', `/api/alert-rules/${made.body['id']}`)).status).toBe(204);
    await look();
    expect((await alertsOf("AND site = 'oven'"))[0]?.status).toBe('resolved');

    const path = '/api/alert-rules/high-cpu';
    expect(await ask('PATCH', path, { threshold: 101 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'threshold' }] },
    });
    expect(await ask('PATCH', path, { enabled: false })).toMatchObject({
      body: { changed: true, consequence: 'Off: nobody is told.' },
    });
    expect((await ask('DELETE', path)).status).toBe(409);
    expect(await ask('POST', `${path}/reset`)).toMatchObject({
      body: { enabled: true, changed: false },
    });
  });
});

describe('a rollout', () => {
  it('that fails on devices is one alert, which goes when it is taken back', async () => {
    const rolloutId = randomUUID();
    const judge = (status: string, failed: number, judgedAt = pass(1)) =>
      transaction(test().platform.pools.system, (sql) =>
        judgeRollout(
          sql,
          tenant().tenantId,
          {
            rolloutId,
            bundleName: 'hello',
            version: '2.0.0',
            status,
            progress: { failed, total: 9 },
          },
          { now: new Date(now()), judgedAt },
        ),
      );
    const first = pass(1);
    await judge('in-progress', 1, first);
    await judge('in-progress', 3);
    await judge('in-progress', 1, first);
    const [alert, ...more] = await alertsOf(`AND rollout_id = '${rolloutId}'`);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ severity: 'critical', device_count: 3, site: null });
    expect(alert?.title).toBe('Rollout of hello 2.0.0 failed on 3 of 9 devices');
    await judge('rolled-back', 3);
    expect(await toldOf(alert?.id ?? '')).toEqual(['alert.raised', 'alert.resolved']);
  });
});
