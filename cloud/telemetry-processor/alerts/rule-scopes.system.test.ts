/**
 * Rules of alerts for groups and queries over real Postgres: which one holds for a device where several
 * fit, what becomes of its alerts when another one does, and what is no such rule.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { setPresence } from '../rig.suite.ts';
import { watchAlerts } from './watch.suite.ts';

const { alertsOf, ask, idsAt, look, now, owner, pass, sample, tenant } = watchAlerts();

describe('rules of groups and queries', () => {
  const makeRule = async (name: string, threshold: number, of: Record<string, string>) => {
    const wish = { type: 'high-cpu', name, threshold, clearThreshold: threshold - 5, ...of };
    const made = await ask('POST', '/api/alert-rules', wish);
    expect(made.status).toBe(201);
    return made.body as { id: string; consequence: string };
  };
  const putInGroup = async (deviceId: string): Promise<string> => {
    const { rows } = await owner().query<{ id: string }>(
      `INSERT INTO device_manager.groups (tenant_id, name, created_by)
       VALUES ($1, 'furnaces', 'test') RETURNING id`,
      [tenant().tenantId],
    );
    const id = rows[0]?.id ?? '';
    await owner().query(
      `INSERT INTO device_manager.group_members (tenant_id, group_id, device_id, added_by)
       VALUES ($1, $2, $3, 'test')`,
      [tenant().tenantId, id, deviceId],
    );
    return id;
  };
  const tag = (deviceId: string) =>
    owner().query(`INSERT INTO device_manager.device_tags VALUES ($1, $2, 'ring', 'canary')`, [
      tenant().tenantId,
      deviceId,
    ]);

  it('hold where they fit, the group before the query before the site, and say why', async () => {
    const [plain = '', tagged = '', member = ''] = await idsAt('ovens', 3);
    await setPresence(owner(), tenant().tenantId, [plain, tagged, member], 'online', pass(1));
    await tag(tagged);
    await tag(member);
    const groupId = await putInGroup(member);
    const oven = await makeRule('Ovens', 95, { site: 'ovens' });
    const canary = await makeRule('Canaries', 85, { query: 'ring=canary' });
    const furnace = await makeRule('Furnaces', 50, { groupId });
    expect(furnace.consequence).toContain('on a device of the group “furnaces”');
    for (const id of [plain, tagged, member]) await sample(id, 90);
    await look();
    pass(600);
    for (const id of [plain, tagged, member]) await sample(id, 90);
    await setPresence(
      owner(),
      tenant().tenantId,
      [plain, tagged, member],
      'online',
      new Date(now()),
    );
    await look();
    const raised = (await alertsOf("AND site = 'ovens'")).map((row) => [
      row.device_id,
      row.rule_id,
    ]);
    expect(new Map(raised as [string, string][])).toEqual(
      new Map([
        [tagged, canary.id],
        [member, furnace.id],
      ]),
    );
    const alert = (await alertsOf("AND site = 'ovens'")).find((row) => row.device_id === member);
    const shown = await ask('GET', `/api/alerts/${alert?.id}`);
    expect(shown.body['why']).toMatch(
      /“Furnaces” holds because the device is in the group “furnaces”; “Canaries”, “Ovens” and “Processor busy” fit, too/,
    );
    // It leaves the group: the next rule has other levels, under which it is bad as well.
    await owner().query('DELETE FROM device_manager.group_members WHERE device_id = $1', [member]);
    await look();
    expect((await alertsOf(`AND id = '${alert?.id}'`))[0]?.status).toBe('resolved');
    expect((await ask('GET', `/api/alerts/${alert?.id}`)).body['why']).toMatch(
      /^It was raised by “Furnaces”, which does not hold there any more. Now “Canaries” holds/,
    );
    const refusals = await Promise.all(
      [
        { query: 'status=online' },
        { query: 'ring=' },
        { query: 'ring=a', site: 'ovens' },
        { groupId: randomUUID() },
      ].map((of) => ask('POST', '/api/alert-rules', { type: 'low-disk', name: 'x', ...of })),
    );
    expect(refusals.map(({ status, body }) => [status, body['code']])).toEqual([
      [400, 'invalid-request'],
      [400, 'unreadable-query'],
      [400, 'invalid-request'],
      [400, 'invalid-request'],
    ]);
    for (const { id } of [oven, canary, furnace]) await ask('DELETE', `/api/alert-rules/${id}`);
    await look();
  });
});
