/**
 * The schemas of bundle manifests: what a publisher may write (with defaults filled in) and what
 * a signed release contains (nothing left out). One place for both, so they cannot drift apart.
 */
import { z } from 'zod';
import { startOrder } from '../core/dependencies.ts';
import { containersPerBundleMax, secretsPerBundleMax } from '../core/limits.ts';
import type { ContainerManifest, HealthCheck, Release } from '../core/manifest.ts';
import { digest, processText, uuid } from './shape.ts';

export const name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/,
    'lower-case letters, digits and inner dashes, at most 42',
  );
const port = z.int().min(1).max(65_535);
const absolutePath = processText(512)
  .startsWith('/', 'must be an absolute path')
  .refine((path) => !path.split('/').includes('..'), 'must not contain ..');

/** A file in a container, written in one way only; the kernel's own folders hold none of ours. */
const filePath = absolutePath
  .refine((path) => !/\/(?:\.?\/|\.?$)/.test(path), 'must be written without //, /./ and a final /')
  .refine((path) => !/^\/(?:proc|sys|dev)\//.test(path), 'must not be in /proc, /sys or /dev');

/** `registry.example/name@sha256:…`; tags move, digests do not, so only digests are accepted. */
export const imageReference = z
  .string()
  .max(400)
  .regex(
    /^[a-z0-9]+(?:[.-][a-z0-9]+)*(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+@sha256:[0-9a-f]{64}$/,
    'must name a registry and a digest: registry.example/name@sha256:<64 hex>',
  );

/** Semantic version without build metadata. */
export const bundleVersion = z
  .string()
  .max(64)
  .regex(
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/,
    'must be a semantic version such as 1.2.3 or 1.2.3-rc.1',
  );

const probe = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    port,
    path: processText(512).startsWith('/').default('/'),
    expectStatus: z.int().min(100).max(599).default(200),
  }),
  z.strictObject({ kind: z.literal('tcp'), port }),
  z.strictObject({
    kind: z.literal('exec'),
    command: z.array(processText(1024)).min(1).max(32),
  }),
]);

export const healthCheckSchema = z.strictObject({
  intervalMs: z.int().min(200).max(300_000).default(5_000),
  timeoutMs: z.int().min(100).max(60_000).default(3_000),
  retries: z.int().min(1).max(20).default(3),
  startPeriodMs: z.int().min(0).max(600_000).default(10_000),
  soakMs: z.int().min(0).max(3_600_000).default(5_000),
  probe,
});

const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .max(128);

const mount = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('volume'),
    name,
    containerPath: absolutePath,
    readOnly: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('bind'),
    hostPath: absolutePath,
    containerPath: absolutePath,
    readOnly: z.boolean().default(true),
  }),
]);

export const containerSchema = z.strictObject({
  name,
  image: imageReference,
  entrypoint: z.array(processText(4096)).max(64).default([]),
  command: z.array(processText(4096)).max(64).default([]),
  environment: z.record(variable, processText(4096)).default({}),
  ports: z
    .array(
      z.strictObject({
        containerPort: port,
        hostPort: port,
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
        hostAddress: z.ipv4().default('0.0.0.0'),
      }),
    )
    .max(32)
    .default([]),
  mounts: z.array(mount).max(32).default([]),
  restart: z.enum(['no', 'on-failure', 'unless-stopped', 'always']).default('unless-stopped'),
  memoryBytes: z
    .int()
    .min(4 * 1024 * 1024)
    .nullable()
    .default(null),
  cpus: z.number().min(0.01).max(256).nullable().default(null),
  stopGraceMs: z.int().min(0).max(300_000).default(10_000),
  healthCheck: healthCheckSchema.nullable().default(null),
  /** Last, and absent in a release where they are empty: see `releaseAsWritten`. */
  dependsOn: z
    .array(name)
    .max(containersPerBundleMax - 1)
    .default([]),
  secretEnvironment: z.record(variable, name).default({}),
  secretFiles: z.record(filePath, name).default({}),
});

type Parsed = z.infer<typeof containerSchema>;

const dependencyIssues = (
  containers: readonly Parsed[],
): { path: (string | number)[]; message: string }[] => {
  const names = new Set(containers.map(({ name: named }) => named));
  const wrong = containers.flatMap(({ dependsOn }, index) =>
    dependsOn.flatMap((needed, position) => {
      const path = [index, 'dependsOn', position];
      if (!names.has(needed))
        return [{ path, message: `${needed} is no container of this bundle` }];
      return dependsOn.indexOf(needed) < position
        ? [{ path, message: `${needed} is named twice` }]
        : [];
    }),
  );
  const order = startOrder(containers);
  if (wrong.length > 0 || order.kind === 'ordered') return wrong;
  const at = containers.findIndex(({ name: named }) => named === order.names[0]);
  const message = `they wait for one another: ${order.names.join(' → ')}`;
  return [{ path: [at, 'dependsOn'], message }];
};

/** The names of the secrets that these containers ask for, each once. */
export const secretsNamed = (
  containers: readonly {
    secretEnvironment?: Readonly<Record<string, string>> | undefined;
    secretFiles?: Readonly<Record<string, string>> | undefined;
  }[],
): string[] => [
  ...new Set(
    containers.flatMap(({ secretEnvironment = {}, secretFiles = {} }) => [
      ...Object.values(secretEnvironment),
      ...Object.values(secretFiles),
    ]),
  ),
];

/** A file where something else is mounted, or in it, would hide there or leave an empty one behind. */
const fileIssues = (containers: readonly Parsed[]) =>
  containers.flatMap(({ mounts, secretFiles }, index) => {
    const folders = mounts.map(({ containerPath }) => `${containerPath.replace(/\/+$/, '')}/`);
    const paths = Object.keys(secretFiles);
    return paths.flatMap((path) => {
      const at = { path: [index, 'secretFiles', path] };
      const mounted = folders.find(
        (folder) => `${path}/`.startsWith(folder) || folder.startsWith(`${path}/`),
      );
      if (mounted !== undefined) {
        return [{ ...at, message: `${mounted.slice(0, -1) || '/'} is mounted from elsewhere` }];
      }
      const below = paths.find((other) => other.startsWith(`${path}/`));
      return below === undefined ? [] : [{ ...at, message: `${below} can't be in a file` }];
    });
  });

const secretIssues = (
  containers: readonly Parsed[],
): { path: (string | number)[]; message: string }[] => {
  const twice = containers.flatMap(({ environment, secretEnvironment }, index) =>
    Object.keys(secretEnvironment)
      .filter((key) => Object.hasOwn(environment, key))
      .map((key) => ({
        path: [index, 'secretEnvironment', key],
        message: `${key} is in the environment, too`,
      })),
  );
  const wrong = [...twice, ...fileIssues(containers)];
  if (secretsNamed(containers).length <= secretsPerBundleMax) return wrong;
  const message = `more than ${secretsPerBundleMax} secrets in one bundle`;
  return [...wrong, { path: [], message }];
};

/** Containers with distinct names, without clashing host ports, that can start in some order. */
export const containersSchema = z
  .array(containerSchema)
  .min(1)
  .max(containersPerBundleMax)
  .superRefine((containers, context) => {
    const names = new Set<string>();
    const ports = new Set<string>();
    for (const [index, container] of containers.entries()) {
      if (names.has(container.name)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `${container.name} is used twice`,
        });
      }
      names.add(container.name);
      for (const { hostPort, protocol } of container.ports) {
        const key = `${hostPort}/${protocol}`;
        if (ports.has(key)) {
          context.addIssue({
            code: 'custom',
            path: [index, 'ports'],
            message: `host port ${key} is used twice`,
          });
        }
        ports.add(key);
      }
    }
    for (const issue of [...dependencyIssues(containers), ...secretIssues(containers)]) {
      context.addIssue({ code: 'custom', ...issue });
    }
  });

export const releaseSchema = z.strictObject({
  tenantId: uuid,
  bundleId: uuid,
  bundleName: z.string().max(200),
  version: bundleVersion,
  containers: containersSchema,
  images: z
    .array(
      z.strictObject({
        reference: imageReference,
        blobs: z
          .array(
            z.strictObject({
              digest,
              sizeBytes: z.int().min(0),
              mediaType: z.string().max(200),
            }),
          )
          .max(256),
      }),
    )
    .max(containersPerBundleMax),
  createdAt: z.iso.datetime(),
});

/**
 * What is signed. A field that came after the first agents is left out where it says nothing: they
 * refuse a release with a field they don't know, rather than run it without what it asks for.
 */
export const releaseAsWritten = (release: Release): object => ({
  ...release,
  containers: release.containers.map(
    ({ dependsOn, secretEnvironment, secretFiles, ...container }) => ({
      ...container,
      ...(dependsOn.length === 0 ? {} : { dependsOn }),
      ...(Object.keys(secretEnvironment).length === 0 ? {} : { secretEnvironment }),
      ...(Object.keys(secretFiles).length === 0 ? {} : { secretFiles }),
    }),
  ),
});

/** Holds the schemas to the shapes of core: a difference does not compile. */
export const manifestShapes = {
  container: (value: z.infer<typeof containerSchema>): ContainerManifest => value,
  healthCheck: (value: z.infer<typeof healthCheckSchema>): HealthCheck => value,
  release: (value: z.infer<typeof releaseSchema>): Release => value,
};
