/**
 * What an operator runs once against the cloud's database: `hub-config` prints the configuration
 * of the NATS hub for this database's keys, `create-tenant` makes a tenant and its administrator.
 */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createTenant } from '@signalbeam/device-manager/create-tenant';
import { readConfig } from '@signalbeam/platform/config';
import { createPassword } from '@signalbeam/platform/identity/passwords';
import { openKeyring } from '@signalbeam/platform/keys/keyring';
import { createLog } from '@signalbeam/platform/logging/log';
import { hubConfig, hubKeys } from '@signalbeam/platform/nats/hub-config';
import { openKeys, openPlatform } from '@signalbeam/platform/open';
import { openPool } from '@signalbeam/platform/postgres/pool';
import { FleetError } from '@signalbeam/sync/core/errors';

type Environment = Readonly<Record<string, string | undefined>>;

const required = (values: Record<string, unknown>, name: string): string => {
  const value = values[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new FleetError('argument-missing', `--${name} is missing; nothing was done.`);
};

/** Leafs dial what they are given, also after the hub told them where it listens. */
const leafAdvertise = (url: string | undefined): { leafAdvertise?: string } =>
  url ? { leafAdvertise: url.replace(/^[a-z+-]+:\/\//, '') } : {};

const printHubConfig = async (args: string[], environment: Environment): Promise<void> => {
  const names = ['dir', 'port', 'leaf-port', 'monitor-port'] as const;
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: Object.fromEntries(names.map((name) => [name, option])),
  });
  const config = readConfig(environment);
  const { kek } = await openKeys(config);
  const pool = openPool({ url: config.databaseUrl, role: 'sb_system', max: 1 });
  try {
    const dir = required(values, 'dir');
    const port = (name: (typeof names)[number]) => Number(required(values, name));
    const made = hubConfig({
      keys: await hubKeys(await openKeyring(pool, kek)),
      port: port('port'),
      leafPort: port('leaf-port'),
      monitorPort: port('monitor-port'),
      ...leafAdvertise(config.leafUrls[0]),
      storeDir: join(dir, 'jetstream'),
      jwtDir: join(dir, 'accounts'),
    });
    process.stdout.write(made);
  } finally {
    await pool.end();
  }
};

const makeTenant = async (args: string[], environment: Environment): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: {
      name: { type: 'string' },
      'admin-email': { type: 'string' },
      'password-stdin': { type: 'boolean', default: false },
    },
  });
  const given = values['password-stdin'] ? (await text(process.stdin)).trim() : null;
  const password = given ?? createPassword();
  const log = createLog({ name: 'create-tenant', level: 'warn' });
  const platform = await openPlatform({
    config: readConfig(environment),
    log,
    name: 'create-tenant',
  });
  try {
    const name = required(values, 'name');
    const adminEmail = required(values, 'admin-email');
    const { tenantId } = await createTenant(platform, { name, adminEmail, password });
    const shown = given === null ? ` Password, shown once: ${password}` : '';
    process.stdout.write(`Tenant ${name} (${tenantId}); ${adminEmail} signs in to it.${shown}\n`);
  } finally {
    await platform.close();
  }
};

/** Throws `command-unknown` for any other word. */
export const runCommand = async (
  command: string,
  args: string[],
  environment: Environment,
): Promise<void> => {
  if (command === 'hub-config') return printHubConfig(args, environment);
  if (command === 'create-tenant') return makeTenant(args, environment);
  throw new FleetError('command-unknown', `There is no command ${command}.`, {
    next: 'Commands are hub-config and create-tenant; without one the cloud runs.',
  });
};
