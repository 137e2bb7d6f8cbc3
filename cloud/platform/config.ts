/**
 * The environment as typed configuration. Wrong values are refused with the variable's name and
 * what it should be; unknown variables are none of our business. Only `main.ts` passes
 * `process.env` in; secrets never appear in an error.
 */
import { isIP } from 'node:net';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';
import { defaultRateLimits, type RateLimits } from './http/rate-limit.ts';

const portNumber = z.coerce.number().int().min(0).max(65_535);
const optionalText = z
  .string()
  .trim()
  .optional()
  .transform((text) => (text === '' ? undefined : text));

const urlOf = (...protocols: string[]) =>
  z.string().refine(
    (text) => {
      // A list, parted by commas, is how NATS takes several servers.
      return text.split(',').every((part) => {
        if (!URL.canParse(part)) return false;
        return protocols.includes(new URL(part).protocol);
      });
    },
    `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  );

/** A list parted by commas; empty parts are none. */
const listText = z
  .string()
  .optional()
  .transform((text) =>
    text
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

const isNetwork = (text: string): boolean => {
  const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
};
const networks = listText.refine(
  (list) => list === undefined || list.every(isNetwork),
  'must be networks by comma, such as 10.0.0.0/8',
);

/** `user=1000,sign-in=60` changes some of the limits, `off` ends all of them. */
const rateLimits = z
  .string()
  .trim()
  .default('')
  .transform((text, context): RateLimits => {
    const parts = text === '' ? [] : text.split(',').map((part) => part.trim());
    if (text === 'off') return { user: 0, device: 0, anonymous: 0, 'sign-in': 0 };
    const limits = { ...defaultRateLimits };
    for (const part of parts) {
      const [, name = '', count = ''] = /^([a-z-]+)=(\d{1,7})$/.exec(part) ?? [];
      if (Object.hasOwn(limits, name)) limits[name as keyof RateLimits] = Number(count);
      else {
        const names = Object.keys(limits).join(', ');
        context.addIssue({
          code: 'custom',
          message: `must be "off" or name=requests by comma, with the names ${names}`,
        });
      }
    }
    return limits;
  });

/** `smtps://user:password@host` by TLS, `smtp://…` by STARTTLS, `smtp://…?tls=none` without. */
const smtpServer = z
  .string()
  .optional()
  .transform((text, context): Omit<MailServer, 'from'> | null => {
    if (text === undefined || text === '') return null;
    const url = URL.canParse(text) ? new URL(text) : null;
    const host = url?.hostname ?? '';
    const isTls = url?.protocol === 'smtps:';
    if (url === null || host === '' || !(isTls || url.protocol === 'smtp:')) {
      const message = 'must be a URL that starts with smtp:// or smtps:// and names a server';
      context.addIssue({ code: 'custom', message });
      return null;
    }
    const plain = url.searchParams.get('tls') === 'none' ? 'none' : 'starttls';
    return {
      ...{ host, port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port) },
      security: isTls ? 'tls' : plain,
      username: url.username === '' ? null : decodeURIComponent(url.username),
      password: url.password === '' ? null : decodeURIComponent(url.password),
    };
  });

const environment = z.object({
  DATABASE_URL: urlOf('postgres:', 'postgresql:'),
  NATS_URL: urlOf('nats:', 'tls:', 'ws:', 'wss:').default('nats://127.0.0.1:4222'),
  SIGNALBEAM_KEK: optionalText,
  SIGNALBEAM_KEK_FILE: optionalText,
  REDIS_URL: urlOf('redis:', 'rediss:').optional(),
  AZURE_STORAGE_CONNECTION_STRING: optionalText,
  SIGNALBEAM_BLOB_DIR: optionalText,
  SIGNALBEAM_SPOOL_DIR: optionalText,
  SIGNALBEAM_IMAGE_REGISTRIES: listText,
  SIGNALBEAM_HOST_PATHS: listText,
  SIGNALBEAM_NOTIFY_NETWORKS: networks,
  SIGNALBEAM_IDENTITY_NETWORKS: networks,
  SIGNALBEAM_REGISTRY_NETWORKS: networks,
  SIGNALBEAM_SIGN_UP: z.enum(['open', 'off']).default('off'),
  SIGNALBEAM_SMTP_URL: smtpServer,
  SIGNALBEAM_SMTP_FROM: optionalText.pipe(z.email().max(254).optional()),
  SIGNALBEAM_CONSOLE_DIR: optionalText,
  SIGNALBEAM_PUBLIC_URL: urlOf('http:', 'https:').optional(),
  SIGNALBEAM_LEAF_URL: urlOf('nats-leaf:', 'ws:', 'wss:', 'tls:').optional(),
  SIGNALBEAM_DEVICE_NATS_URL: urlOf('nats:', 'tls:', 'ws:', 'wss:').optional(),
  SIGNALBEAM_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info'),
  SIGNALBEAM_POOL_MAX: z.coerce.number().int().min(1).max(200).default(10),
  SIGNALBEAM_STREAM_REPLICAS: z.coerce.number().int().min(1).max(5).default(1),
  SIGNALBEAM_TRUSTED_PROXY: z.enum(['0', '1']).default('0'),
  SIGNALBEAM_RATE_LIMITS: rateLimits,
  OTEL_EXPORTER_OTLP_ENDPOINT: urlOf('http:', 'https:').optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  SIGNALBEAM_ALERT_GRACE_SECONDS: z.coerce.number().min(0).max(3_600).default(60),
  SIGNALBEAM_DRAIN_SECONDS: z.coerce.number().min(0).max(60).default(0),
  SIGNALBEAM_DEVICE_TLS_PORT: portNumber.optional(),
  SIGNALBEAM_DEVICE_TLS_NAMES: listText,
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: portNumber.default(8080),
});

/** Where mails of the installation itself go out; those of tenants have servers of their own. */
export type MailServer = {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  username: string | null;
  password: string | null;
  from: string;
};

export type Config = {
  databaseUrl: string;
  natsUrl: string;
  kek: { file: string } | { text: string };
  redisUrl: string | null;
  azureConnectionString: string | null;
  blobDir: string;
  /** Where uploads wait on the local disk until all of them is known to be good. */
  spoolDir: string;
  /** Registries that images of bundles may come from; null allows any. */
  imageRegistries: string[] | null;
  /** Paths of devices that bundles may mount: read-only, or with `:rw` behind them to write. */
  hostPaths: string[];
  /** Private networks that notifications may go to: `10.0.0.0/8`. */
  notifyNetworks: string[];
  /** Private networks that identity providers may be in, likewise. */
  identityNetworks: string[];
  /** Private networks that registries may be in which are asked what a tag stands for. */
  registryNetworks: string[];
  /** Whether people make tenants themselves, and how they are written to; null: they do not. */
  signUp: { mail: MailServer; publicUrl: string } | null;
  consoleDir: string | null;
  /** Where people and devices reach the API; null when it was not said. */
  publicUrl: string | null;
  /** What leafs dial and what devices without a leaf dial, each a list. */
  leafUrls: string[];
  deviceNatsUrls: string[];
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  poolMax: number;
  streamReplicas: number;
  /** Whether a proxy of ours is in front, whose X-Forwarded-For names the client. */
  trustedProxy: boolean;
  rateLimits: RateLimits;
  /** How long after a start nothing is raised, so that our own absence is nobody's alert. */
  alertGraceMs: number;
  /** How long a process that stops says so before it takes nothing more. */
  drainMs: number;
  /** Where spans go, and the share of traces that is kept; null traces nothing. */
  tracing: { endpoint: string; ratio: number } | null;
  host: string;
  port: number;
  /** Where devices come with a certificate, and the names they know it by; null: nowhere. */
  deviceTls: { port: number; names: string[] } | null;
};

const invalid = (problems: string[]): FleetError =>
  new FleetError(
    'invalid-configuration',
    `The configuration is not usable: ${problems.join('; ')}.`,
    {
      next: 'Set these environment variables and start again; docs/operating.md lists them.',
    },
  );

/** Who opens sign-up says from whom its mails come, and where their links lead. */
const signUpOf = (value: z.infer<typeof environment>): Config['signUp'] => {
  if (value.SIGNALBEAM_SIGN_UP === 'off') return null;
  const {
    SIGNALBEAM_SMTP_URL: server,
    SIGNALBEAM_SMTP_FROM: from,
    SIGNALBEAM_PUBLIC_URL: publicUrl,
  } = value;
  const needed = { SIGNALBEAM_SMTP_URL: server, SIGNALBEAM_SMTP_FROM: from };
  const missing = Object.entries({ ...needed, SIGNALBEAM_PUBLIC_URL: publicUrl })
    .filter(([, given]) => given === undefined || given === null)
    .map(([name]) => `${name} is missing, which SIGNALBEAM_SIGN_UP=open needs`);
  if (server === null || from === undefined || publicUrl === undefined) throw invalid(missing);
  return { mail: { ...server, from }, publicUrl: publicUrl.replace(/\/$/, '') };
};

/** Throws `invalid-configuration`, naming every variable that is wrong. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => {
        const name = path.map(String).join('.');
        return env[name] === undefined ? `${name} is missing` : `${name} ${message}`;
      }),
    );
  }
  const value = parsed.data;
  if (value.SIGNALBEAM_KEK === undefined && value.SIGNALBEAM_KEK_FILE === undefined) {
    throw invalid(['SIGNALBEAM_KEK_FILE (or SIGNALBEAM_KEK) is missing']);
  }
  const blobDir = value.SIGNALBEAM_BLOB_DIR ?? 'blobs';
  return {
    databaseUrl: value.DATABASE_URL,
    natsUrl: value.NATS_URL,
    kek:
      value.SIGNALBEAM_KEK === undefined
        ? { file: value.SIGNALBEAM_KEK_FILE ?? '' }
        : { text: value.SIGNALBEAM_KEK },
    redisUrl: value.REDIS_URL ?? null,
    azureConnectionString: value.AZURE_STORAGE_CONNECTION_STRING ?? null,
    blobDir,
    spoolDir: value.SIGNALBEAM_SPOOL_DIR ?? `${blobDir}-uploads`,
    imageRegistries: value.SIGNALBEAM_IMAGE_REGISTRIES ?? null,
    hostPaths: value.SIGNALBEAM_HOST_PATHS ?? ['/etc/localtime'],
    notifyNetworks: value.SIGNALBEAM_NOTIFY_NETWORKS ?? [],
    identityNetworks: value.SIGNALBEAM_IDENTITY_NETWORKS ?? [],
    registryNetworks: value.SIGNALBEAM_REGISTRY_NETWORKS ?? [],
    signUp: signUpOf(value),
    consoleDir: value.SIGNALBEAM_CONSOLE_DIR ?? null,
    publicUrl: value.SIGNALBEAM_PUBLIC_URL ?? null,
    leafUrls: (value.SIGNALBEAM_LEAF_URL ?? 'nats-leaf://127.0.0.1:7422').split(','),
    deviceNatsUrls: (value.SIGNALBEAM_DEVICE_NATS_URL ?? value.NATS_URL).split(','),
    logLevel: value.SIGNALBEAM_LOG_LEVEL,
    poolMax: value.SIGNALBEAM_POOL_MAX,
    streamReplicas: value.SIGNALBEAM_STREAM_REPLICAS,
    trustedProxy: value.SIGNALBEAM_TRUSTED_PROXY === '1',
    rateLimits: value.SIGNALBEAM_RATE_LIMITS,
    alertGraceMs: value.SIGNALBEAM_ALERT_GRACE_SECONDS * 1_000,
    drainMs: value.SIGNALBEAM_DRAIN_SECONDS * 1_000,
    tracing:
      value.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : { endpoint: value.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: value.OTEL_TRACES_SAMPLER_ARG },
    host: value.HOST,
    port: value.PORT,
    deviceTls:
      value.SIGNALBEAM_DEVICE_TLS_PORT === undefined
        ? null
        : {
            port: value.SIGNALBEAM_DEVICE_TLS_PORT,
            names: value.SIGNALBEAM_DEVICE_TLS_NAMES ?? ['localhost', '127.0.0.1'],
          },
  };
};
