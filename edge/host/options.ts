/**
 * The command line, the environment (`SIGNALBEAM_…`) and a configuration file as one set of options;
 * the first that says something wins, in that order. Parsed here once, trusted afterwards.
 */
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FleetError } from '@signalbeam/sync/core/errors';
import { describeIssues, parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import { holdMinutes } from '../core/hold.ts';
import { holdReason } from '../store/hold.ts';
import { nearest } from './nearest.ts';
import { defaultIntervalMs } from './sampling.ts';
import { dateCommand } from './system-clock.ts';

export const defaultStateFolder = '/var/lib/signalbeam-agent';
export const defaultLeafPort = 4250;

/** A wrong command line: exit code 2 and a hint, nothing was done. */
export const usageError = (message: string, next = 'Run signalbeam-agent help.'): FleetError =>
  new FleetError('usage', message, { next });

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, 'must look like 127.0.0.1:8480')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return {
      host: text.slice(0, colon).replaceAll(/[[\]]/g, ''),
      port: Number(text.slice(colon + 1)),
    };
  });
const yes = z.union([z.boolean(), z.stringbool()]);
const addresses = z
  .string()
  .max(4_000)
  .default('')
  .transform((text) => text.split(',').filter((each) => each.trim() !== ''))
  .pipe(z.array(z.string().trim().pipe(address)).max(256));
/** A bare --gateway means always, as it did before there was a mesh. */
const gateway = z
  .union([z.enum(['auto', 'always', 'never']), yes.transform((on) => (on ? 'always' : 'never'))])
  .default('auto');
const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const path = z.string().min(1).max(4_096);
const minutesIn = { m: 1, h: 60, d: 24 * 60 } as const;
/** In minutes. */
const duration = z
  .string()
  .regex(/^\d{1,5}[mhd]$/, 'must look like 90m, 4h or 2d')
  .transform((text) => Number(text.slice(0, -1)) * minutesIn[text.slice(-1) as 'm' | 'h' | 'd'])
  .pipe(z.int().min(1).max(holdMinutes.max, 'is longer than seven days'));
const natsUrl = z
  .string()
  .regex(/^(?:nats|tls|ws|wss):\/\/[^\s@]+$/, 'must look like nats://host:4222');
/** Off unless the unit that owns the machine says so; a path names another program than `date`. */
const setClock = z
  .union([
    yes.transform((on) => (on ? dateCommand : null)),
    z.string().max(4_096).regex(/^\//, 'must be yes, no or the path of a program'),
  ])
  .prefault(false);
const state = path.default(defaultStateFolder);

export const verbOptions = {
  register: z.strictObject({
    state,
    url: z.url({
      protocol: /^https?$/,
      error: 'must be the address of the cloud, such as https://fleet.example',
    }),
    token: z.string().min(16, 'is too short for a registration token').max(128),
    name: z.string().trim().min(1).max(200).optional(),
    relay: address.optional(),
  }),
  run: z.strictObject({
    state,
    engine: z.enum(['auto', 'docker', 'podman']).default('auto'),
    'engine-socket': path.optional(),
    gateway,
    mesh: z.union([z.literal('off').transform(() => null), address]).prefault('off'),
    'mesh-peers': addresses,
    relay: address.optional(),
    leaf: natsUrl.optional(),
    'leaf-listen': address.optional(),
    'leaf-tls-cert': path.optional(),
    'leaf-tls-key': path.optional(),
    'nats-server': path.default('nats-server'),
    console: z.union([z.literal('off').transform(() => null), address]).prefault('127.0.0.1:8480'),
    'console-dir': path.optional(),
    'console-host': z
      .string()
      .max(1_000)
      .default('')
      .transform((text) =>
        text
          .split(',')
          .map((each) => each.trim())
          .filter(Boolean),
      ),
    'heartbeat-ms': milliseconds(1_000, 3_600_000).default(60_000),
    'metrics-interval-ms': milliseconds(200, 3_600_000).default(defaultIntervalMs),
    'disk-floor-mb': milliseconds(0, 1_000_000).default(200),
    'set-clock': setClock,
    certificate: yes.default(false),
    quiet: yes.default(false),
  }),
  status: z.strictObject({ state, json: yes.default(false) }),
  logs: z.strictObject({
    state,
    follow: yes.default(false),
    lines: z.coerce.number().int().min(1).max(10_000).default(50),
  }),
  'console-code': z.strictObject({ state }),
  hold: z.strictObject({
    state,
    for: duration.prefault('4h'),
    reason: holdReason,
    end: yes.default(false),
  }),
  version: z.strictObject({}),
} as const;

export type VerbName = keyof typeof verbOptions;
export type Options<Name extends VerbName> = z.infer<(typeof verbOptions)[Name]>;
export type RunOptions = Options<'run'>;

/** May stand without a value. */
const bare: ReadonlySet<string> = new Set(['--gateway', '--set-clock']);
const switches: ReadonlySet<string> = new Set(['end', 'json', 'follow', 'quiet', 'certificate']);
const configBytesMax = 64 * 1024;

/** Throws a usage error that names the flag, the variable or the file's key that is wrong. */
export const readOptions = <Name extends VerbName>(
  verb: Name,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options<Name> => {
  const schema = verbOptions[verb];
  const names = Object.keys(schema.shape);
  const flags = readFlags(verb, [...names, 'config'], args);
  const file = readConfigFile(flags['config'] ?? environment['SIGNALBEAM_CONFIG'], names);
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const value = flags[name] ?? environment[variableOf(name)] ?? file[name];
    if (value !== undefined && value !== '') values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data as Options<Name>;
  const issues = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const absent = values[name] === undefined;
    return {
      path: [`--${name}`],
      message: absent ? `is needed (or ${variableOf(name)})` : issue.message,
    };
  });
  throw usageError(`${describeIssues(issues)}.`, `Run signalbeam-agent help ${verb}.`);
};

export const variableOf = (name: string): string =>
  `SIGNALBEAM_${name.toUpperCase().replaceAll('-', '_')}`;

type Flags = Record<string, string | boolean | undefined>;

const readFlags = (verb: string, names: readonly string[], args: readonly string[]): Flags => {
  const type = (name: string) => (switches.has(name) ? ('boolean' as const) : ('string' as const));
  const options = Object.fromEntries(names.map((name) => [name, { type: type(name) }]));
  const unknown = args.find(
    (each) => each.startsWith('-') && !names.includes(each.replace(/^-+/, '').split('=')[0] ?? ''),
  );
  if (unknown !== undefined) {
    const near = nearest(unknown.replace(/^-+/, '').split('=')[0] ?? '', names);
    const hint = near === null ? `Run signalbeam-agent help ${verb}.` : `Did you mean --${near}?`;
    throw usageError(`${verb} has no option ${unknown.split('=')[0]}.`, hint);
  }
  try {
    const whole = args.map((each, at) =>
      bare.has(each) && (args[at + 1] ?? '--').startsWith('--') ? `${each}=true` : each,
    );
    return parseArgs({ args: whole, options, allowPositionals: false }).values as Flags;
  } catch (cause) {
    const message =
      cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : 'wrong arguments';
    throw usageError(`${message}.`, `Run signalbeam-agent help ${verb}.`);
  }
};

/** It may hold a token, so nobody else may read it. */
const readConfigFile = (
  file: string | boolean | undefined,
  names: readonly string[],
): Record<string, unknown> => {
  if (typeof file !== 'string' || file === '') return {};
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new FleetError('config-unreadable', `The configuration ${file} can't be read.`, {
      cause,
      next: 'Check the path given by --config.',
    });
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new FleetError(
      'config-open-to-others',
      `Others may read the configuration ${file}; it was not used.`,
      {
        next: `Run chmod 600 ${file}.`,
      },
    );
  }
  const parsed = parseJson(
    bytes,
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    configBytesMax,
  );
  if (parsed.kind === 'refused')
    throw usageError(`The configuration ${file} is wrong: ${parsed.reason}.`);
  const unknown = Object.keys(parsed.value).find((key) => !names.includes(key));
  if (unknown === undefined) return parsed.value;
  throw usageError(`The configuration ${file} has an unknown key ${unknown}.`);
};
