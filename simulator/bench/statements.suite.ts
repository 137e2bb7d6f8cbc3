/**
 * The statements of lists by themselves, in the time that Postgres says it took to carry them out
 * (EXPLAIN ANALYZE): no HTTP, no planning, no waiting for the process that asked. What is left of other
 * load on the machine is in it still, so each is run several times.
 */
import { type Choice, filterOf } from '@signalbeam/device-manager/choose-devices';
import { countDevices, listDevices } from '@signalbeam/device-manager/store/device-list';
import type { Pool, Sql } from '@signalbeam/platform/postgres/pool';
import { everySite, withTenant } from '@signalbeam/platform/postgres/tenant';

const runs = 7;
const limit = 51;

type Explained = { 'QUERY PLAN': [{ 'Execution Time': number }] };
type Given = string | { text: string; values?: unknown[] };

/** Explains each statement before it is carried out, and adds up what that took. */
const explaining = (sql: Sql): { sql: Sql; tookMs: () => number } => {
  let tookMs = 0;
  const query = async (given: Given, listed?: unknown[]): Promise<unknown> => {
    const { text, values = [] } =
      typeof given === 'string' ? { text: given, ...(listed && { values: listed }) } : given;
    const explain = `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`;
    const { rows } = await sql.query<Explained>(explain, values);
    tookMs += rows[0]?.['QUERY PLAN'][0]['Execution Time'] ?? 0;
    return sql.query(text, values);
  };
  return { sql: { query } as unknown as Sql, tookMs: () => tookMs };
};

/** What people ask for, the kinds that cost most among it. */
const asked: Readonly<Record<string, Choice>> = {
  All: {},
  Site: { site: 'plant-7' },
  OneTag: { query: 'environment=production' },
  TwoTags: { query: 'ring=canary AND environment=production' },
  ThreeTags: { query: 'hardware=rpi4 AND ring=canary AND environment=dev' },
  NotTag: { query: 'NOT environment=dev AND ring=canary' },
  // Half of the devices have the tag, one in fifty is offline.
  TagOffline: { query: '(hardware=rpi4 OR hardware=rpi5) AND status=offline' },
  NoTag: { query: 'customer=nobody OR customer=nothing' },
  // In a fifth of the names: those that begin with it come fourth of five kinds, and last.
  CommonWord: { search: 'pump' },
  LastWord: { search: 'valve' },
  // In one of 45 texts, and its trigrams in one of five.
  SiteWord: { search: 'plant-7' },
  RareWord: { search: 'host-99' },
  NoWord: { search: 'nothing like it' },
};

/**
 * Milliseconds by what was asked and how (`listAllServer`, `countTwoTagsServer`): the least of several
 * each, for other load only adds to it.
 */
export const measureStatements = async (
  api: Pool,
  tenantId: string,
): Promise<Record<string, number>> => {
  const took: Record<string, number[]> = {};
  for (const [name, choice] of Object.entries(asked)) {
    for (let run = 0; run < runs; run += 1) {
      await withTenant(api, everySite(tenantId), async (client) => {
        for (const how of ['list', 'count'] as const) {
          const explained = explaining(client);
          const wanted = how === 'list' ? 'page' : 'all';
          const filter = await filterOf(explained.sql, choice, wanted);
          if (how === 'list') await listDevices(explained.sql, filter, { limit }, Date.now());
          else await countDevices(explained.sql, filter, Date.now());
          took[`${how}${name}Server`] ??= [];
          took[`${how}${name}Server`]?.push(explained.tookMs());
        }
      });
    }
  }
  return Object.fromEntries(
    Object.entries(took).map(([name, ms]) => [name, Number(Math.min(...ms).toFixed(3))]),
  );
};
