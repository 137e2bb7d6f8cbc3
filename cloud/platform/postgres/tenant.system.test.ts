/** Tenants' rows are held apart by Postgres itself, whatever the code above it does. */
import { randomUUID } from 'node:crypto';
import '@signalbeam/launcher/rig/provided';
import { type FreshDatabase, freshDatabase } from '@signalbeam/launcher/rig/database';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { writeAudit } from './audit.ts';
import { migrate } from './migrate.ts';
import { openPool, type Pool } from './pool.ts';
import { changeTenant, everySite, systemAuthor, withTenant } from './tenant.ts';
import { transaction } from './transaction.ts';

const [one, two] = [randomUUID(), randomUUID()];
let database: FreshDatabase;
let api: Pool;
let system: Pool;

beforeAll(async () => {
  database = await freshDatabase(inject('postgresUrl'));
  await migrate({ url: database.url });
  api = openPool({ url: database.url, role: 'sb_api', max: 1, statementTimeoutMs: 2_000 });
  system = openPool({ url: database.url, role: 'sb_system', max: 2 });
});
afterAll(async () => {
  await api.end();
  await system.end();
  await database.drop();
});

const note = (tenantId: string, action: string) =>
  changeTenant(api, systemAuthor(tenantId), (sql) =>
    writeAudit(sql, { ...systemAuthor(tenantId), action, target: 'nothing' }),
  );
const actions = async (tenantId: string): Promise<string[]> =>
  withTenant(api, everySite(tenantId), async (sql) => {
    const { rows } = await sql.query<{ action: string }>('SELECT action FROM platform.audit_log');
    return rows.map(({ action }) => action);
  });

describe('row security', () => {
  it('shows no row at all when no tenant is set', async () => {
    await note(one, 'first');
    expect((await api.query('SELECT * FROM platform.audit_log')).rows).toEqual([]);
    expect((await api.query('SELECT platform.current_tenant() AS t')).rows).toEqual([{ t: null }]);
    expect((await system.query('SELECT * FROM platform.audit_log')).rows).toHaveLength(1);
  });

  it("shows a tenant its own rows and takes none of another's", async () => {
    await note(two, 'second');
    expect(await actions(one)).toEqual(['first']);
    expect(await actions(two)).toEqual(['second']);
    await expect(
      changeTenant(api, systemAuthor(one), (sql) =>
        writeAudit(sql, { ...systemAuthor(two), action: 'forged', target: 'nothing' }),
      ),
    ).rejects.toThrow(/row-level security/);
  });

  it('lets no request change the audit log or read a key', async () => {
    for (const statement of [
      'DELETE FROM platform.audit_log',
      `UPDATE platform.audit_log SET actor = 'somebody else'`,
      'SELECT * FROM platform.keys',
      'SELECT * FROM platform.domain_events',
    ]) {
      await expect(
        changeTenant(api, systemAuthor(one), (sql) => sql.query(statement)),
      ).rejects.toThrow(/permission denied/);
    }
  });

  it('is forced on every table that requests may touch', async () => {
    const { rows } = await system.query(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('platform', 'device_manager', 'bundle_orchestrator', 'telemetry')
          AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
          AND (has_any_column_privilege('sb_api', c.oid, 'SELECT, INSERT, UPDATE')
               OR has_table_privilege('sb_api', c.oid, 'DELETE, TRUNCATE'))`,
    );
    expect(rows).toEqual([]);
  });

  it('is not got round by a view of another owner', async () => {
    const { rows } = await system.query(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('platform', 'device_manager', 'bundle_orchestrator', 'telemetry')
          AND c.relkind = 'v' AND has_any_column_privilege('sb_api', c.oid, 'SELECT')
          AND NOT coalesce(c.reloptions::text[] && ARRAY['security_invoker=true', 'security_invoker=on',
                                                         'security_barrier=true', 'security_barrier=on'], false)`,
    );
    expect(rows).toEqual([]);
  });
});

describe('a change', () => {
  const rename = `UPDATE device_manager.users SET name = 'changed' RETURNING name`;
  const names = () => system.query('SELECT name FROM device_manager.users').then((r) => r.rows);

  it('can only be made where the audit log is told of it', async () => {
    await system.query(
      `INSERT INTO device_manager.tenants (id, name, tenant_key) VALUES ($1, 'one', 'one')`,
      [one],
    );
    await system.query(
      `INSERT INTO device_manager.users (tenant_id, email, name, role, password_hash)
       VALUES ($1, 'ada@one.example', 'Ada', 'viewer', '')`,
      [one],
    );
    await expect(withTenant(api, everySite(one), (sql) => sql.query(rename))).rejects.toMatchObject(
      { code: '25006' },
    );
    const untold = await changeTenant(api, systemAuthor(one), (sql) => sql.query(rename));
    expect(untold.rows).toEqual([{ name: 'changed' }]);
    expect(await names()).toEqual([{ name: 'Ada' }]);
    // What a failed transaction told does not count for the next one on the connection.
    const failing = changeTenant(api, systemAuthor(one), async (sql) => {
      await writeAudit(sql, { ...systemAuthor(one), action: 'user.change', target: 'x' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await changeTenant(api, systemAuthor(one), (sql) => sql.query(rename));
    expect(await names()).toEqual([{ name: 'Ada' }]);
    const author = { ...systemAuthor(one), actor: 'user:ada', ip: '::1', requestId: 'request-1' };
    await changeTenant(api, author, async (sql) => {
      await sql.query(rename);
      await writeAudit(sql, { ...author, action: 'user.change', target: 'x', requestId: null });
    });
    expect(await names()).toEqual([{ name: 'changed' }]);
    const { rows } = await system.query(
      `SELECT actor, ip, request_id FROM platform.audit_log WHERE target = 'x'`,
    );
    expect(rows).toEqual([{ actor: 'user:ada', ip: '::1', request_id: 'request-1' }]);
  });
});

describe('a pool of one connection', () => {
  it('keeps two tenants apart when they take turns and some fail', async () => {
    const turns = Array.from({ length: 40 }, async (_, index) => {
      const tenantId = index % 2 === 0 ? one : two;
      const work = withTenant(api, everySite(tenantId), async (sql) => {
        const { rows } = await sql.query<{ t: string }>('SELECT platform.current_tenant() AS t');
        if (index % 5 === 0) throw new Error('handler failed');
        if (index % 7 === 0) await sql.query('SELECT 1/0');
        return rows[0]?.t;
      });
      const outcome = await work.catch(() => 'failed');
      expect(['failed', tenantId]).toContain(outcome);
    });
    await Promise.all(turns);
    expect((await api.query('SELECT platform.current_tenant() AS t')).rows).toEqual([{ t: null }]);
  });

  it('forgets the tenant after a statement timeout and after a lost connection', async () => {
    await expect(
      withTenant(api, everySite(one), (sql) => sql.query('SELECT pg_sleep(10)')),
    ).rejects.toThrow(/statement timeout/);
    expect((await api.query('SELECT platform.current_tenant() AS t')).rows).toEqual([{ t: null }]);
    const lost = withTenant(api, everySite(one), async (sql) => {
      const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const killer = openPool({ url: database.url, role: null, max: 1 });
      await killer.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await killer.end();
      await sql.query('SELECT 1');
    });
    await expect(lost).rejects.toThrow();
    expect((await api.query('SELECT platform.current_tenant() AS t')).rows).toEqual([{ t: null }]);
    expect(await actions(one)).toContain('first');
  });

  it('does not report work as kept when a swallowed failure undid it', async () => {
    const swallowed = changeTenant(api, systemAuthor(one), async (sql) => {
      await writeAudit(sql, { ...systemAuthor(one), action: 'ghost', target: 'nothing' });
      await sql.query('SELECT 1/0').catch(() => {});
    });
    await expect(swallowed).rejects.toThrow(/undone/);
    expect(await actions(one)).not.toContain('ghost');
  });

  it.each(["' OR true --", '', 'ABCDEF00-0000-4000-8000-000000000000'])(
    'refuses %j as a tenant',
    async (tenantId) => {
      const all = everySite(tenantId);
      await expect(withTenant(api, all, async () => 1)).rejects.toThrow(TypeError);
    },
  );

  it('rolls back what a failing transaction did', async () => {
    const failing = transaction(system, async (sql) => {
      await sql.query(
        `INSERT INTO platform.domain_events (tenant_id, type, subject, data)
         VALUES ($1, 't', 'signalbeam.users.t', '{}')`,
        [one],
      );
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const kept = await system.query(`SELECT * FROM platform.domain_events WHERE type = 't'`);
    expect(kept.rows).toEqual([]);
  });
});
