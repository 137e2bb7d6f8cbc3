/** The audit log: found by what people ask, and its chain shows what was tampered with. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import '@signalbeam/launcher/rig/provided';
import { chainAudit, chainKey, checkChain } from '@signalbeam/platform/postgres/audit-chain';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { insertDevices } from './fleet.suite.ts';
import { makeToken, type OpenedTenant, openTenant, type Rig, startRig } from './rig.suite.ts';
import { listAudit } from './store/audit.ts';

type Line = {
  id: number;
  action: string;
  actor: string;
  target: string;
  targetName: string | null;
  requestId: string | null;
};
type Check = { checked: number; faults: unknown[]; next: number | null; head: Head | null };
type Head = { position: number; hash: string };

let rig: Rig;
let acme: OpenedTenant;
let other: OpenedTenant;

beforeAll(async () => {
  rig = await startRig(inject('postgresUrl'));
  acme = await openTenant(rig, 'acme');
  other = await openTenant(rig, 'other');
});
afterAll(async () => rig?.stop());

const list = async (query: string): Promise<{ entries: Line[]; nextCursor: string | null }> => {
  const answer = await rig.ask('GET', `/api/audit?${query}`, { token: acme.admin });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};
/** Until no line waits: while the service chains in the background, others come to nothing. */
const chain = async (): Promise<number> => {
  for (let total = 0; ; ) {
    total += await chainAudit(rig.platform.pools.system, chainKey(rig.platform.kek));
    const { rows } = await rig.owner.query('SELECT 1 FROM platform.audit_unchained LIMIT 1');
    if (rows.length === 0) return total;
    await sleep(20);
  }
};
const check = async (query = ''): Promise<Check & { holdsKnownHead: boolean | null }> => {
  const path = `/api/audit/verification?${query}`;
  const answer = await rig.ask('GET', path, { token: acme.admin });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};

/** Of bundle `web`, as rows: the ids of the bundle and of the rollout. */
const insertRollout = async (tenantId: string): Promise<[string, string]> => {
  const [bundle, rollout] = [randomUUID(), randomUUID()];
  await rig.owner.query(
    `WITH bundle AS (
       INSERT INTO bundle_orchestrator.bundles (tenant_id, id, name, created_by)
       VALUES ($1, $2, 'web', 'x')),
     version AS (
       INSERT INTO bundle_orchestrator.bundle_versions
         (tenant_id, bundle_id, version, order_key, containers, release_digest, release_envelope,
          created_at, created_by)
       VALUES ($1, $2, '1.2.0', '', '[]', $4, '', now(), 'x'))
     INSERT INTO bundle_orchestrator.rollouts (tenant_id, id, bundle_id, version, created_by)
     VALUES ($1, $3, $2, '1.2.0', 'x')`,
    [tenantId, bundle, rollout, `sha256:${'0'.repeat(64)}`],
  );
  return [bundle, rollout];
};

describe('the list', () => {
  test('is found by actor, action, target and time, page by page', async () => {
    const headers = { 'x-request-id': 'asked-by-a-person' };
    const token = acme.operator;
    await rig.ask('POST', '/api/sites', { token, headers, body: { name: 'north' } });
    for (let count = 0; count < 4; count += 1) await makeToken(rig, acme);
    const by = `actor=user:${acme.email('operator')}&action=registration-token.create`;
    const first = await list(`${by}&limit=3`);
    expect(first.entries).toHaveLength(3);
    const second = await list(`${by}&limit=3&cursor=${first.nextCursor}`);
    expect(second).toMatchObject({ nextCursor: null });
    const ids = [...first.entries, ...second.entries].map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(4);
    expect(await list('target=site:north')).toMatchObject({
      entries: [{ action: 'site.create', requestId: 'asked-by-a-person' }],
    });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect((await list(`from=${tomorrow}`)).entries).toEqual([]);
    expect((await list(`until=${tomorrow}&limit=200`)).entries.length).toBeGreaterThan(5);
  });

  test('says what its targets are called, and nothing of another tenant’s', async () => {
    const made = async (path: string, body: object): Promise<string> => {
      const { status, body: view } = await rig.ask('POST', path, { token: acme.admin, body });
      expect(status).toBe(201);
      return (view as { id: string }).id;
    };
    const group = await made('/api/groups', { name: 'Canaries' });
    const account = await made('/api/service-accounts', { name: 'ci', role: 'viewer' });
    const { id: tokenId } = await makeToken(rig, acme);
    const [device] = await insertDevices(rig.owner, { tenantId: acme.tenantId, tokenId }, [
      { name: 'press-7' },
    ]);
    const [bundle, rollout] = await insertRollout(acme.tenantId);
    const [theirs, theirRollout] = await insertRollout(other.tenantId);
    const known = {
      ...{ [`device:${device}`]: 'press-7', [`group:${group}`]: 'Canaries' },
      ...{ [`service-account:${account}`]: 'ci', [`bundle:${bundle}`]: 'web' },
      [`rollout:${rollout}`]: 'web 1.2.0',
    };
    const unknown = [`bundle:${theirs}`, `rollout:${theirRollout}`, `group:${device}`, 'device:x'];
    await rig.owner.query(
      `INSERT INTO platform.audit_log (tenant_id, actor, action, target)
       SELECT $1, 'user:names', 'thing.do', target FROM unnest($2::text[]) AS target`,
      [acme.tenantId, [...Object.keys(known), ...unknown]],
    );
    const { entries } = await list('actor=user:names');
    expect(Object.fromEntries(entries.map((line) => [line.target, line.targetName]))).toEqual({
      ...known,
      ...Object.fromEntries(unknown.map((target) => [target, null])),
    });
  });

  test('reads one index and sorts nothing, whatever it is searched by', async () => {
    await rig.owner.query(
      `INSERT INTO platform.audit_log (tenant_id, at, actor, action, target)
       SELECT $1, now() - make_interval(secs => n), 'user:' || n % 50, 'a.' || n % 40, 't:' || n % 3000
         FROM generate_series(1, 20000) n`,
      [other.tenantId],
    );
    await rig.owner.query('ANALYZE platform.audit_log');
    const page = { after: { at: new Date().toISOString(), id: 1 }, limit: 51 };
    for (const filter of [{}, { actor: 'user:7' }, { action: 'a.7' }, { target: 't:7' }]) {
      const scope = everySite(other.tenantId);
      const plan = await withTenant(rig.platform.pools.api, scope, async (sql) => {
        const plans: string[] = [];
        const explained = {
          query: async (text: string, values: unknown[]) => {
            const { rows } = await sql.query(`EXPLAIN ${text}`, values);
            plans.push(...rows.map((row) => row['QUERY PLAN']));
            return { rows: [] };
          },
        };
        await listAudit(explained as never, filter, page);
        return plans.join('\n');
      });
      expect(plan).toMatch(/Index Scan using audit_log_/);
      expect(plan).not.toMatch(/Seq Scan|Sort/);
    }
  });
});

describe('the chain', () => {
  // Inventory §7.32
  test('is whole as long as nobody touches it, and other tenants have their own', async () => {
    await chain();
    const found = await check();
    expect(found).toMatchObject({ faults: [], next: null, holdsKnownHead: null });
    expect(found.head?.position).toBe(found.checked);
    const [first, rest] = [await check('limit=2'), await check('limit=10000&from=3')];
    expect(first).toMatchObject({ checked: 2, faults: [], next: 3 });
    expect(rest).toMatchObject({ checked: found.checked - 2, faults: [], next: null });
    for (const token of [acme.operator, acme.viewer]) {
      expect((await rig.ask('GET', '/api/audit/verification', { token })).status).toBe(403);
    }
    expect(await chain()).toBe(0);
  });

  test('has every line once when many write and several chain at the same moment', async () => {
    const written = Promise.all(Array.from({ length: 12 }, () => makeToken(rig, acme)));
    await Promise.all([written, chain(), chain(), chain()]);
    await chain();
    const { rows } = await rig.owner.query(
      `SELECT (SELECT count(*) FROM platform.audit_log) AS lines,
              (SELECT count(*) FROM platform.audit_chain) AS links`,
    );
    expect(rows[0].links).toBe(rows[0].lines);
    expect((await check()).faults).toEqual([]);
  });

  test('shows a line that was changed, removed, swapped or slipped in, and where', async () => {
    const { rows: links } = await rig.owner.query<{ position: number; entry_id: number }>(
      'SELECT position, entry_id FROM platform.audit_chain WHERE tenant_id = $1 ORDER BY position',
      [acme.tenantId],
    );
    const [, , one, two] = links;
    if (one === undefined || two === undefined) throw new Error('too few lines');
    const fault = (kind: string, { position, entry_id: entryId } = one) => ({
      ...{ kind, position, entryId },
    });
    const tampering: [what: string, statements: string[], faults: unknown[]][] = [
      [
        'a word changed',
        [`UPDATE platform.audit_log SET actor = 'user:another' WHERE id = ${one.entry_id}`],
        [fault('changed')],
      ],
      [
        'a line removed',
        [`DELETE FROM platform.audit_log WHERE id = ${one.entry_id}`],
        [fault('removed')],
      ],
      [
        'a line removed with its link',
        [
          `DELETE FROM platform.audit_log WHERE id = ${one.entry_id}`,
          `DELETE FROM platform.audit_chain WHERE entry_id = ${one.entry_id}`,
        ],
        [{ ...fault('unlinked'), entryId: null }],
      ],
      [
        'two lines swapped',
        [
          `UPDATE platform.audit_chain SET entry_id = -entry_id
            WHERE entry_id IN (${one.entry_id}, ${two.entry_id})`,
          `UPDATE platform.audit_chain
              SET entry_id = CASE -entry_id WHEN ${one.entry_id} THEN ${two.entry_id} ELSE ${one.entry_id} END
            WHERE entry_id < 0`,
        ],
        [
          fault('changed', { ...one, entry_id: two.entry_id }),
          fault('changed', { ...two, entry_id: one.entry_id }),
        ],
      ],
      [
        'a line slipped in',
        [
          `INSERT INTO platform.audit_log (tenant_id, actor, action, target)
           VALUES ('${acme.tenantId}', 'user:ada', 'device.approve', 'device:x')`,
          'DELETE FROM platform.audit_unchained',
        ],
        [{ kind: 'inserted', position: null, entryId: expect.any(Number) }],
      ],
    ];
    const key = chainKey(rig.platform.kek);
    const asked = { tenantId: acme.tenantId, from: 1, limit: 10_000 };
    const client = await rig.owner.connect();
    for (const [what, statements, faults] of tampering) {
      await client.query('BEGIN');
      for (const statement of statements) await client.query(statement);
      expect((await checkChain(client, key, asked)).faults, what).toEqual(faults);
      await client.query('ROLLBACK');
    }
    client.release();
    expect((await check()).faults).toEqual([]);
  });

  test('that was cut off at its end is shown by a head noted elsewhere', async () => {
    const { head } = await check();
    if (head === null) throw new Error('no head');
    const known = `knownPosition=${head.position}&knownHash=${head.hash}`;
    expect(await check(known)).toMatchObject({ holdsKnownHead: true });
    const link = `entry_id = (SELECT entry_id FROM platform.audit_chain
                               WHERE tenant_id = '${acme.tenantId}' AND position = ${head.position})`;
    await rig.owner.query(`DELETE FROM platform.audit_log WHERE ${link.replace('entry_id', 'id')}`);
    await rig.owner.query(`DELETE FROM platform.audit_chain WHERE ${link}`);
    expect(await check(known)).toMatchObject({ faults: [], holdsKnownHead: false });
  });
});
