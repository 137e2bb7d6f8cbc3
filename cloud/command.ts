/**
 * What an operator runs once against the cloud's database: `migrate` brings it up to date, as any start
 * would, `hub-config` prints the configuration of the NATS hub for this database's keys, `create-tenant` makes a tenant and its administrator,
 * `set-tier` gives a tenant another tier. What opens the whole platform is loaded by who needs it.
 */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { readConfig } from '@signalbeam/platform/config';
import { createPassword } from '@signalbeam/platform/identity/passwords';
import { tierLimits, tiers } from '@signalbeam/platform/identity/tiers';
import { openKeyring } from '@signalbeam/platform/keys/keyring';
import { openKeys } from '@signalbeam/platform/keys/open-keys';
import { createLog } from '@signalbeam/platform/logging/log';
import { hubConfig, hubKeys, leafAdvertiseOf } from '@signalbeam/platform/nats/hub-config';
import { migrate } from '@signalbeam/platform/postgres/migrate';
import { openPool } from '@signalbeam/platform/postgres/pool';
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
  const given = (await text(process.stdin)).replace(/\r?\n$/, '');
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
  const { openPlatform } = await import('@signalbeam/platform/open');
  const { createTenant } = await import('@signalbeam/device-manager/create-tenant');
  const log = createLog({ name: 'create-tenant', level: 'warn' });
  const config = readConfig(environment);
  const platform = await openPlatform({ config, log, name: 'create-tenant' });
  try {
    const { name, tier, 'admin-email': adminEmail } = flags;
    const { tenantId } = await createTenant(platform, { name, adminEmail, password, tier });
    const shown = given === null ? ` Password, shown once: ${password}` : '';
    process.stdout.write(`Tenant ${name} (${tenantId}); ${adminEmail} signs in to it.${shown}\n`);
  } finally {
    await platform.close();
  }
};

const changeTier = async (args: string[], environment: Environment): Promise<void> => {
  const text = { type: 'string' as const };
  const given = readFlags(args, { tenant: text, tier: text }, tierFlags);
  const { openPlatform } = await import('@signalbeam/platform/open');
  const { setTier } = await import('@signalbeam/device-manager/set-tier');
  const log = createLog({ name: 'set-tier', level: 'warn' });
  const platform = await openPlatform({ config: readConfig(environment), log, name: 'set-tier' });
  try {
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
  } finally {
    await platform.close();
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
  throw usage(`There is no command ${command}`);
};
