/**
 * What an operator runs once against the cloud's database: `migrate` brings it up to date, as any start
 * would, `hub-config` prints the configuration of the NATS hub for this database's keys, `create-tenant` makes a tenant and its administrator,
 * `set-tier` gives a tenant another tier, `suspend-tenant` keeps one out, `resume-tenant` lets it in,
 * `delete-tenant` removes one for good, and `list-tenants` says which there are (`--deleted`: were). What opens the whole platform is loaded by who needs it.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { listTenants } from '@signalbeam/device-manager/store/tenants';
import { readConfig } from '@signalbeam/platform/config';
import { listDeletions } from '@signalbeam/platform/erase/journal';
import { createPassword } from '@signalbeam/platform/identity/passwords';
import { tierLimits, tiers } from '@signalbeam/platform/identity/tiers';
import { openKeyring } from '@signalbeam/platform/keys/keyring';
import { openKeys } from '@signalbeam/platform/keys/open-keys';
import { createLog } from '@signalbeam/platform/logging/log';
import { hubConfig, hubKeys, leafAdvertiseOf } from '@signalbeam/platform/nats/hub-config';
import type { OpenedPlatform } from '@signalbeam/platform/open';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool, type Pool } from '@signalbeam/platform/postgres/pool';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';

type Environment = Readonly<Record<string, string | undefined>>;
type Options = NonNullable<ParseArgsConfig['options']>;

const passwordBytesMax = 4096;

const usage = (message: string): FleetError =>
  new FleetError('invalid-argument', `${message}; nothing was done.`, {
    next: [
      'migrate',
      'hub-config --dir DIR --port N --leaf-port N --monitor-port N',
      `create-tenant --name NAME --admin-email ADDRESS [--tier ${tiers.join('|')}] [--password-stdin]`,
      `set-tier --tenant NAME --tier ${tiers.join('|')}`,
      'list-tenants [--deleted]',
      'suspend-tenant --tenant NAME --reason TEXT',
      'resume-tenant --tenant NAME',
      'delete-tenant --tenant NAME [--yes] [--before-grace-ends] [--by WHO]',
      'route',
    ].join('\n'),
  });

/** Reads flags and holds them to a schema; anything unknown or missing is named. */
const readFlags = <T>(args: string[], options: Options, schema: z.ZodType<T>): T => {
  let values: object;
  try {
    values = parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
  throw usage(wrong.join(', '));
};

const migrateDatabase = async (args: string[], environment: Environment): Promise<void> => {
  readFlags(args, {}, z.strictObject({}));
  const made = await migrate({ url: readConfig(environment).databaseUrl });
  const said = made.length === 0 ? 'It was up to date.' : `${made.join('\n')}\nIt is up to date.`;
  process.stdout.write(`${said}\n`);
};

const text = { type: 'string' as const };

/** The platform, for one piece of work beside the running cloud. */
const withPlatform = async (
  name: string,
  environment: Environment,
  work: (platform: OpenedPlatform) => Promise<void>,
): Promise<void> => {
  const { openPlatform } = await import('@signalbeam/platform/open');
  const log = createLog({ name, level: 'warn' });
  const platform = await openPlatform({ config: readConfig(environment), log, name });
  try {
    await work(platform);
  } finally {
    await platform.close();
  }
};

const port = z.coerce.number().int().min(1).max(65_535);
const hubFlags = z.strictObject({
  dir: z.string().min(1),
  port,
  'leaf-port': port,
  'monitor-port': port,
});

const printHubConfig = async (args: string[], environment: Environment): Promise<void> => {
  const names = Object.keys(hubFlags.shape);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const flags = readFlags(args, options, hubFlags);
  const config = readConfig(environment);
  const { kek } = await openKeys(config);
  const pool = openPool({ url: config.databaseUrl, role: 'sb_system', max: 1 });
  try {
    const made = hubConfig({
      keys: await hubKeys(await openKeyring(pool, kek)),
      port: flags.port,
      leafPort: flags['leaf-port'],
      ...leafAdvertiseOf(config.leafUrls),
      monitorPort: flags['monitor-port'],
      storeDir: join(flags.dir, 'jetstream'),
      jwtDir: join(flags.dir, 'accounts'),
    });
    process.stdout.write(made);
  } finally {
    await pool.end();
  }
};

const tenantFlags = z.strictObject({
  name: z.string().min(1),
  'admin-email': z.string().min(1),
  tier: z.enum(tiers).default('paid'),
  'password-stdin': z.boolean().default(false),
});
const tierFlags = z.strictObject({ tenant: z.string().min(1), tier: z.enum(tiers) });

const readPassword = async (): Promise<string> => {
  const given = (await textOf(process.stdin)).replace(/\r?\n$/, '');
  if (Buffer.byteLength(given) > passwordBytesMax) throw usage('The password is too long');
  return given;
};

const makeTenant = async (args: string[], environment: Environment): Promise<void> => {
  const flags = readFlags(
    args,
    {
      name: { type: 'string' },
      'admin-email': { type: 'string' },
      tier: { type: 'string' },
      'password-stdin': { type: 'boolean' },
    },
    tenantFlags,
  );
  const given = flags['password-stdin'] ? await readPassword() : null;
  const password = given ?? createPassword();
  const { createTenant } = await import('@signalbeam/device-manager/create-tenant');
  await withPlatform('create-tenant', environment, async (platform) => {
    const { name, tier, 'admin-email': adminEmail } = flags;
    const { tenantId } = await createTenant(platform, { name, adminEmail, password, tier });
    const shown = given === null ? ` Password, shown once: ${password}` : '';
    process.stdout.write(`Tenant ${name} (${tenantId}); ${adminEmail} signs in to it.${shown}\n`);
  });
};

const changeTier = async (args: string[], environment: Environment): Promise<void> => {
  const given = readFlags(args, { tenant: text, tier: text }, tierFlags);
  const { setTier } = await import('@signalbeam/device-manager/set-tier');
  await withPlatform('set-tier', environment, async (platform) => {
    const { before, over } = await setTier(platform, given);
    const was = before === given.tier ? 'has been' : `was ${before} and is`;
    process.stdout.write(`Tenant ${given.tenant} ${was} ${given.tier}.\n`);
    const keptDays = tierLimits[given.tier].metricsKeptDays;
    if (keptDays < tierLimits[before].metricsKeptDays) {
      process.stdout.write(
        `It keeps samples for ${keptDays} days at most, and the rest for less long: what is older is removed within a day.\n`,
      );
    }
    for (const { what, used, limit } of over) {
      const room = `until ${used - limit + 1} fewer are there`;
      process.stdout.write(`It has ${used} ${what} of ${limit}: none is added ${room}.\n`);
    }
  });
};

const suspendFlags = z.strictObject({ tenant: z.string().min(1), reason: z.string().min(1) });
const resumeFlags = z.strictObject({ tenant: z.string().min(1) });

const suspend = async (args: string[], environment: Environment): Promise<void> => {
  const given = readFlags(args, { tenant: text, reason: text }, suspendFlags);
  const { suspendTenant } = await import('@signalbeam/device-manager/suspend-tenant');
  await withPlatform('suspend-tenant', environment, async (platform) => {
    const { before } = await suspendTenant(platform, given);
    const since = before === null ? 'is suspended' : 'has been suspended already';
    process.stdout.write(
      `Tenant ${given.tenant} ${since}: its people, programs and devices are refused; devices go on with what they run.\n`,
    );
  });
};

const resume = async (args: string[], environment: Environment): Promise<void> => {
  const given = readFlags(args, { tenant: text }, resumeFlags);
  const { resumeTenant } = await import('@signalbeam/device-manager/suspend-tenant');
  await withPlatform('resume-tenant', environment, async (platform) => {
    const { before } = await resumeTenant(platform, given);
    const says =
      before === null
        ? 'was not suspended; nothing was changed'
        : `is let in again; it was suspended since ${before.at.toISOString()}`;
    process.stdout.write(`Tenant ${given.tenant} ${says}.\n`);
  });
};

const deleteFlags = z.strictObject({
  tenant: z.string().min(1),
  yes: z.boolean().default(false),
  'before-grace-ends': z.boolean().default(false),
  by: z.string().min(1).optional(),
});

const remove = async (args: string[], environment: Environment): Promise<void> => {
  const switched = { type: 'boolean' as const };
  const options = { tenant: text, yes: switched, 'before-grace-ends': switched, by: text };
  const given = readFlags(args, options, deleteFlags);
  const { runDeletion } = await import('./delete-tenant-command.ts');
  const { tenant, yes, 'before-grace-ends': beforeGraceEnds, by = userInfo().username } = given;
  await withPlatform('delete-tenant', environment, async (platform) => {
    const wish = { tenant, yes, beforeGraceEnds, by };
    await runDeletion(platform, readConfig(environment).databaseUrl, wish, {
      say: (said) => void process.stdout.write(said),
      tell: (said) => void process.stderr.write(said),
    });
  });
};

/** A line each, by when: what is left of them. */
const showDeleted = async (pool: Pool): Promise<void> => {
  process.stdout.write('ID\tBEGUN\tDELETED\tBY\tROWS\n');
  for (const deletion of await listDeletions(pool)) {
    const { tenantId, startedAt, finishedAt, deletedBy, rowsDeleted } = deletion;
    const done = finishedAt?.toISOString() ?? '';
    const line = [tenantId, startedAt.toISOString(), done, deletedBy, rowsDeleted];
    process.stdout.write(`${line.join('\t')}\n`);
  }
};

const tenantsAtOnce = 500;

/** A line each, by name; for people, and for `cut` and `grep`: columns are parted by tabs. */
const showTenants = async (args: string[], environment: Environment): Promise<void> => {
  const flags = z.strictObject({ deleted: z.boolean().default(false) });
  const { deleted } = readFlags(args, { deleted: { type: 'boolean' } }, flags);
  const { databaseUrl } = readConfig(environment);
  const pool = openPool({ url: databaseUrl, role: 'sb_system', max: 1 });
  try {
    if (deleted) return await showDeleted(pool);
    process.stdout.write('NAME\tTIER\tDEVICES\tSINCE\tID\tSUSPENDED\n');
    for (let after = '', isMore = true; isMore; ) {
      const tenants = await listTenants(pool, { after, limit: tenantsAtOnce });
      for (const { name, tier, devices, createdAt, tenantId, suspension } of tenants) {
        const since = createdAt.toISOString().slice(0, 10);
        const kept =
          suspension === null ? '' : `${suspension.at.toISOString()} ${suspension.reason}`;
        process.stdout.write(`${[name, tier, devices, since, tenantId, kept].join('\t')}\n`);
      }
      after = tenants.at(-1)?.name ?? after;
      isMore = tenants.length === tenantsAtOnce;
    }
  } finally {
    await pool.end();
  }
};

/** Throws `invalid-argument` for any other word. */
export const runCommand = async (
  command: string,
  args: string[],
  environment: Environment,
): Promise<void> => {
  if (command === 'migrate') return migrateDatabase(args, environment);
  if (command === 'hub-config') return printHubConfig(args, environment);
  if (command === 'create-tenant') return makeTenant(args, environment);
  if (command === 'set-tier') return changeTier(args, environment);
  if (command === 'list-tenants') return showTenants(args, environment);
  if (command === 'suspend-tenant') return suspend(args, environment);
  if (command === 'resume-tenant') return resume(args, environment);
  if (command === 'delete-tenant') return remove(args, environment);
  throw usage(`There is no command ${command}`);
};
