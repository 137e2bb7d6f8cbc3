/** What is in the tables, for tests that hold a change to its effect, or to none. */
import type { Pool } from '@signalbeam/platform/postgres/pool';

/** What moves by itself. */
const inManager = (table: string): string => `device_manager.${table}`;
const movesByItself = [
  'platform.domain_events',
  'platform.audit_chain',
  'platform.audit_unchained',
  'telemetry.presence',
  'telemetry.alert_conditions',
  ...['memberships', 'signed_records', 'site_keys'].map(inManager),
  // Folded and noted now and then; refusals are noted, too.
  ...['device_counts', 'device_count_changes', 'tag_counts', 'tag_count_changes'].map(inManager),
  ...['device_authentications', 'certificate_revocation_list'].map(inManager),
];

/** Of rows that move when asked, what is noted beside: what the hub has, and when to look again. */
const noted: Record<string, readonly string[]> = {
  'bundle_orchestrator.desired_states': ['published_generation', 'published_revision'],
  'device_manager.sign_ups': ['mail_due_at', 'tries'],
  'bundle_orchestrator.rollouts': ['waves_due_at', 'tell_due_at', 'looked_at'],
};

/** What is added up from rows that came, some seconds later. */
const addedUp =
  /^telemetry\.(metrics_(minutes|hourly|daily)|rollup_marks|late_hours|health_marks|device_health)/;

/** What loops write down beside, when they come to it, names no request; all that one did is looked at. */
const asked: Record<string, string> = {
  'platform.audit_log': `WHERE t.actor <> 'system' OR t.request_id IS NOT NULL`,
};

const lineOf = (table: string): string => {
  const without = noted[table];
  if (without === undefined) return 't::text';
  return `(to_jsonb(t) - ARRAY['${without.join("', '")}'])::text`;
};

/** Every row of every table, as one hash per table; what moves by itself left out. */
export const rowsOf = async (owner: Pool): Promise<Record<string, string>> => {
  const { rows: tables } = await owner.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
      WHERE schemaname IN ('platform', 'device_manager', 'bundle_orchestrator', 'telemetry')`,
  );
  const names = tables
    .map(({ name }) => name)
    .filter((name) => !movesByItself.includes(name) && !addedUp.test(name));
  const hashes = names.map(async (name) => {
    const { rows } = await owner.query<{ hash: string }>(
      `SELECT count(*) || coalesce(md5(string_agg(line, '' ORDER BY line)), '') AS hash
         FROM ${name} t, LATERAL (SELECT ${lineOf(name)} AS line) of_row ${asked[name] ?? ''}`,
    );
    return [name, rows[0]?.hash ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
};

/** The newest line of a tenant that a request wrote. */
export const newestAuditOf = async (owner: Pool, tenantId: string): Promise<number> => {
  const { rows } = await owner.query<{ id: number }>(
    `SELECT coalesce(max(id), 0) AS id FROM platform.audit_log
      WHERE tenant_id = $1 AND request_id IS NOT NULL AND actor <> 'system'`,
    [tenantId],
  );
  return rows[0]?.id ?? 0;
};

/** Changes nothing that a person would ask about: a sign-in that goes on, presence, a mere question. */
export const unaudited = [
  'post /api/auth/refresh',
  // Of no tenant yet; and in the log of the tenant that is made.
  'post /api/auth/sign-up',
  'post /api/auth/sign-up/confirmation',
  'post /api/bundles/image-tags',
  'post /api/bundles/validate',
  'post /api/bundles/validate/compose',
  'post /api/devices/{id}/heartbeat',
  'post /api/devices/{id}/metrics',
  'post /api/identity-provider/check',
  'post /api/rollouts/preview',
  'put /api/artifacts/upload-parts/{id}/{index}',
];

/** Nothing failed or confirmed yet in the rollouts, nobody has a second factor, and 123456 is not its code. */
export const refusedAsTheyAre = [
  ['post /api/auth/totp/confirmation', 409, 'wrong-totp-code'],
  ['post /api/auth/totp/removal', 409, 'wrong-state'],
  ['delete /api/users/{id}/totp', 409, 'wrong-state'],
  ['post /api/rollouts/{id}/approve', 409, 'wrong-state'],
  ['post /api/rollouts/{id}/retry', 409, 'wrong-state'],
];
